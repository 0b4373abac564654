"""What a pack is written from: findings and stated facts; no comment and no caption is among it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from workers.insights.documents import (
    Comparable,
    Engine,
    Evidence,
    NamedWord,
    PackCase,
    Pattern,
    SentimentSummary,
    Theme,
    Topic,
    ViewerTheme,
    ViralityBreakdown,
)
from workers.insights.pack.facts import StatedFacts
from workers.insights.pack.words import Words
from workers.insights.statistics import wilson
from workers.insights.virality.comparables import Link
from workers.insights.virality.compared import Compared
from workers.insights.virality.profile import Profile
from workers.insights.virality.seasons import is_out, is_past, out_of_season
from workers.insights.vocabulary import OVERALL

LEAST_OF_LARGEST = 0.2  # a theme much smaller than the largest is no lead
MOST = 0.5
LEAST_APART = 0.5  # stars by which reviews that name a topic differ from the others
LEAST_RATED = 3
LEAST_TOLD_APART = 0.3  # stars
GOOD_STARS = 4.0  # of five: what has as many is no weak spot
LEAST_SILENT = 90  # days without a post
OFTEN = 0.3  # of the reviews: a topic that fewer name needs another reason to be told
MOST_NAMED = 2
CLAIMED = ("question", "pain", "praise")


@dataclass(frozen=True, slots=True)
class Shares:
    """95 % intervals of the positive and the negative share."""

    positive: tuple[float, float]
    negative: tuple[float, float]


@dataclass(frozen=True, slots=True)
class PackInputs:
    case: PackCase
    words: Words
    product_name: str
    spoken_name: str  # the same, as short as a person says it
    short_name: str  # its first words, for hooks and scripts
    facts: StatedFacts
    sentiment: SentimentSummary
    virality: ViralityBreakdown
    profile: Profile | None  # of the case "profile"
    engine: Engine
    caveats: tuple[str, ...]
    now: datetime
    # What relates a post that stood out to the one asked about, by its evidence.
    links: Mapping[str, Link] = field(default_factory=dict)
    kind: str | None = None  # of product, as the resource knows it
    search_name: str = ""  # what finds videos of it
    compared: Compared | None = None  # the creator's better posts beside the others
    # Hashtags of the posts that stood out, by the evidence of each.
    hashtags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    newest: datetime | None = None  # of the creator's posts
    asked_on: date | None = None  # when the video asked about was posted

    @property
    def this(self) -> str:
        """The product in a spoken line: "this bed", or its short name."""
        return self.words.say(f"kinds.{self.kind}.this") if self.kind else self.short_name

    @property
    def is_auction(self) -> bool:
        price = self.facts.of("price")
        return price is not None and price.subject == "auction"

    @property
    def hides_reviews(self) -> bool:
        """Whether the page counts more reviews than can be read there."""
        return self.facts.reviews > self.sentiment.sample.reviews > 0

    @property
    def page_stars(self) -> float | None:
        """The page's stars. None where it counts fewer reviews than it shows: they are not all."""
        is_counted = self.facts.reviews >= self.sentiment.sample.reviews
        return self.facts.stars if is_counted else None

    def is_flaw(self, theme: Theme) -> bool:
        """Whether a complaint is named by people who are happy otherwise.

        Most are positive, and fewer are negative than name it: by the stars that they gave, where
        there are any.
        """
        overall, stars = self.sentiment.overall, self.sentiment.stars
        if theme.kind == "pain" and stars is not None:
            bad, good = sum(stars.counts[:2]), sum(stars.counts[3:])
            return good > MOST * stars.n and bad < theme.n
        found = overall.distribution
        if theme.kind != "pain" or found is None or overall.ci95 is None:
            return False
        is_happy = overall.ci95[0] > 0 and found.positive > MOST
        return is_happy and round(found.negative * overall.n) < theme.n

    @property
    def examples(self) -> tuple[Comparable, ...]:
        """Posts that stood out: a profile's own, else those of other creators."""
        return self.profile.best if self.profile else self.virality.comparables

    def who(self, k: int) -> str:
        """ "9 of 172 comments", of those whose words were read."""
        read = self.sentiment.purchase_intent.n
        kind = self._kind()
        if kind == "reviews":
            return self.of_reviews(k, read)
        return self.words.say(f"counts.of_{kind}", k=k, n=read)

    def of_reviews(self, k: int, n: int) -> str:
        """ "10 of 13 readable reviews", where the page counts more."""
        key = "counts.of_readable" if self.hides_reviews else "counts.of_reviews"
        return self.words.say(key, k=k, n=n)

    @property
    def shares(self) -> Shares | None:
        """The shares of what people say, with intervals that hold together."""
        overall = self.sentiment.overall
        distribution, intervals = overall.distribution, overall.distribution_ci95
        if distribution is None or intervals is None:
            return None
        n = max(overall.n, 1)
        good, bad = wilson(distribution.positive, n), wilson(distribution.negative, n)
        # No interval is narrower than that of a count, which a share of none has, too.
        low = min(intervals.positive[0], good[0])
        least_bad = max(0.0, min(max(intervals.negative[0], bad[0]), distribution.negative))
        high = min(max(intervals.positive[1], good[1]), 1 - least_bad)
        bad_high = min(max(intervals.negative[1], bad[1]), 1 - low)
        return Shares((low, high), (least_bad, bad_high))

    @property
    def viewers(self) -> tuple[ViewerTheme, ...]:
        """What clearly more comments say than under other videos, the most frequent first."""
        return tuple(theme for theme in self.sentiment.viewers if theme.ci95[0] > theme.usual)

    @property
    def named(self) -> tuple[NamedWord, ...]:
        """Words that many name and the creator's captions lack, the most frequent first."""
        if self.case in {"shop_product", "no_comments"}:
            return ()
        return tuple(word for word in self.sentiment.words if not word.in_caption)[:MOST_NAMED]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What reviews speak of: what those with fewer stars name first, then what many name."""
        found = self.sentiment.topics
        low = sorted(filter(is_low, found), key=lambda topic: (topic.stars or 0, topic.name))
        often = [
            topic
            for topic in found
            if topic not in low and topic.n >= OFTEN * topic.of and _is_apart(topic)
        ]
        return (*low, *often)

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """Of the creator's own posts; a product has none.

        A hashtag out of season is no idea for now. After a long silence no half is a newer one.
        """
        return tuple(
            pattern
            for pattern in self._patterns
            if not (pattern.tag and is_out(pattern.tag, self.today))
            and not (self.silent_days and pattern.kind.startswith("level"))
        )

    @property
    def short_seconds(self) -> float | None:
        """The length up to which the creator's posts do better."""
        return next((p.seconds for p in self.patterns if p.kind == "short" and p.seconds), None)

    @property
    def seasonal(self) -> tuple[Pattern, ...]:
        """Those of a hashtag whose season comes again, and is not now."""
        today = self.today
        return tuple(
            pattern
            for pattern in self._patterns
            if pattern.tag and is_out(pattern.tag, today) and not is_past(pattern.tag, today)
        )

    @property
    def _patterns(self) -> tuple[Pattern, ...]:
        return () if self.case in {"shop_product", "no_comments"} else self.virality.patterns

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def silent_days(self) -> int | None:
        """Days since the creator's newest post, where they are many."""
        if self.newest is None or self.case not in {"own_video", "profile"}:
            return None
        days = (self.now - self.newest).days
        return days if days >= LEAST_SILENT else None

    @property
    def own_posts(self) -> tuple[Comparable, ...]:
        """The creator's posts that stood out, the surest first."""
        own = [post for post in self.examples if self.profile is not None or post.is_own]
        return tuple(sorted(own, key=lambda post: -post.ratio_interval[0]))

    @property
    def best_own(self) -> Comparable | None:
        """The surest of them that may have a sequel now."""
        return next((post for post in self.own_posts if self.out_of_season(post) is None), None)

    def post_with(self, tag: str) -> Comparable | None:
        """The surest of the creator's posts with the hashtag."""
        return next(
            (
                post
                for post in self.own_posts
                if tag in {name.lower() for name in self.hashtags.get(post.evidence_id, ())}
            ),
            None,
        )

    def out_of_season(self, post: Comparable) -> str | None:
        """The hashtag by which the post belongs to another time of the year."""
        return out_of_season(self.hashtags.get(post.evidence_id, ()), self.today)

    def counts(self, n: int, kind: str | None = None) -> str:
        """ "172 comments"; `kind` is that of the evidence, if all are of one."""
        return self.words.say(f"counts.{self._kind(kind)}", n=n)

    def said_in(self, theme: Theme) -> str:
        """How many comments or reviews a theme is said in."""
        kinds = {item.kind for item in self.evidence_of(theme.evidence_ids)}
        return self.counts(theme.n, "review" if kinds == {"review"} else None)

    def evidence_of(self, ids: Sequence[str]) -> list[Evidence]:
        return [item for item in self.sentiment.evidence if item.id in ids]

    def themes(self) -> tuple[Theme, ...]:
        """Those that claims may rest on, what is asked first, and of each kind the largest first.

        Where people praise and complain about the same thing, the larger of both stands for both.
        """
        named = self._claimed()
        largest = max((theme.n for theme in named), default=0)
        named = [theme for theme in named if theme.n >= LEAST_OF_LARGEST * largest]
        kept = [theme for theme in named if not self._is_smaller_side(theme)]
        return tuple(sorted(kept, key=lambda theme: (CLAIMED.index(theme.kind), -theme.n)))

    def against(self, theme: Theme) -> Theme | None:
        """The other side, of praise or complaint, if it is not clearly the smaller one."""
        other = self._other_side(theme)
        if other is None:
            return None
        low, _ = wilson(theme.n / (theme.n + other.n), theme.n + other.n)
        return other if low < 0.5 else None

    def leads(self) -> tuple[Theme, ...]:
        """Themes that no claim may rest on: somebody has to read them. Complaints come first."""
        found = [
            theme
            for theme in self.sentiment.themes
            if theme.kind in CLAIMED
            and theme.source == "vocabulary"
            and theme.aspect not in (None, OVERALL)
            and not theme.carries_claims
        ]
        order = ("pain", "question", "praise")
        return tuple(sorted(found, key=lambda theme: (order.index(theme.kind), -theme.n)))

    def _claimed(self) -> list[Theme]:
        found = self.sentiment.themes
        return [theme for theme in found if theme.carries_claims and theme.kind in CLAIMED]

    def _other_side(self, theme: Theme) -> Theme | None:
        kind = {"praise": "pain", "pain": "praise"}.get(theme.kind)
        sides = (t for t in self._claimed() if t.kind == kind and t.aspect == theme.aspect)
        return next(sides, None)

    def _is_smaller_side(self, theme: Theme) -> bool:
        """Of two equal ones the praise."""
        other = self._other_side(theme)
        return other is not None and (theme.n, theme.kind == "pain") < (
            other.n,
            other.kind == "pain",
        )

    def _kind(self, kind: str | None = None) -> str:
        sample = self.sentiment.sample
        if kind == "review" or not sample.comments:
            return "reviews" if sample.reviews else "comments"
        return "opinions" if sample.reviews else "comments"


def _is_apart(topic: Topic) -> bool:
    """Whether stars of reviews that name it say something: those of all are no finding."""
    if topic.stars is None or topic.other_stars is None:
        return True
    return abs(topic.stars - topic.other_stars) >= LEAST_TOLD_APART


def is_high(topic: Topic) -> bool:
    """Whether reviews that name it give more stars than enough others to compare."""
    if topic.stars is None or topic.other_stars is None or topic.other_rated < LEAST_RATED:
        return False
    return topic.stars - topic.other_stars >= LEAST_TOLD_APART


def is_blamed(topic: Topic) -> bool:
    """Whether reviews that name it are less than good. Fewer stars than the others may be many."""
    return is_low(topic) and (topic.stars or 0) < GOOD_STARS


def is_low(topic: Topic) -> bool:
    """Whether reviews that name it give clearly fewer stars than the others."""
    if topic.stars is None or topic.other_stars is None:
        return False
    is_known = topic.rated >= LEAST_RATED and topic.other_rated >= LEAST_RATED
    return is_known and topic.other_stars - topic.stars >= LEAST_APART
