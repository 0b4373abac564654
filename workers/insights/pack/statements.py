"""What a pack states of its findings, each as one sentence with its numbers, n and intervals.

Headline and summary choose among these: the headline the most telling one, the summary those of the
case in its order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from workers.insights.documents import (
    EvidenceIds,
    HookType,
    NamedWord,
    Pattern,
    Stars,
    Theme,
    Topic,
    ViewerTheme,
)
from workers.insights.pack.inputs import GOOD_STARS, PackInputs, Shares, is_high, is_low
from workers.insights.pack.said import APART, About, Direction
from workers.insights.sentiment.totals import MINIMUM
from workers.insights.statistics import wilson
from workers.insights.virality.profile import LEAST_STANDOUTS, Profile
from workers.insights.virality.seasons import season_of

LEAST_CONFLICT = 0.05  # share of the comments
ALIKE = 1.2  # medians of lengths that are nearer to each other are called alike
LEAST_ALIKE = 2  # posts that open the same way
LEAST_SHOWN = 0.1  # smaller ratios are said with two places
WIDEST = 0.4  # of a share: a wider interval says nothing that is worth its numbers
MOST_VIEWERS = 3
OLD = "The newest video is "
MOST_OF_A_KIND = 2
MOST_DETAILS = 6
SHARED_CREATORS = 883  # within whom more shares per view went with more views: docs/evaluation.md
TENSE = 1.0  # before what deviates
LEAST_STARS_APART, LEAST_SHOWN_REVIEWS = 0.3, 5


@dataclass(frozen=True, slots=True)
class Statement:
    """`headline` goes behind the product's name; None for what is only said in the summary.

    `deviation`: how far the near end of its interval is from what would be neutral. `about` is
    what it says of what; by default its name is its only subject.
    """

    name: str
    summary: str
    headline: str | None = None
    deviation: float = 0.0
    about: tuple[About, ...] = ()

    def __post_init__(self) -> None:
        if not self.about:
            object.__setattr__(self, "about", (About(self.name),))


def statements(given: PackInputs) -> dict[str, Statement]:
    """All that hold, by name."""
    found = (
        *_stock(given),
        *_conflict(given),
        *_themes(given),
        *_topics(given),
        *_overall(given),
        *_intent(given),
        *_ratio(given),
        *_shares(given),
        *_growing(given),
        *_spoken(given),
        *_examples(given),
        *_profile(given),
        *_patterns(given),
        *_viewers(given),
        *_named(given),
        *_stars(given),
        *_page(given),
        *_age(given),
    )
    return {statement.name: statement for statement in found}


def conflicting(given: PackInputs) -> Theme | None:
    """The complaint that many have although the page gives good stars."""
    stars = given.page_stars
    if stars is None or stars < GOOD_STARS:
        return None
    pains = (t for t in given.themes() if t.kind == "pain" and not given.against(t))
    return next((theme for theme in pains if theme.share >= LEAST_CONFLICT), None)


def both_sides(given: PackInputs, theme: Theme, other: Theme) -> dict[str, object]:
    """How many say the good and how many the bad of one aspect."""
    praise, pain = (theme, other) if theme.kind == "praise" else (other, theme)
    return {"counts": given.said_in(praise), "other_counts": given.said_in(pain)}


def shared_opening(given: PackInputs) -> tuple[HookType, int] | None:
    """How most of the posts that stood out open, and how many do; at least two."""
    counted = Counter(post.hook for post in given.examples if post.hook != "none")
    if not counted:
        return None
    [(hook, k)] = counted.most_common(1)
    return (hook, k) if k >= LEAST_ALIKE else None


def _stock(given: PackInputs) -> Iterator[Statement]:
    fact = given.facts.of("stock")
    if fact is not None:
        yield _stated(given, "sold_out", "sold_out", {"text": fact.text})


def _stated(
    given: PackInputs,
    name: str,
    key: str,
    fields: Mapping[str, object],
    deviation: float = 0.0,
    *about: About,
) -> Statement:
    """A statement with the texts of `key` for headline and summary."""
    said = given.words.say(f"summaries.{key}", **fields)
    return Statement(name, said, given.words.say(f"headlines.{key}", **fields), deviation, about)


def about_theme(given: PackInputs, theme: Theme) -> About:
    """Praise and complaint take a side; a question does not, nor do those who disagree."""
    sides: dict[str, Direction] = {"praise": 1, "pain": -1}
    side = None if given.against(theme) else sides.get(theme.kind)
    return About(f"aspect:{theme.aspect}", side, given.who(theme.n) if side else None)


def about_pattern(given: PackInputs, pattern: Pattern) -> tuple[About, ...]:
    """What sets posts apart from the others of the same creator is also about that at all."""
    shown = str(pattern_fields(given, pattern)["ratio"])
    match pattern.kind:
        case "topic":
            return About(f"tag:{pattern.tag}", 1, shown), About(APART, 1)
        case "short":
            return About("seconds", -1), About(APART, 1)
        case "again":
            post, about = given.post_with(pattern.tag or ""), About(f"tag:{pattern.tag}", 1, shown)
            is_best = post is not None and post == given.best_own
            return (about, About("best", 1, shown)) if is_best else (about,)
        case "level_up":
            return (About("level", 1, shown),)
        case _:
            return (About("level", -1, shown),)


def about_viewers(given: PackInputs, theme: ViewerTheme) -> About:
    return About(f"viewers:{theme.kind}", 1, str(viewers_fields(given, theme)["who"]))


def _conflict(given: PackInputs) -> Iterator[Statement]:
    words, stars = given.words, given.page_stars
    theme = conflicting(given)
    if stars is None:
        return
    # Of what the page says and of what people say, together: a conflict is both.
    stated = (stars - 3) / 2
    if theme is not None and theme.aspect is not None:
        bad = words.aspect(theme.aspect)["bad"]
        fields = {"stars": words.number(stars, 1), "who": given.who(theme.n), "bad": bad}
        read = given.sentiment.purchase_intent.n
        deviation = stated + wilson(theme.n / read, read)[0]
        if given.is_flaw(theme):
            said = words.say("summaries.flaw_stars", **fields)
            headline = words.say("headlines.flaw", **fields)
            yield Statement("conflict", said, headline, deviation, (about_theme(given, theme),))
            return
        about = about_theme(given, theme)
        yield _stated(given, "conflict", "conflict", fields, deviation, about)
        return
    overall = given.sentiment.overall
    if overall.ci95 is None or overall.ci95[1] >= 0 or stars < GOOD_STARS:
        return
    distribution, intervals = overall.distribution, overall.distribution_ci95
    if distribution is not None and intervals is not None:
        low, high = (words.percent(end) for end in intervals.positive)
        shown = {
            "stars": words.number(stars, 1),
            "positive": words.percent(distribution.positive),
            "counts": given.counts(overall.n),
        }
        yield Statement(
            "conflict",
            words.say("summaries.conflict_overall", **shown, low=low, high=high),
            words.say("headlines.conflict_overall", **shown),
            stated - overall.ci95[1],
        )


def _themes(given: PackInputs) -> Iterator[Statement]:
    """The two largest of each kind: "praise" and "praise2"."""
    taken: Counter[str] = Counter()
    for theme in given.themes():
        if taken[theme.kind] == MOST_OF_A_KIND or theme.aspect is None:
            continue
        taken[theme.kind] += 1
        read = given.sentiment.purchase_intent.n
        fields: dict[str, object] = {"who": given.who(theme.n), "n": read}
        fields |= given.words.aspect(theme.aspect)
        if theme == conflicting(given):
            continue
        other, kind = given.against(theme), theme.kind
        if other is not None:
            fields |= both_sides(given, theme, other)
        deviation = wilson(theme.n / read, read)[0]
        name = kind if taken[kind] == 1 else f"{kind}{taken[kind]}"
        key = "divided" if other else "flaw" if given.is_flaw(theme) else kind
        yield _stated(given, name, key, fields, deviation, about_theme(given, theme))


def topic_fields(given: PackInputs, topic: Topic) -> dict[str, object]:
    """The fields of the texts about what reviews speak of."""
    words = given.words
    return {
        "product": given.short_name,
        "who": given.of_reviews(topic.n, topic.of),
        "noun": words.say(f"topics.{topic.name}"),
        "stars": words.number(topic.stars or 0, 1),
        "other_stars": words.number(topic.other_stars or 0, 1),
        "other_n": topic.other_rated,
    }


def topic_text(given: PackInputs, topic: Topic) -> str:
    """What reviews speak of, with the stars that they give."""
    key = "topic" if topic.stars is None else "topic_stars"
    key = "topic_low" if is_low(topic) else "topic_high" if is_high(topic) else key
    return given.words.say(f"why.{key}", **topic_fields(given, topic))


def _topics(given: PackInputs) -> Iterator[Statement]:
    """What reviews with fewer stars name, or else what most name."""
    for topic in given.topics[:1]:
        said = topic_text(given, topic)
        apart = ((topic.other_stars or 0) - (topic.stars or 0)) / 2 if is_low(topic) else 0.0
        share = wilson(topic.n / topic.of, topic.of)[0]
        headline = given.words.say("headlines.topic", said=said.rstrip("."))
        about = (About(f"topic:{topic.name}"),)
        yield Statement("topic_named", said, headline, max(apart, share), about)


def _overall(given: PackInputs) -> Iterator[Statement]:
    words, overall, sample = given.words, given.sentiment.overall, given.sentiment.sample
    if given.hides_reviews:
        reviews = words.say("counts.reviews", n=given.facts.reviews)
        said = words.say("summaries.readable", n=sample.reviews, reviews=reviews)
        yield Statement("readable", said)
    if not sample.analysed:
        is_page = bool(given.facts.facts)
        key = "no_texts" if given.facts.reviews else "no_reviews" if is_page else "no_comments"
        yield Statement("overall", words.say(f"summaries.{key}"))
        return
    distribution, intervals = overall.distribution, overall.distribution_ci95
    if overall.ci95 is None or distribution is None or intervals is None:
        counts = given.counts(sample.analysed)
        yield Statement("overall", words.say("summaries.few", counts=counts, least=MINIMUM))
        return
    low, high = overall.ci95
    shares = given.shares or Shares(intervals.positive, intervals.negative)
    fields = {
        "positive": words.percent(distribution.positive),
        "negative": words.percent(distribution.negative),
        "low": words.percent(shares.positive[0]),
        "high": words.percent(shares.positive[1]),
        "bad_high": words.percent(shares.negative[1]),
        "n": overall.n,
    }
    counts, is_wide = given.counts(overall.n), is_too_wide(intervals.positive)
    if low <= 0 <= high:
        # Stars and what viewers write say more than that labels do not decide it.
        if not is_wide:
            said = words.say("summaries.open", **fields)
            yield Statement("open", said, about=(About("overall", 0),))
        elif not given.sentiment.stars and not given.viewers:
            said = words.say("summaries.wide", counts=counts)
            yield Statement("open", said, about=(About("overall", 0),))
        return
    if is_wide:
        key = "leaning_up" if low > 0 else "leaning_down"
        about = About("overall", 1 if low > 0 else -1)
        yield Statement("overall", words.say(f"summaries.{key}", counts=counts), about=(about,))
    else:
        yield Statement(
            "overall",
            words.say("summaries.overall", counts=counts, **fields),
            words.say("headlines.overall", **fields),
            max(low, -high),
            (About("overall", 1 if low > 0 else -1),),
        )
    stars = given.sentiment.stars
    is_told = any(stars_apart(given)) or miscounted_fields(given) is not None
    if stars is not None and not is_told:
        reviews = words.say("counts.reviews", n=stars.n)
        shown = {"stars": words.number(stars.mean, 1), "reviews": reviews}
        yield _stated(given, "stars", "overall_stars", shown, 0.0, About("overall", None))


def _age(given: PackInputs) -> Iterator[Statement]:
    """How old the newest post is, where that is long ago."""
    for caveat in given.caveats:
        if is_age(caveat):
            yield Statement("age", given.words.translated(caveat) or caveat)


def is_age(caveat: str) -> bool:
    return caveat.startswith(OLD)


def is_too_wide(interval: tuple[float, float]) -> bool:
    """Whether the interval of a share says so little that it is better called open."""
    return interval[1] - interval[0] > WIDEST


def _intent(given: PackInputs) -> Iterator[Statement]:
    intent = given.sentiment.purchase_intent
    if not intent.share or intent.ci95 is None:
        return
    k = round(intent.share * intent.n)
    low, high = (given.words.percent(end) for end in intent.ci95)
    who = given.who(k)
    yield Statement(
        "intent",
        given.words.say("summaries.intent", n=k, who=who, low=low, high=high),
        given.words.say("headlines.intent", who=who),
    )


def _ratio(given: PackInputs) -> Iterator[Statement]:
    found, words = given.virality.stands_out, given.words
    if found.ratio is None or found.ratio_interval is None or found.value is None:
        if given.case == "own_video" or (given.case == "no_comments" and not given.facts.facts):
            reason = words.translated(found.basis_text) or found.basis_text
            yield Statement("ratio", words.say("summaries.ratio_unknown", reason=reason))
        return
    key = "ratio" if found.basis == "creator_median" else "ratio_estimated"
    low, high = found.ratio_interval
    video = _video(given)
    fields = words.ratio(found.ratio, low, high) | {"video": video}
    # It opens a sentence of the summary.
    opened = fields | {"video": video[0].upper() + video[1:]}
    said = words.say(f"summaries.{key}", n=found.n, value=found.value, **opened)
    # Tenfold, up or down, is as far as it goes.
    nearest = low if low > 1 else high if high < 1 else 1.0
    deviation = min(1.0, abs(math.log10(max(nearest, 0.1))))
    if given.case == "profile" and found.basis == "creator_median":
        said = words.say("summaries.newest", n=found.n, value=found.value, **fields)
    side: Direction = 1 if low > 1 else -1 if high < 1 else 0
    about = (About("views", side, str(fields["views"])),)
    yield Statement("ratio", said, words.say(f"headlines.{key}", **fields), deviation, about)


def _video(given: PackInputs) -> str:
    """The video asked about. Beside a product it is one of several, so its date names it."""
    is_product = given.case in {"shop_product", "no_comments"}
    if is_product and given.asked_on is not None:
        date_said = given.words.date(given.asked_on.isoformat())
        return given.words.say("format.video_dated", date=date_said)
    return given.words.say("format.video")


def _shares(given: PackInputs) -> Iterator[Statement]:
    driver = next((d for d in given.virality.drivers if d.factor == "share_rate"), None)
    metric = next((m for m in given.virality.metrics if m.name == "share_rate"), None)
    if driver is None or metric is None or metric.percentile is None:
        return
    is_up = driver.direction == "up"
    place = metric.percentile if is_up else 100 - metric.percentile
    key = "summaries.shares_up" if is_up else "summaries.shares_down"
    k = posts_of(place, driver.n)
    about = (About("shares_of_video", 1 if is_up else -1),)
    yield Statement("shares", given.words.say(key, k=k, n=driver.n), about=about)


def posts_of(percentile: float, n: int) -> int:
    """How many of `n` posts a percentile among them stands for."""
    return round(n * percentile / 100)


def _growing(given: PackInputs) -> Iterator[Statement]:
    found, words = given.virality.still_growing, given.words
    if found.percentile is None or found.interval is None:
        return
    low, high = (words.percent(end / 100) for end in found.interval)
    share = words.percent(found.percentile / 100)
    yield Statement(
        "growing",
        words.say("summaries.growing", share=share, n=found.n, low=low, high=high),
        words.say("headlines.growing", share=share, n=found.n),
    )


def _spoken(given: PackInputs) -> Iterator[Statement]:
    """What is said in the video, beside what is said in posts that stood out."""
    video, openings, words = given.virality.video, given.virality.openings, given.words
    if video is not None:
        if video.words_per_second is not None:
            pace = words.number(video.words_per_second, 1)
            if video.spoken_hook == "none":
                said = words.say("summaries.spoken_opening_none", pace=pace)
            else:
                opening = words.say(f"openings.{video.spoken_hook}")
                said = words.say("summaries.spoken_opening", opening=opening, pace=pace)
            yield Statement("spoken", said)
        if video.call_to_action is not None:
            seconds = words.number(video.call_to_action.at_s, 0)
            yield Statement("call", words.say("summaries.call_late", seconds=seconds))
    if openings is None:
        return
    if video is not None and video.product_first_s is not None and openings.product_first_s:
        said = words.say(
            "summaries.product_late",
            seconds=words.number(video.product_first_s, 1),
            other_seconds=words.number(openings.product_first_s, 1),
            n=openings.n,
        )
        yield Statement("product_late", said)
    if openings.words_per_second is not None:
        pace = words.number(openings.words_per_second, 1)
        yield Statement("pace", words.say("summaries.openings_pace", pace=pace, n=openings.n))


def _examples(given: PackInputs) -> Iterator[Statement]:
    """How other creators' posts that stood out open."""
    posts, shared = given.virality.comparables, shared_opening(given)
    if given.profile is None and posts and shared is not None:
        hook, k = shared
        fields = {"k": k, "n": len(posts), "opening": given.words.say(f"openings.{hook}")}
        yield _stated(given, "opening", "opening", fields)


