"""What to do next, and to know more: each step says why. A step is there only if it applies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workers.insights.documents import Comparable, NextStep, NextStepKind, Pattern, PatternKind
from workers.insights.pack.facts import BUCKET, StatedFact
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.proposals import SHOWN_FACTS, retention_text
from workers.insights.pack.statements import (
    both_sides,
    is_alike,
    is_surely,
    pattern_fields,
    seasonal,
    shared_fields,
    stars_fields,
    viewers_fields,
)
from workers.insights.pack.words import LEAST_MORE
from workers.insights.sentiment.totals import MINIMUM
from workers.insights.virality.patterns import LEAST_POSTS
from workers.insights.virality.profile import LEAST_STANDOUTS
from workers.insights.virality.stands_out import MINIMUM_POSTS
from workers.insights.vocabulary import OVERALL

MAX_STEPS = 5
MAX_LEADS = 2
LEAST_QUESTIONS = 5
LEAST_SECONDS_APART = 3.0
Steps = Callable[[PackInputs], Iterator[NextStep]]


def wait_for_stock(given: PackInputs) -> Iterator[NextStep]:
    fact = given.facts.of("stock")
    if fact is not None:
        text = given.words.say("next.wait_for_stock", text=fact.text)
        yield NextStep(kind="wait_for_stock", text=text)


def answer_video(given: PackInputs) -> Iterator[NextStep]:
    asked = next((theme for theme in given.themes() if theme.kind == "question"), None)
    if asked is not None and asked.aspect is not None:
        about = given.words.aspect(asked.aspect)["about"]
        text = given.words.say("next.answer_video", about=about, k=asked.n)
        yield NextStep(kind="answer_video", text=text)


def film_theme(given: PackInputs) -> Iterator[NextStep]:
    """What to film first: of what is read reliably, what most ask, blame or praise."""
    themes = [theme for theme in given.themes() if theme.aspect is not None]
    for theme in sorted(themes, key=lambda each: -each.n)[:1]:
        other = given.against(theme)
        fields: dict[str, object] = {"who": given.who(theme.n)}
        fields |= given.words.aspect(theme.aspect or "")
        key = str(theme.kind)
        if other is not None:
            key, fields = "divided", fields | both_sides(given, theme, other)
        elif given.is_flaw(theme):
            key = "flaw"
        text = given.words.say(f"next.film_{key}", **fields)
        cited = theme.evidence_ids if other is None else (*theme.evidence_ids, *other.evidence_ids)
        yield NextStep(kind="film_theme", text=text, evidence_ids=cited)


def film_stars(given: PackInputs) -> Iterator[NextStep]:
    """Where the page's stars and its shown reviews differ."""
    fields, rating = stars_fields(given), given.facts.of("rating")
    if fields is not None and rating is not None:
        text = given.words.say("next.film_stars", demo=given.words.say("demos.stars"), **fields)
        yield NextStep(kind="film_fact", text=text, evidence_ids=(rating.evidence_id,))


def film_fact(given: PackInputs) -> Iterator[NextStep]:
    """Without a theme or a claim: a fact that can be shown."""
    if (
        given.is_auction
        or given.facts.claim is not None
        or any(theme.aspect for theme in given.themes())
    ):
        return
    fact = given.facts.about(*SHOWN_FACTS)
    if fact is not None:
        said = fact.said or fact.text
        shot = given.words.say(
            f"demos.{fact.subject}",
            text=said,
            like=fact.like or "",
            size=fact.text,
            seconds=fact.seconds or 0,
            litres=BUCKET,
        )
        text = given.words.say("next.film_fact", text=_shown(fact), demo=shot)
        yield NextStep(kind="film_fact", text=text, evidence_ids=(fact.evidence_id,))


def film_claim(given: PackInputs) -> Iterator[NextStep]:
    """Without a theme: what the product's name promises."""
    claim = None if given.is_auction else given.facts.claim
    if claim is not None and not any(theme.aspect for theme in given.themes()):
        shot = given.words.say(f"claims.{claim.kind}")
        text = given.words.say("next.film_claim", claim=claim.said, demo=shot)
        yield NextStep(kind="film_fact", text=text, evidence_ids=(claim.evidence_id,))


def auction_result(given: PackInputs) -> Iterator[NextStep]:
    if given.is_auction:
        yield NextStep(kind="film_fact", text=given.words.say("next.auction_compare"))
        yield NextStep(kind="film_fact", text=given.words.say("next.auction_result"))


def _shown(fact: StatedFact) -> str:
    """As a step names it: a number with its name, a size by its longest side."""
    return fact.said if fact.kind == "size" and fact.said else fact.text


