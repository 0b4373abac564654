"""A virality pack: what to film next, each line resting on evidence of the two results before it.

Written from templates, seeded by the input: the same collection gives the same pack. Headline and
summary put computed numbers into plain sentences.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

from workers.insights import confidence
from workers.insights.documents import (
    Angle,
    Card,
    Disclosure,
    Freshness,
    Grounding,
    Inputs,
    PackConfiguration,
    PackHook,
    PackScore,
    SentimentSummary,
    StandsOut,
    StillGrowing,
    Theme,
    ThemeKind,
    ViralityBreakdown,
)
from workers.insights.evidence import EvidenceLog
from workers.insights.pack import templates
from workers.insights.pack.facts import StatedFacts, stated_facts
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.scripts import script_templates, theme_fields, write_hooks
from workers.insights.vocabulary import ASPECTS, OVERALL

MAX_ANGLES = 5
LEAST_OF_LARGEST = 0.2  # a theme much smaller than the largest is no lead
DISCLOSURE = Disclosure(
    required="if_paid_or_gifted",
    text="#ad",
    placement="caption_start+spoken",
    reason=templates.DISCLOSURE_REASON,
)
# The most useful to a script first: an answer and a strength before a weakness.
_ORDER: tuple[ThemeKind, ...] = ("question", "praise", "pain", "objection", "desire")

LEAST_SHOWN_SHARE = 0.005  # below, it would read as 0 %
_HEADLINES: dict[ThemeKind, str] = {
    "question": "people ask about {noun}",
    "praise": "people praise {noun}",
    "pain": "people complain about {noun}",
    "objection": "people hesitate over {noun}",
    "desire": "people have wishes about {noun}",
}
_BANDS = {
    "breakout": "this video is a breakout",
    "above": "this video does better than usual",
    "typical": "this video does about as usual",
    "below": "this video does worse than usual",
}


def write_pack(given: PackInputs, log: EvidenceLog, grounding: Grounding) -> PackConfiguration:
    """`log` already holds the evidence of both results: their ids stay valid in the pack."""
    chooser = random.Random(given.engine.input_hash)  # noqa: S311 - variety, not secrecy
    facts = stated_facts(given.product, log)
    themes = _leading_themes(given.sentiment.themes)
    angles = _angles(given, themes)
    hooks = write_hooks(given, themes, facts, chooser)
    return PackConfiguration(
        inputs=Inputs(),
        headline=headline(given.product_name, themes, given.virality.stands_out),
        summary=summary(given.product_name, given.sentiment, given.virality, facts),
        score=_score(given.virality),
        hooks=hooks,
        angles=angles,
        script_templates=script_templates(given.spoken_name, angles, themes, hooks),
        tags=given.virality.tags,
        disclosure=DISCLOSURE,
        comparables=given.virality.comparables,
        risks=given.sentiment.risks,
        dos=tuple(_dos(themes)),
        donts=(*_donts(given.sentiment, themes), *templates.ALWAYS_DONT),
        evidence=log.items(),
        cards=_cards(hooks, angles, given.sentiment),
        freshness=_freshness(given),
        confidence=confidence.combined((given.sentiment.confidence, given.virality.confidence)),
        grounding=grounding,
        engine=given.engine,
        caveats=given.caveats,
    )


def _score(virality: ViralityBreakdown) -> PackScore:
    return PackScore(
        value=virality.stands_out.value,
        band=virality.stands_out.band,
        confidence=virality.confidence.level,
    )


def _leading_themes(found: Sequence[Theme]) -> tuple[Theme, ...]:
    """The largest of each kind that names an aspect, then the second ones; new aspects go first."""
    named = [theme for theme in found if theme.aspect != OVERALL]
    largest = max((theme.n for theme in named), default=0)
    named = [theme for theme in named if theme.n >= LEAST_OF_LARGEST * largest]
    ranked: dict[ThemeKind, list[Theme]] = {kind: [] for kind in _ORDER}
    for theme in sorted(named, key=lambda theme: -theme.n):
        ranked[theme.kind].append(theme)
    rounds = (
        ranked[kind][place] for place in range(2) for kind in _ORDER if len(ranked[kind]) > place
    )
    chosen = list(rounds)
    first: dict[str, Theme] = {}
    for theme in chosen:
        first.setdefault(theme.aspect, theme)
    repeats = [theme for theme in chosen if first[theme.aspect] is not theme]
    return (*first.values(), *repeats)[:MAX_ANGLES]


def _angles(given: PackInputs, themes: Sequence[Theme]) -> tuple[Angle, ...]:
    found = []
    for number, theme in enumerate(themes, start=1):
        template, fields = templates.ANGLES[theme.kind], theme_fields(given, theme)
        found.append(
            Angle(
                id=f"a{number}",
                title=template.title.format(**fields),
                theme=f"{theme.kind}:{theme.aspect}",
                promise=template.promise.format(**fields),
                proof=template.proof.format(**fields),
                evidence_ids=theme.evidence_ids,
            )
        )
    if found:
        return tuple(found)
    first = templates.FIRST_LOOK_ANGLE
    return (
        Angle(
            id="a1",
            title=first.title,
            theme="first_look",
            promise=first.promise,
            proof=first.proof,
            evidence_ids=(),
        ),
    )


def _dos(themes: Sequence[Theme]) -> Iterator[str]:
    for aspect in list(dict.fromkeys(theme.aspect for theme in themes))[:3]:
        words = ASPECTS[aspect]
        yield f"On {words.noun}: {words.demo[0].lower()}{words.demo[1:]}"


def _donts(sentiment: SentimentSummary, themes: Sequence[Theme]) -> Iterator[str]:
    for theme in themes:
        if theme.kind == "pain":
            words = ASPECTS[theme.aspect]
            yield f"Don't promise that it {words.good}: {theme.n} comments say that it {words.bad}."
    for risk in sentiment.risks:
        if risk.severity == "high":
            yield f"Don't film before this is looked into: {risk.title.lower()} ({risk.n})."


def _cards(
    hooks: Sequence[PackHook], angles: Sequence[Angle], sentiment: SentimentSummary
) -> tuple[Card, ...]:
    refs = [("score", "score"), ("sentiment", "overall")]
    refs += [("hooks", hook.id) for hook in hooks[:3]]
    refs += [("angles", angle.id) for angle in angles[:3]]
    refs += [("script", "t1")]
    refs += [("risks", "risks")] if sentiment.risks else []
    return tuple(
        Card.model_validate({"kind": kind, "ref": ref, "order": order})
        for order, (kind, ref) in enumerate(refs, start=1)
    )


def _freshness(given: PackInputs) -> Freshness:
    """A rising video changes by the day; what people say about a product by the month."""
    days = {"heating": 2, "steady": 7}.get(given.virality.stage, 14)
    return Freshness(as_of=given.now, expires_at=given.now + timedelta(days=days))


def headline(product_name: str, themes: Sequence[Theme], found: StandsOut) -> str:
    divided = _divided(themes)
    if divided is not None:
        return f"{product_name}: opinions of {divided} are divided"
    parts = []
    for kind in ("praise", "question", "pain"):
        theme = next((theme for theme in themes if theme.kind == kind), None)
        if theme is not None:
            parts.append(_HEADLINES[theme.kind].format(noun=ASPECTS[theme.aspect].noun))
    if not parts and found.band in _BANDS:
        parts = [_BANDS[found.band]]
    said = "; ".join(parts[:2]) if parts else "not enough said about it yet"
    return f"{product_name}: {said}"


def _divided(themes: Sequence[Theme]) -> str | None:
    """What leads the praise and the complaints alike."""
    praise = next((theme for theme in themes if theme.kind == "praise"), None)
    pain = next((theme for theme in themes if theme.kind == "pain"), None)
    if praise is None or pain is None or praise.aspect != pain.aspect:
        return None
    return ASPECTS[praise.aspect].noun


def summary(
    product_name: str, sentiment: SentimentSummary, virality: ViralityBreakdown, facts: StatedFacts
) -> str:
    return " ".join(_sentences(product_name, sentiment, virality, facts))


def _sentences(
    product_name: str, sentiment: SentimentSummary, virality: ViralityBreakdown, facts: StatedFacts
) -> Iterator[str]:
    yield _sentiment_sentence(sentiment)
    yield _stands_out_sentence(virality.stands_out)
    yield from _still_growing_sentence(virality.still_growing)
    intent = sentiment.purchase_intent
    if intent.share and intent.share >= LEAST_SHOWN_SHARE:
        yield f"{intent.share:.0%} of {intent.n} comments want to buy or have bought."
    if virality.drivers:
        yield virality.drivers[0].text
    if facts.price:
        yield f"The page of the {product_name} states {facts.price.text}."
    if virality.comparables:
        yield f"Comparable posts that stood out: {len(virality.comparables)}."


def _stands_out_sentence(found: StandsOut) -> str:
    if found.value is None or found.ratio_interval is None or found.interval is None:
        return f"How far a video stands out is not known: {found.basis_text}."
    low, high = found.ratio_interval
    about = "an estimated " if found.basis == "followers" else ""
    return (
        f"The video has {about}{found.ratio:.1f} times ({low:.1f} to {high:.1f}) "
        f"{found.basis_text}: {found.value} of 100 posts do not reach such a ratio "
        f"({found.interval[0]} to {found.interval[1]})."
    )


def _still_growing_sentence(found: StillGrowing) -> Iterator[str]:
    if found.percentile is not None and found.interval is not None:
        low, high = found.interval
        yield (
            f"It has more saves per like than {found.percentile:.0f} % of posts by {found.n} other "
            f"creators ({low:.0f} to {high:.0f} %)."
        )


def _sentiment_sentence(sentiment: SentimentSummary) -> str:
    overall = sentiment.overall
    if not sentiment.sample.collected:
        return "No comments were collected."
    if overall.net is None or overall.ci95 is None:
        return f"Only {overall.n} comments could be read: too few for a verdict."
    low, high = overall.ci95
    return (
        f"{overall.n} comments are {overall.label} as a whole: net {overall.net:+.2f} "
        f"(between {low:+.2f} and {high:+.2f}) on a scale from -1 to +1."
    )