def _profile(given: PackInputs) -> Iterator[Statement]:
    profile, words = given.profile, given.words
    if profile is None or not profile.posts:
        return
    yield Statement("posts", words.say("summaries.posts", n=profile.n, others=profile.posts))
    best = next(iter(given.own_posts), None)
    # The post that can have a sequel is told with it, and another beside it confuses.
    if best is not None and best == given.best_own:
        low, high = best.ratio_interval
        fields = {
            "ratio": words.number(best.ratio, 1),
            "low": words.number(low, 1),
            "high": words.number(high, 1),
        }
        about = About("best", 1, str(fields["ratio"]))
        yield _stated(given, "best_post", "best_post", fields, min(1.0, math.log10(low)), about)
    if profile.opening is not None:
        said = words.say(
            "summaries.shared_opening",
            k=profile.opening.k,
            n=profile.n,
            opening=words.say(f"openings.{profile.opening.hook}"),
            other_k=profile.opening.other_k,
            others=profile.others,
        )
        yield Statement("shared_opening", said, about=(About("opening", 1), About(APART, 1)))
    if profile.shared is not None:
        shared = shared_fields(given, profile)
        about = About("shares", 1, str(shared["ratio"]))
        yield _stated(given, "shared_more", "shared_more", shared, 0.0, about, About(APART, 1))
    if shares_nothing(profile):
        said = words.say("summaries.nothing_shared", n=profile.n)
        yield Statement("nothing_shared", said, about=(About(APART, 0),))
        return
    if profile.seconds and profile.other_seconds and profile.n > 1:
        fields = {
            "seconds": words.number(profile.seconds),
            "other_seconds": words.number(profile.other_seconds),
        }
        if is_alike(profile):
            said = words.say("summaries.lengths_alike", **fields)
            yield Statement("lengths", said, about=(About("seconds", 0),))
        elif is_surely(given):
            said = words.say("summaries.lengths", k=profile.n, n=profile.others, **fields)
            side: Direction = 1 if profile.seconds > profile.other_seconds else -1
            yield Statement("lengths", said, about=(About("seconds", side), About(APART, 1)))