def read_questions(given: PackInputs) -> Iterator[NextStep]:
    """Questions whose topic the vocabulary lacks."""
    for theme in given.sentiment.themes:
        if theme.kind == "question" and theme.aspect == OVERALL and theme.n >= LEAST_QUESTIONS:
            text = given.words.say("next.read_questions", counts=given.said_in(theme))
            yield NextStep(kind="read_comments", text=text)


def compare_best(given: PackInputs) -> Iterator[NextStep]:
    """A video below its creator's usual, surely, beside the last one that stood out."""
    found, words = given.virality.stands_out, given.words
    if (
        found.basis != "creator_median"
        or found.ratio is None
        or (found.ratio_interval or (1, 1))[1] >= 1
    ):
        return
    own = [post for post in given.virality.comparables if post.is_own and post.posted_on]
    for post in own[:1]:
        text = words.say(
            "next.compare_best",
            date=words.date(post.posted_on or ""),
            ratio=words.number(post.ratio, 1),
            this_ratio=_times(given, found.ratio),
        )
        text = " ".join([text, *_differences(given, post)])
        cited = (post.evidence_id, *found.evidence_ids)
        yield NextStep(kind="compare_posts", text=text, evidence_ids=cited)


def _differences(given: PackInputs, post: Comparable) -> Iterator[str]:
    """In what is measured: the length."""
    shape = given.virality.format
    if shape is None or not shape.duration_s or not post.duration_s:
        return
    rows = given.compared.rows if given.compared is not None else ()
    # A length that chance explains is no difference to learn from.
    is_apart = any(row.name == "seconds" and row.is_apart for row in rows)
    if is_apart and abs(shape.duration_s - post.duration_s) >= LEAST_SECONDS_APART:
        yield given.words.say(
            "next.compare_lengths",
            seconds=given.words.number(post.duration_s),
            other_seconds=given.words.number(shape.duration_s),
        )


def _times(given: PackInputs, ratio: float) -> str:
    if ratio < LEAST_MORE:
        return given.words.say("times.share", share=given.words.percent(ratio))
    return given.words.say("times.only", ratio=given.words.number(ratio, 1))


def compare_shared(given: PackInputs) -> Iterator[NextStep]:
    profile = given.profile
    if profile is not None and profile.shared is not None:
        text = given.words.say("next.compare_shared", **shared_fields(given, profile))
        yield NextStep(kind="compare_posts", text=text, evidence_ids=profile.shared_evidence)


def answer_requests(given: PackInputs) -> Iterator[NextStep]:
    asked = next((theme for theme in given.viewers if theme.kind == "requests"), None)
    if asked is not None:
        text = given.words.say("next.answer_requests", **viewers_fields(given, asked))
        yield NextStep(kind="answer_requests", text=text, evidence_ids=asked.evidence_ids)


def use_patterns(given: PackInputs) -> Iterator[NextStep]:
    """What the creator's own posts suggest, with how often such a pattern lasted elsewhere."""
    for pattern in given.patterns:
        kind, key = _PATTERN_STEPS[pattern.kind]
        if kind == "compare_halves" and not _has_changed(given):
            key = f"{key}_alike"
        text = given.words.say(f"next.{key}", **pattern_fields(given, pattern))
        if pattern.kind == "short":
            text = " ".join([text, *_longer_best(given, pattern)])
        yield NextStep(kind=kind, text=text, evidence_ids=pattern.evidence_ids)


def _has_changed(given: PackInputs) -> bool:
    """Whether anything that the creator chooses sets the newer half apart from the older one."""
    found = given.compared
    return (
        found is not None and found.groups == "halves" and any(row.is_choice for row in found.rows)
    )


def post_again(given: PackInputs) -> Iterator[NextStep]:
    """Of a creator whose newest post is months old."""
    if given.silent_days is not None:
        yield NextStep(kind="more_posts", text=given.words.say("next.post_again"))


def wait_season(given: PackInputs) -> Iterator[NextStep]:
    """What does well once a year: when to film it again."""
    found = seasonal(given)
    if found is not None:
        day = given.words.date(found.start.isoformat())
        text = given.words.say("next.wait_season", why=found.why, date=day)
        yield NextStep(kind="take_up", text=text, evidence_ids=found.evidence_ids)


def share_more(given: PackInputs) -> Iterator[NextStep]:
    """Of a video that is shared less per view than the creator's others."""
    for driver in given.virality.drivers:
        if driver.factor == "share_rate" and driver.direction == "down":
            text = given.words.say("next.share_more")
            yield NextStep(kind="compare_posts", text=text)


