"""The openings a pack proposes: by what people say, what is stated, and what stood out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.insights import templates
from workers.insights.facts import StatedFacts
from workers.insights.pack_inputs import PackInputs
from workers.insights.pack_shapes import PackHook
from workers.insights.sentiment_shapes import Theme
from workers.insights.shapes import EvidenceIds
from workers.insights.virality_shapes import HookType
from workers.insights.vocabulary import ASPECTS

MAX_HOOKS = 7
LEAST_HOOKS = 3


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
    """The openings of the posts that stood out, the most frequent first."""
    posts = given.virality.comparables
    for kind, n in Counter(post.hook for post in posts).most_common():
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