def shares_nothing(profile: Profile) -> bool:
    """Whether posts that stand out are enough to compare, and no measured thing sets them apart."""
    known = profile.seconds and profile.other_seconds
    is_other = profile.opening is not None or profile.shared is not None
    return profile.n >= LEAST_STANDOUTS and not is_other and not (known and not is_alike(profile))


def pattern_fields(given: PackInputs, pattern: Pattern) -> dict[str, object]:
    """The fields of a pattern's texts: what was seen, and how often it lasted with others."""
    words, lasting = given.words, pattern.lasting
    low, high = (words.number(end, 1) for end in lasting.ci95)
    return {
        "n": pattern.n,
        "other_n": pattern.other_n,
        "ratio": words.number(pattern.ratio, 1 if pattern.ratio >= LEAST_SHOWN else 2),
        "views": words.ratio(pattern.ratio, *lasting.ci95)["views"],
        "tag": pattern.tag or "",
        "seconds": words.number(pattern.seconds or 0),
        "cases": lasting.n,
        "held": words.percent(lasting.held),
        "later": words.number(lasting.ratio, 1),
        "low": low,
        "high": high,
    }


def pattern_name(pattern: Pattern) -> str:
    """The name of a pattern's statement. Topics have their hashtag in it: there may be two."""
    kind = "level" if pattern.kind.startswith("level") else pattern.kind
    return f"{kind}_{pattern.tag}" if kind == "topic" else kind


