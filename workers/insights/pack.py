"""A virality pack: what to film next, each line resting on evidence of the two results before it.

Written from templates, seeded by the input: the same collection gives the same pack.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

from workers.insights import confidence, templates
from workers.insights.evidence import EvidenceLog
from workers.insights.facts import stated_facts
from workers.insights.pack_hooks import theme_fields, write_hooks
from workers.insights.pack_inputs import PackInputs
from workers.insights.pack_scripts import script_templates
from workers.insights.pack_shapes import (
    Angle,
    Card,
    Disclosure,
    Freshness,
    Inputs,
    PackConfiguration,
    PackHook,
    PackScore,
    PackSound,
    Posting,
)
from workers.insights.pack_text import headline, summary
from workers.insights.sentiment_shapes import SentimentSummary, Theme, ThemeKind
from workers.insights.shapes import Grounding
from workers.insights.virality_shapes import TagLift, ViralityBreakdown
from workers.insights.vocabulary import ASPECTS, OVERALL

MAX_ANGLES = 5
MAX_HASHTAGS = 8
LEAST_OF_LARGEST = 0.2  # a theme much smaller than the largest is no lead
DISCLOSURE = Disclosure(
    required="if_paid_or_gifted",
    text="#ad",
    placement="caption_start+spoken",
    reason=templates.DISCLOSURE_REASON,
)
# The most useful to a script first: an answer and a strength before a weakness.
_ORDER: tuple[ThemeKind, ...] = ("question", "praise", "pain", "objection", "desire")


def write_pack(given: PackInputs, log: EvidenceLog, grounding: Grounding) -> PackConfiguration:
    """`log` already holds the evidence of both results: their ids stay valid in the pack."""
    chooser = random.Random(given.engine.input_hash)  # noqa: S311 - variety, not secrecy
    facts = stated_facts(given.product, log)
    themes = _leading_themes(given.sentiment.themes)
    angles = _angles(given, themes)
    hooks = write_hooks(given, themes, facts, chooser)
    return PackConfiguration(
        inputs=Inputs(),
        headline=headline(given.product_name, themes, given.virality.score),
        summary=summary(given.product_name, given.sentiment, given.virality, facts),
        score=_score(given.virality),
        hooks=hooks,
        angles=angles,
        script_templates=script_templates(given.spoken_name, angles, themes, hooks),
        hashtags=_hashtags(given),
        sounds=_sounds(given.virality),
        posting=_posting(given.virality),
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
        limits=given.limits,
    )


def _score(virality: ViralityBreakdown) -> PackScore:
    return PackScore(
        value=virality.score.value,
        band=virality.score.band,
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


def _hashtags(given: PackInputs) -> tuple[TagLift, ...]:
    """What happens to do well elsewhere is no advice: it is the creator's own, or proven."""
    fitting = (
        tag
        for tag in given.virality.hashtags
        if tag.lift >= 1
        and (tag.status == "supported" or given.own_tags is None or tag.tag in given.own_tags)
    )
    return tuple(fitting)[:MAX_HASHTAGS]


def _sounds(virality: ViralityBreakdown) -> tuple[PackSound, ...]:
    return tuple(
        PackSound(
            title=sound.title,
            lift=sound.lift,
            lift_ci=sound.lift_ci,
            n=sound.n,
            evidence_ids=sound.evidence_ids,
        )
        for sound in virality.sounds[:5]
        if sound.lift >= 1
    )


def _posting(virality: ViralityBreakdown) -> Posting:
    timing = virality.timing
    status = "supported" if timing.supported else "not_supported"
    return Posting.model_validate(
        {"status": status, "reason": timing.reason, "windows": timing.windows}
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
