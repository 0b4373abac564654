"""What people talk about: aspects and themes of the closed vocabulary, with their evidence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.insights.documents import Aspect, PurchaseIntent, Risk, Theme, ThemeKind
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Labels
from workers.insights.sentiment.lexicon import Probabilities, Scorer
from workers.insights.sentiment.totals import Scored, net_interval
from workers.insights.statistics import weighted_mean, wilson
from workers.insights.vocabulary import (
    ASPECTS,
    DESIRE,
    INTENT,
    OBJECTION,
    OVERALL,
    QUESTION,
    RISKS,
    aspects_in,
    theme_title,
)

MINIMUM_MENTIONS = 3
LEANING = 0.2  # a clause below this net, either way, neither praises nor complains
MAX_THEMES_PER_KIND = 5
MAX_CLAUSES = 20  # of one comment; the rest counts as one

_CLAUSE_END = re.compile(r"[.!;\n]+|,?\s+\b(?:but|although|though|however|except|yet)\b\s+|(?<=\?)")


@dataclass(frozen=True, slots=True)
class Mention:
    """One comment touching one aspect, judged by the clause that names it."""

    item: Scored
    aspect: str
    kind: ThemeKind | None
    net: float


def find_mentions(scored: Sequence[Scored], scorer: Scorer, labels: Labels) -> tuple[Mention, ...]:
    """One mention per comment and aspect, so a long comment does not count as many people.

    A comment's label goes before what our patterns find in it.
    """
    clauses = [
        (item, clause, named)
        for item in scored
        for clause in _clauses(item.counted.text)
        if (named := aspects_in(clause))
    ]
    parts = [clause for item, clause, _ in clauses if clause != item.counted.text]
    chances = iter(scorer.score(parts))  # whole comments have theirs
    found = {
        (item.counted.comment.ref, label.aspect): Mention(
            item, label.aspect, label.kind, item.chances.net
        )
        for item in scored
        if (label := labels.get(item.counted.comment.ref)) and label.aspect
    }
    for item, clause, named in clauses:
        of_clause = item.chances if clause == item.counted.text else next(chances)
        kind = _kind(clause, of_clause)
        for aspect in named:
            mention = Mention(item, aspect, kind, of_clause.net)
            found.setdefault((item.counted.comment.ref, aspect), mention)
    return tuple(found.values())


def _clauses(text: str) -> list[str]:
    parts = [part.strip() for part in _CLAUSE_END.split(text, MAX_CLAUSES)]
    return [part for part in parts if part] or [text]


def _kind(clause: str, chances: Probabilities) -> ThemeKind | None:
    if OBJECTION.search(clause):
        return "objection"
    if DESIRE.search(clause):
        return "desire"
    if QUESTION.search(clause):
        return "question"
    if chances.net >= LEANING:
        return "praise"
    return "pain" if chances.net <= -LEANING else None


def aspects(mentions: Sequence[Mention], bias: float, log: EvidenceLog) -> tuple[Aspect, ...]:
    """`bias` is the engine's `label_bias`."""
    groups: defaultdict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        if mention.kind != "question":  # a question about the price is no opinion of it
            groups[mention.aspect].append(mention)
    large = [(name, group) for name, group in groups.items() if len(group) >= MINIMUM_MENTIONS]
    large.sort(key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple(_aspect(name, group, bias, log) for name, group in large)


def _aspect(name: str, group: Sequence[Mention], bias: float, log: EvidenceLog) -> Aspect:
    nets = [mention.net for mention in group]
    weights = [mention.item.weight for mention in group]
    net = weighted_mean(nets, weights)
    interval = net_interval(net, nets, weights, bias)
    lean = "mostly good" if interval[0] > 0 else "mostly bad" if interval[1] < 0 else "divided"
    paraphrase = f"{len(group)} comments speak of {ASPECTS[name].noun}; opinions are {lean}."
    return Aspect(
        name=name,
        mentions=len(group),
        net=round(net, 3),
        ci95=interval,
        basis=f"the clauses of {len(group)} comments that name it",
        evidence_ids=(log.add("comment", paraphrase, _refs(group), label=lean),),
    )


def themes(
    mentions: Sequence[Mention], scored: Sequence[Scored], labels: Labels, log: EvidenceLog
) -> tuple[Theme, ...]:
    """Largest first within each kind; shares are of all comments that count."""
    groups: defaultdict[tuple[ThemeKind, str], list[Mention]] = defaultdict(list)
    for mention in (*mentions, *_unspecific(mentions, scored, labels)):
        if mention.kind is not None:
            groups[mention.kind, mention.aspect].append(mention)
    found = [
        _theme(kind, aspect, group, len(scored), log)
        for (kind, aspect), group in groups.items()
        if len(group) >= MINIMUM_MENTIONS
    ]
    found.sort(key=lambda theme: (theme.kind, theme.aspect == OVERALL, -theme.n, theme.title))
    return tuple(_first_of_each_kind(found))


def _unspecific(
    mentions: Sequence[Mention], scored: Sequence[Scored], labels: Labels
) -> Iterator[Mention]:
    named = {mention.item.counted.comment.ref for mention in mentions}
    for item in scored:
        if item.counted.comment.ref not in named:
            label = labels.get(item.counted.comment.ref)
            kind = label.kind if label else _kind(item.counted.text, item.chances)
            about = label.theme if label and label.theme else OVERALL
            yield Mention(item, about, kind, item.chances.net)


def _theme(
    kind: ThemeKind, aspect: str, group: Sequence[Mention], comments: int, log: EvidenceLog
) -> Theme:
    is_open = aspect != OVERALL and aspect not in ASPECTS  # a title in the model's words
    title = aspect if is_open else theme_title(kind, aspect)
    evidence = log.add("comment", f"{title} ({len(group)} comments).", _refs(group), label=kind)
    return Theme(
        kind=kind,
        aspect=None if is_open else aspect,
        title=title,
        source="model" if is_open else "vocabulary",
        share=round(len(group) / comments, 3),
        n=len(group),
        evidence_ids=(evidence,),
    )


def _first_of_each_kind(found: Sequence[Theme]) -> Iterator[Theme]:
    taken: defaultdict[str, int] = defaultdict(int)
    for theme in found:
        taken[theme.kind] += 1
        if taken[theme.kind] <= MAX_THEMES_PER_KIND:
            yield theme


def purchase_intent(scored: Sequence[Scored], labels: Labels, log: EvidenceLog) -> PurchaseIntent:
    wanting = [item for item in scored if _wants_to_buy(item, labels)]
    basis = "comments that say they bought, will buy, or ask where to"
    if not scored:
        return PurchaseIntent(share=None, ci95=None, n=0, basis=basis, evidence_ids=())
    share = len(wanting) / len(scored)
    low, high = wilson(share, len(scored))
    paraphrase = f"{len(wanting)} of {len(scored)} comments want to buy or have bought."
    refs = [item.counted.comment.ref for item in wanting or scored]
    return PurchaseIntent(
        share=round(share, 3),
        ci95=(round(low, 3), round(high, 3)),
        n=len(scored),
        basis=basis,
        evidence_ids=(log.add("comment", paraphrase, refs, label="intent"),),
    )


def _wants_to_buy(item: Scored, labels: Labels) -> bool:
    label = labels.get(item.counted.comment.ref)
    return label.wants_to_buy if label else bool(INTENT.search(item.counted.text))


def risks(scored: Sequence[Scored], log: EvidenceLog) -> tuple[Risk, ...]:
    """Two comments are enough: a harm reported twice is worth a look, and the count is shown."""
    found = []
    for kind, words in RISKS.items():
        hits = [item for item in scored if words.pattern.search(item.counted.text)]
        if len(hits) >= 2:
            refs = [item.counted.comment.ref for item in hits]
            evidence = log.add("comment", f"{words.title} ({len(hits)}).", refs, label="risk")
            found.append(_risk(kind, words.title, len(hits), len(hits) / len(scored), evidence))
    return tuple(found)


def _risk(kind: str, title: str, n: int, share: float, evidence: str) -> Risk:
    severity = "high" if kind == "safety" or share >= 0.1 else "medium" if share >= 0.03 else "low"
    return Risk.model_validate(
        {"kind": kind, "severity": severity, "n": n, "title": title, "evidence_ids": (evidence,)}
    )


def _refs(group: Sequence[Mention]) -> list[str]:
    return [mention.item.counted.comment.ref for mention in group]