@dataclass(frozen=True, slots=True)
class Seasonal:
    """What does well once a year: `why`, and when its season begins again."""

    why: str
    start: date
    evidence_ids: EvidenceIds


def seasonal(given: PackInputs) -> Seasonal | None:
    """Of the best post, or else of a hashtag that goes with views; None if nothing has to wait."""
    for post in given.own_posts[:1]:
        tag = given.out_of_season(post)
        season = season_of(tag) if tag else None
        if tag and season and post.posted_on:
            low, high = post.ratio_interval
            why = given.words.say(
                "summaries.seasonal",
                tag=tag.lower(),
                date=given.words.date(post.posted_on),
                ratio=given.words.number(post.ratio, 1),
                low=given.words.number(low, 1),
                high=given.words.number(high, 1),
            )
            return Seasonal(why, season.next_start(given.today), (post.evidence_id,))
    for pattern in given.seasonal:
        season = season_of(pattern.tag or "")
        if season is not None:
            why = given.words.say(f"summaries.{pattern.kind}", **pattern_fields(given, pattern))
            return Seasonal(why, season.next_start(given.today), pattern.evidence_ids)
    return None


def viewers_fields(given: PackInputs, theme: ViewerTheme) -> dict[str, object]:
    """The fields of the texts about viewers."""
    words = given.words
    low, high = (words.percent(end) for end in theme.ci95)
    return {
        "who": words.say(
            # Only English ones are searched for phrases.
            "counts.of_english"
            if theme.of < given.sentiment.sample.comments
            else "counts.of_comments",
            k=theme.n,
            n=theme.of,
        ),
        "k": theme.n,
        "said": words.say(f"viewers.{theme.kind}.said"),
        "noun": words.say(f"viewers.{theme.kind}.noun"),
        "screen": words.say(f"viewers.{theme.kind}.screen"),
        "middle": words.say(f"viewers.{theme.kind}.middle"),
        "payoff": words.say(f"viewers.{theme.kind}.payoff"),
        "share": words.percent(theme.share),
        "usual": words.percent(round(theme.usual, 3)),
        "low": low,
        "high": high,
    }