def _longer_best(given: PackInputs, pattern: Pattern) -> Iterator[str]:
    """The creator's best post, where it is longer than those that do better."""
    best = next(iter(given.own_posts), None)
    if best is not None and (best.duration_s or 0) > (pattern.seconds or 0):
        length = given.words.number(best.duration_s or 0)
        yield given.words.say("next.keep_short_but", length=length)


_PATTERN_STEPS: dict[PatternKind, tuple[NextStepKind, str]] = {
    "short": ("keep_short", "keep_short"),
    "topic": ("plan_topic", "plan_topic"),
    "again": ("take_up", "take_up"),
    "level_up": ("compare_halves", "level_up"),
    "level_down": ("compare_halves", "level_down"),
}


def repeat_opening(given: PackInputs) -> Iterator[NextStep]:
    profile = given.profile
    if profile is not None and profile.opening is not None and profile.seconds:
        text = given.words.say(
            "next.repeat_opening",
            opening=given.words.say(f"openings.{profile.opening.hook}"),
            seconds=given.words.number(profile.seconds),
            k=profile.opening.k,
            n=profile.n,
        )
        yield NextStep(kind="repeat_opening", text=text)


def repeat_length(given: PackInputs) -> Iterator[NextStep]:
    """Where the posts that stand out have another length than the others, and no own opening."""
    profile = given.profile
    if profile is None or profile.opening is not None or profile.n < LEAST_STANDOUTS:
        return
    if any(pattern.kind == "short" for pattern in given.patterns):
        return  # a surer sentence about the same
    if profile.seconds and profile.other_seconds and not is_alike(profile) and is_surely(given):
        text = given.words.say(
            "next.repeat_length",
            seconds=given.words.number(profile.seconds),
            other_seconds=given.words.number(profile.other_seconds),
            k=profile.n,
        )
        yield NextStep(kind="repeat_opening", text=text)


def few_standouts(given: PackInputs) -> Iterator[NextStep]:
    profile = given.profile
    if profile is not None and profile.posts and profile.n < LEAST_STANDOUTS:
        fields = {"n": profile.n, "others": profile.posts, "least": LEAST_STANDOUTS}
        yield NextStep(kind="more_posts", text=given.words.say("next.few_standouts", **fields))


def write_hook(given: PackInputs) -> Iterator[NextStep]:
    hook = given.virality.hook
    if hook.basis == "caption" and hook.type == "none":
        text = given.words.say("next.write_hook", retention=retention_text(given))
        yield NextStep(kind="write_hook", text=text)


def read_comments(given: PackInputs) -> Iterator[NextStep]:
    for theme in given.leads()[:MAX_LEADS]:
        if theme.aspect is not None:
            fields = {"counts": given.said_in(theme), **given.words.aspect(theme.aspect)}
            text = given.words.say(f"next.read_{theme.kind}", **fields)
            yield NextStep(kind="read_comments", text=text)


def more_comments(given: PackInputs) -> Iterator[NextStep]:
    missing = MINIMUM - given.sentiment.sample.analysed
    if missing > 0:
        text = given.words.say("next.more_comments", n=missing, least=MINIMUM)
        yield NextStep(kind="more_comments", text=text)


def more_posts(given: PackInputs) -> Iterator[NextStep]:
    """Of a profile too young to compare its posts."""
    if given.profile is None:
        return
    missing = MINIMUM_POSTS + 1 - given.profile.collected
    if missing > 0:
        text = given.words.say("next.more_posts", n=missing, least=MINIMUM_POSTS + 1)
        yield NextStep(kind="more_posts", text=text)


def connect_tiktok(given: PackInputs) -> Iterator[NextStep]:
    if given.virality.stands_out.basis != "creator_median":
        yield NextStep(kind="connect_tiktok", text=given.words.say("next.connect_tiktok"))


def know_more(given: PackInputs) -> Iterator[NextStep]:
    """All that a product's pack could be told, each with what it would then say."""
    words, basis = given.words, given.virality.stands_out.basis
    read = given.sentiment.sample.analysed
    if read < MINIMUM and not given.is_auction:
        reviews = words.say("counts.reviews", n=given.facts.reviews)
        key = "more_hidden" if given.facts.reviews > read else "more_reviews"
        text = words.say(f"next.{key}", reviews=reviews, n=read, least=MINIMUM)
        yield NextStep(kind="more_comments", text=text)
    if basis == "none":
        text = words.say("next.more_video", product=given.search_name, least=MINIMUM)
        yield NextStep(kind="add_video", text=text)
    if basis != "creator_median":
        text = words.say("next.more_account", posts=LEAST_POSTS)
        yield NextStep(kind="connect_tiktok", text=text)
    if not given.is_auction:
        yield NextStep(kind="add_competitor", text=words.say("next.more_competitor"))
