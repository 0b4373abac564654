"""What a pack proposes to film: hooks to open with, and timed beats for the leading angles.

A hook goes by what people say, what is stated, and what stood out. A beat tells what to say and
what to show; the creator fills it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from workers.insights.documents import (
    Angle,
    Beat,
    EvidenceIds,
    HookType,
    PackHook,
    ScriptTemplate,
    Theme,
)
from workers.insights.pack import templates
from workers.insights.pack.facts import StatedFacts
from workers.insights.pack.inputs import PackInputs
from workers.insights.vocabulary import ASPECTS

MAX_HOOKS = 7
LEAST_HOOKS = 3

MAX_SCRIPTS = 3
# (kind, seconds from, to): the hook gets three seconds, the demonstration the most.
BEATS: tuple[tuple[Literal["hook", "problem", "demo", "proof", "payoff", "cta"], int, int], ...] = (
    ("hook", 0, 3),
    ("problem", 3, 8),
    ("demo", 8, 18),
    ("proof", 18, 23),
    ("payoff", 23, 27),
    ("cta", 27, 30),
)


@dataclass(frozen=True, slots=True)
class _Draft:
    type: HookType
    text: str
    why: str
    evidence_ids: EvidenceIds


def write_hooks(
    given: PackInputs, themes: Sequence[Theme], facts: StatedFacts, chooser: random.Random
) -> tuple[PackHook, ...]:
    """General ones only to fill up to three: they rest on nothing."""
    drafts = [*_by_theme(given, themes, chooser), *_by_fact(given, facts), *_by_comparable(given)]
    taken = {draft.text for draft in drafts}
    general = [draft for draft in _general(given) if draft.text not in taken]
    drafts += general[: max(0, LEAST_HOOKS - len(drafts))]
    return tuple(
        PackHook(id=f"h{n}", type=d.type, text=d.text, why=d.why, evidence_ids=d.evidence_ids)
        for n, d in enumerate(drafts[:MAX_HOOKS], start=1)
    )


def theme_fields(given: PackInputs, theme: Theme) -> dict[str, object]:
    """What the templates of angles and hooks may name."""
    words = ASPECTS[theme.aspect]
    return {
        "product": given.spoken_name,
        "noun": words.noun,
        "good": words.good,
        "bad": words.bad,
        "n": theme.n,
        "comments": given.sentiment.sample.analysed,
    }


def _by_theme(
    given: PackInputs, themes: Sequence[Theme], chooser: random.Random
) -> Iterator[_Draft]:
    unused = {kind: chooser.sample(texts, len(texts)) for kind, texts in templates.HOOKS.items()}
    for theme in themes:
        if unused[theme.kind]:
            template = unused[theme.kind].pop()
            text = template.text.format(**theme_fields(given, theme))
            why = templates.WHY[theme.kind].format(**theme_fields(given, theme))
            yield _Draft(template.type, text, why, theme.evidence_ids)


def _by_fact(given: PackInputs, facts: StatedFacts) -> Iterator[_Draft]:
    why = "The {} is stated on the product's page."
    if facts.price:
        template = templates.PRICE_HOOK
        text = template.text.format(product=given.spoken_name, price=facts.price.text)
        yield _Draft(template.type, text, why.format("price"), (facts.price.evidence_id,))
    if facts.rating:
        template = templates.RATING_HOOK
        text = template.text.format(
            product=given.spoken_name, rating=facts.rating.text, reviews=f"{facts.reviews:,}"
        )
        yield _Draft(template.type, text, why.format("rating"), (facts.rating.evidence_id,))


def _by_comparable(given: PackInputs) -> Iterator[_Draft]:
    """The openings of the posts that stood out: the longest watched first, then the most used."""
    posts = given.virality.comparables
    watched = {item.hook: item.mean for item in given.virality.retention}
    counted = Counter(post.hook for post in posts).most_common()
    for kind, n in sorted(counted, key=lambda item: (-watched.get(item[0], 0.0), -item[1])):
        if kind in templates.BY_TYPE:
            text = templates.BY_TYPE[kind].format(product=given.spoken_name)
            why = f"{n} of the {len(posts)} posts that stood out most open like this."
            cited = tuple(post.evidence_id for post in posts if post.hook == kind)
            yield _Draft(kind, text, why, cited)


def _general(given: PackInputs) -> Iterator[_Draft]:
    why = "A general opening: nothing that was collected asks for it."
    for kind in templates.GENERAL:
        text = templates.BY_TYPE[kind].format(product=given.spoken_name)
        yield _Draft(kind, text, why, ())


def script_templates(
    product_name: str, angles: Sequence[Angle], themes: Sequence[Theme], hooks: Sequence[PackHook]
) -> tuple[ScriptTemplate, ...]:
    """One script per leading theme; without themes one first look."""
    if not themes:
        return (_script(1, angles[0], _first_look(product_name, hooks)),)
    return tuple(
        _script(number, angle, _texts(angle, theme, hook))
        for number, (angle, theme, hook) in enumerate(
            list(zip(angles, themes, hooks, strict=False))[:MAX_SCRIPTS], start=1
        )
    )


def _texts(angle: Angle, theme: Theme, hook: PackHook) -> dict[str, tuple[str, str]]:
    """Per beat: what is said, what is on screen."""
    words = ASPECTS[theme.aspect]
    fields = {"noun": words.noun, "good": words.good, "bad": words.bad}
    return {
        "hook": (
            hook.text,
            "The product in the first frame, moving. Disclosure if paid or gifted.",
        ),
        "problem": (templates.PROBLEM[theme.kind].format(**fields), "Your face, close."),
        "demo": (words.demo, "One shot, no cut; say what is happening, nothing more."),
        "proof": (angle.proof, "The number as text on screen."),
        "payoff": (templates.PAYOFF[theme.kind].format(**fields), "The result, held for a second."),
        "cta": (templates.CALLS[theme.kind], "The question as text on screen."),
    }


def _first_look(product_name: str, hooks: Sequence[PackHook]) -> dict[str, tuple[str, str]]:
    return {
        "hook": (hooks[0].text, "The closed box. Disclosure if paid or gifted."),
        "problem": ("Say what it is for, in one sentence.", "Your face, close."),
        "demo": ("Take it out, set it up and use it once.", "One shot, no cut."),
        "proof": (
            "Read out what the product's page states: price, size, what is in the box.",
            "The page.",
        ),
        "payoff": ("Say your first impression, and what you could not judge yet.", "The product."),
        "cta": (f"Ask what people want to know about the {product_name}.", "The question as text."),
    }


def _script(number: int, angle: Angle, texts: dict[str, tuple[str, str]]) -> ScriptTemplate:
    beats = tuple(
        Beat(from_s=start, to_s=end, kind=kind, text=texts[kind][0], on_screen=texts[kind][1])
        for kind, start, end in BEATS
    )
    return ScriptTemplate(id=f"t{number}", angle_id=angle.id, duration_s=BEATS[-1][2], beats=beats)