def _patterns(given: PackInputs) -> Iterator[Statement]:
    """The strongest topic stands for all in headline and summary, which look for "topic"."""
    topics = 0
    for pattern in given.patterns:
        fields, name = pattern_fields(given, pattern), pattern_name(pattern)
        key = name.split("_")[0]
        said = given.words.say(f"summaries.{key}", **fields)
        if given.case == "own_video":
            said = " ".join([said, *_lacks(given, pattern, fields)])
        headline = given.words.say(f"headlines.{key}", **fields, said=said.rstrip("."))
        deviation = min(1.0, abs(math.log10(pattern.ratio)))
        about = about_pattern(given, pattern)
        yield Statement(name, said, headline, deviation, about)
        if key == "topic" and not topics:
            topics += 1
            yield Statement("topic", said, headline, deviation, about)


def _lacks(given: PackInputs, pattern: Pattern, fields: Mapping[str, object]) -> Iterator[str]:
    """Whether the video asked about is one of the posts without the pattern."""
    shape = given.virality.format
    if pattern.kind == "short" and shape and shape.duration_s and pattern.seconds:
        if shape.duration_s > pattern.seconds:
            length = given.words.number(shape.duration_s)
            yield given.words.say("summaries.short_lacks", length=length)
    elif pattern.kind == "topic" and shape and pattern.tag not in shape.hashtags:
        yield given.words.say("summaries.topic_lacks", **fields)


def _viewers(given: PackInputs) -> Iterator[Statement]:
    for place, theme in enumerate(given.viewers):
        fields = viewers_fields(given, theme)
        said = given.words.say("summaries.viewers", **fields)
        headline = given.words.say("headlines.viewers", **fields)
        deviation, about = theme.ci95[0] - theme.usual, (about_viewers(given, theme),)
        yield Statement(f"viewers_{theme.kind}", said, headline, deviation, about)
        if place < MOST_VIEWERS:
            yield Statement(f"viewers{place}", said, headline, deviation, about)


def about_named(named: NamedWord) -> About:
    """A word says what comments are about, not what they say of it: no side."""
    return About(f"named:{named.word}")


def named_fields(given: PackInputs, named: NamedWord) -> dict[str, object]:
    """The fields of the texts about a word that people name; `why` is the whole statement."""
    words = given.words
    low, high = (words.percent(end) for end in named.ci95)
    fields: dict[str, object] = {
        "who": words.say("counts.of_people", k=named.n, n=named.of),
        "word": named.word,
        "low": low,
        "high": high,
    }
    said = words.say("summaries.named", **fields)
    if named.net is not None:
        said += " " + words.say("named.good" if named.net > 0 else "named.bad")
    return fields | {"why": said}


def _named(given: PackInputs) -> Iterator[Statement]:
    for place, named in enumerate(given.named):
        fields = named_fields(given, named)
        headline, about = given.words.say("headlines.named", **fields), (about_named(named),)
        yield Statement(f"word{place}", str(fields["why"]), headline, about=about)


def shared_fields(given: PackInputs, profile: Profile) -> dict[str, object]:
    """The fields of the texts about shares."""
    dates = [given.words.date(post.posted_on) for post in profile.best[:3] if post.posted_on]
    return {
        "dates": "; ".join(dates),
        "ratio": given.words.number(profile.shared or 0, 1),
        "k": profile.n,
        "others": profile.others,
        "cases": SHARED_CREATORS,
    }


def is_alike(profile: Profile) -> bool:
    """Whether the posts that stand out are about as long as the others."""
    lengths = sorted((profile.seconds or 0.0, profile.other_seconds or 0.0))
    return lengths[1] < ALIKE * lengths[0]


def is_surely(given: PackInputs) -> bool:
    """Whether the difference of lengths is not one that chance explains."""
    rows = given.compared.rows if given.compared is not None else ()
    return all(row.is_apart for row in rows if row.name == "seconds")


def stars_apart(given: PackInputs) -> Iterator[tuple[Stars, float]]:
    """The shown stars and the stated ones, if they differ."""
    shown, stated = given.sentiment.stars, given.page_stars
    if shown is None or stated is None or shown.n < LEAST_SHOWN_REVIEWS:
        return
    if abs(shown.mean - stated) >= LEAST_STARS_APART:
        yield shown, stated


def stars_fields(given: PackInputs) -> dict[str, object] | None:
    """The fields of the texts about shown reviews with fewer stars; None if they have no fewer."""
    words = given.words
    for shown, stated in stars_apart(given):
        if shown.mean > stated:
            return None  # there may be no bad review to read
        return {
            "product": given.short_name,
            "stars": words.number(stated, 1),
            "shown": words.number(shown.mean, 1),
            "reviews": words.say("counts.reviews", n=given.facts.reviews),
            "shown_n": shown.n,
        }
    return None


def miscounted_fields(given: PackInputs) -> dict[str, object] | None:
    """The fields of the texts about a page that shows more reviews than it counts."""
    words, facts, shown = given.words, given.facts, given.sentiment.stars
    if shown is None or facts.stars is None or shown.n <= facts.reviews:
        return None
    if shown.n < LEAST_SHOWN_REVIEWS or abs(shown.mean - facts.stars) < LEAST_STARS_APART:
        return None
    return {
        "product": given.short_name,
        "stars": words.number(facts.stars, 1),
        "shown": words.number(shown.mean, 1),
        "reviews": words.say("counts.reviews", n=facts.reviews),
        "shown_n": shown.n,
    }


def _stars(given: PackInputs) -> Iterator[Statement]:
    """The page's stars, beside those of the reviews that it shows."""
    words, facts = given.words, given.facts
    miscounted = miscounted_fields(given)
    if miscounted is not None:
        yield _stated(given, "more_shown", "more_shown", miscounted, TENSE)
    for shown, stated in stars_apart(given):
        fields = {
            "stars": words.number(stated, 1),
            "shown": words.number(shown.mean, 1),
            "all_reviews": words.say("counts.reviews", n=facts.reviews),
            "shown_n": shown.n,
        }
        apart = min(1.0, abs(shown.mean - stated))
        yield _stated(given, "shown_stars", "shown_stars", fields, apart)
        return
    if given.page_stars is not None and facts.stars and conflicting(given) is None:
        reviews = words.say("counts.reviews", n=facts.reviews)
        fields = {"stars": words.number(facts.stars, 1), "reviews": reviews}
        yield _stated(given, "rating", "rating", fields)


def _page(given: PackInputs) -> Iterator[Statement]:
    """What else the product's page states."""
    words, facts = given.words, given.facts
    price, claim = facts.of("price"), facts.claim
    if claim is not None:
        key = "headlines.shade" if claim.kind == "shade" else "headlines.claim"
        said = words.say(key, claim=claim.said, text=claim.text)
        yield Statement("claim", claim.states, said, TENSE if claim.kind == "shade" else 0.0)
    warranty = facts.about("spec_warranty")
    if warranty is not None and warranty.is_tense:
        said = words.say("headlines.warranty", text=warranty.said or warranty.text)
        yield Statement("warranty", warranty.states, said, TENSE)
    if price is not None and price.subject == "auction":
        said = words.say("headlines.auction", text=price.said)
        yield Statement("auction", price.states, said)
    elif price is not None:
        yield _stated(given, "price", "price", {"text": price.text})
    kinds = ("spec", "size", "material", "colour")
    details = [fact.text for kind in kinds for fact in facts.facts if fact.kind == kind]
    details = details[:MOST_DETAILS]
    if details:
        text = words.joined(details)
        yield Statement("details", words.say("summaries.details", text=text))


def most_telling(found: Mapping[str, Statement], order: Sequence[str]) -> Statement | None:
    """The statement with the largest deviation; of none, the first of the order."""
    named = [found[name] for name in order if name in found and found[name].headline]
    return max(named, key=lambda statement: statement.deviation, default=None)
