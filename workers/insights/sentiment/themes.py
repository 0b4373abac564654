"""What people talk about: aspects and themes of the closed vocabulary, with their evidence.

Praise and complaint count for an aspect only if the clause speaks of the product: "the lamp is too
expensive" does, "keep up the good work" does not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from workers.insights.documents import Aspect, PurchaseIntent, Risk, Theme, ThemeKind
from workers.insights.evidence import EvidenceLog
from workers.insights.sentiment.aspects import (
    INTENT,
    PRECISION,
    QUESTION,
    Hit,
    carries_claims,
    find_in,
    may_hit,
    speaks_of_product,
    wants_to_buy,
)
from workers.insights.sentiment.comments import kind_of, people, said_by
from workers.insights.sentiment.embedding import Vectors
from workers.insights.sentiment.language import ENGLISH
from workers.insights.sentiment.opinions import ReadComment, by_text
from workers.insights.sentiment.phrases import phrases_of
from workers.insights.sentiment.totals import MINIMUM, Opinion, Total, total_of
from workers.insights.statistics import wilson
from workers.insights.vocabulary import ASPECTS, DESIRE, OBJECTION, OVERALL, RISKS, theme_title

MIN_MENTIONS = 3
MIN_REPORTS = 2
LEANING = 0.2  # a clause below this net, either way, neither praises nor complains
MAX_THEMES_PER_KIND = 5
MAX_CLAUSES = 20  # of one comment; the rest counts as one
REVIEW_ASPECTS = frozenset(
    {"price", "ease", "quality", "effect", "look", "size"}
)  # of reviews.toml
_NO_CLAIM = ("objection", "desire")  # found by patterns whose precision nobody measured

_CLAUSE_END = re.compile(
    r"[.!;\n。]+|,?\s+\b(?:but|although|though|however|except|yet|pero|mas|mais|aber|ma)\b\s+"
    r"|(?<=\?)"
)
_NAME_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Mention:
    """An aspect that a comment names, with the opinion of the clause that names it."""

    item: ReadComment
    aspect: str
    kind: ThemeKind | None
    opinion: Opinion


@dataclass(frozen=True, slots=True)
class Said:
    """What was found in comments. `wanting` has those of people who bought or want to."""

    read: tuple[ReadComment, ...]
    mentions: tuple[Mention, ...]
    wanting: tuple[ReadComment, ...]


@dataclass(frozen=True, slots=True)
class _Clause:
    item: ReadComment
    text: str


def find(read: Sequence[ReadComment], product_names: Sequence[str], vectors: Vectors) -> Said:
    """One mention for each comment and aspect, so that a long comment counts as one person.

    A comment with a label is not searched: its label names aspect, kind and intent.
    """
    words = [item for item in read if item.by_text is not None]
    clauses = [
        _Clause(item, text)
        for item in words
        if item.label is None
        for text in _clauses(item.counted.text)
        if may_hit(text)
    ]
    texts = [clause.text for clause in clauses]
    found_hits = find_in(vectors.of(texts), texts)
    hits = [(clause, hit) for clause, hit in zip(clauses, found_hits, strict=True) if hit]
    opinions = by_text(
        [clause.item.counted for clause, _ in hits], vectors, [clause.text for clause, _ in hits]
    )
    product = _product_pattern(product_names)
    wanting = {item.ref: item for item in words if item.label and item.label.wants_to_buy}
    found: dict[tuple[str, str], Mention] = {}
    for item in words:
        if item.label and item.label.aspect and item.by_text:
            mention = Mention(item, item.label.aspect, item.label.kind, item.by_text)
            found[item.ref, item.label.aspect] = mention
    for mention in _in_reviews(words, vectors):
        found.setdefault((mention.item.ref, mention.aspect), mention)
    for (clause, hit), (opinion, net) in zip(hits, opinions, strict=True):
        if wants_to_buy(hit, clause.text):
            wanting.setdefault(clause.item.ref, clause.item)
        if clause.item.comment.kind == "review" and hit.aspect in REVIEW_ASPECTS:
            continue  # their phrases are surer
        kind = _kind(clause, net, hit)
        if _is_of_aspect(clause, hit, kind, product):
            mention = Mention(clause.item, hit.aspect, kind, opinion)
            found.setdefault((clause.item.ref, hit.aspect), mention)
    return Said(tuple(words), tuple(found.values()), tuple(wanting.values()))


def _in_reviews(words: Sequence[ReadComment], vectors: Vectors) -> Iterator[Mention]:
    """What reviews say in phrases of the list, as the phrase says it.

    A review that both praises and blames an aspect counts for neither side of it.
    """
    said: dict[tuple[str, str], tuple[_Clause, set[str]]] = {}
    for item in words:
        if item.comment.kind == "review" and item.label is None:
            for text in _clauses(item.counted.text):
                for aspect, found in phrases_of("reviews.toml").find(text):
                    first = said.setdefault((item.ref, aspect), (_Clause(item, text), set()))
                    first[1].add(found)
    sure = [(aspect, clause, kinds) for (_, aspect), (clause, kinds) in said.items()]
    opinions = by_text(
        [clause.item.counted for _, clause, _ in sure],
        vectors,
        [clause.text for _, clause, _ in sure],
    )
    for (aspect, clause, kinds), (opinion, _) in zip(sure, opinions, strict=True):
        side = cast("ThemeKind", next(iter(kinds))) if len(kinds) == 1 else None
        yield Mention(clause.item, aspect, side, opinion)


def _clauses(text: str) -> list[str]:
    parts = [part.strip() for part in _CLAUSE_END.split(text, MAX_CLAUSES)]
    return [part for part in parts if part] or [text]


def _product_pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    words = {word.lower() for name in names for word in _NAME_WORD.findall(name)}
    return re.compile(rf"\b(?:{'|'.join(sorted(words))})s?\b", re.IGNORECASE) if words else None


def _is_of_aspect(
    clause: _Clause, hit: Hit, kind: ThemeKind | None, product: re.Pattern[str] | None
) -> bool:
    if hit.aspect in {INTENT, QUESTION}:
        return False
    is_english = clause.item.counted.language == ENGLISH
    return kind == "question" or speaks_of_product(
        clause.text, hit.aspect, product, is_english=is_english
    )


def _kind(clause: _Clause, net: float, hit: Hit | None) -> ThemeKind | None:
    """Praise and complaint need the engine and the nearest example to agree."""
    if clause.item.counted.language == ENGLISH:
        if OBJECTION.search(clause.text):
            return "objection"
        if DESIRE.search(clause.text):
            return "desire"
    example = hit.kind if hit and hit.aspect in ASPECTS else None
    if (hit and hit.aspect == QUESTION) or example == "question":
        return "question"
    if "?" in clause.text or abs(net) < LEANING:
        return None
    lean: ThemeKind = "praise" if net > 0 else "pain"
    return lean if example in {None, lean} else None


def aspects(said: Said, log: EvidenceLog) -> tuple[Aspect, ...]:
    """The aspects, the most mentioned first."""
    groups: defaultdict[str, list[Mention]] = defaultdict(list)
    for mention in said.mentions:
        if mention.kind != "question":  # a question about the price is no opinion of it
            groups[mention.aspect].append(mention)
    large = [
        (name, group)
        for name, group in groups.items()
        if people(mention.item.comment for mention in group) >= MIN_MENTIONS
    ]
    large.sort(key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple(_aspect(name, group, log) for name, group in large)


def _aspect(name: str, group: Sequence[Mention], log: EvidenceLog) -> Aspect:
    found = total_of([mention.opinion for mention in group])
    comments = [mention.item.comment for mention in group]
    who, lean = said_by(comments), _lean(found)
    paraphrase = f"{who} speak of {ASPECTS[name].noun}; opinions are {lean}."
    basis = f"the clauses of {who} that name it"
    return Aspect(
        name=name,
        mentions=len(group),
        net=found and found.net,
        ci95=found and found.net_ci95,
        precision=PRECISION.get(name),
        basis=basis if found else f"{basis}: a total needs {MINIMUM}",
        evidence_ids=(log.add(kind_of(comments), paraphrase, _refs(group), label=lean),),
    )


def _lean(found: Total | None) -> str:
    if found is None:
        return "too few to sum up"
    low, high = found.net_ci95
    if low > 0:
        return "mostly good"
    if high < 0:
        return "mostly bad"
    return "about even" if found.is_telling else "unclear"


def themes(said: Said, log: EvidenceLog) -> tuple[Theme, ...]:
    """The largest themes of each kind. Shares are of all comments whose words were read.

    Three people say each of them: one person may write many comments.
    """
    groups: defaultdict[tuple[ThemeKind, str], list[Mention]] = defaultdict(list)
    for mention in (*said.mentions, *_unspecific(said)):
        if mention.kind is not None:
            groups[mention.kind, mention.aspect].append(mention)
    found = [
        _theme(kind, aspect, group, len(said.read), log)
        for (kind, aspect), group in groups.items()
        if people(mention.item.comment for mention in group) >= MIN_MENTIONS
    ]
    found.sort(key=lambda theme: (theme.kind, theme.aspect == OVERALL, -theme.n, theme.title))
    return tuple(_first_of_each_kind(found))


def _unspecific(said: Said) -> Iterator[Mention]:
    named = {mention.item.ref for mention in said.mentions}
    for item in said.read:
        if item.ref not in named and item.by_text is not None:
            clause = _Clause(item, item.counted.text)
            kind = item.label.kind if item.label else _kind(clause, item.net, None)
            if kind is None and item.label is None and "?" in item.counted.text:
                kind = "question"
            about = item.label.theme if item.label and item.label.theme else OVERALL
            yield Mention(item, about, kind, item.by_text)


def _theme(
    kind: ThemeKind, aspect: str, group: Sequence[Mention], comments: int, log: EvidenceLog
) -> Theme:
    is_open = aspect != OVERALL and aspect not in ASPECTS  # a title in the model's words
    title = aspect if is_open else theme_title(kind, aspect)
    sources = [mention.item.comment for mention in group]
    paraphrase = f"{title} ({said_by(sources)})."
    return Theme(
        kind=kind,
        aspect=None if is_open else aspect,
        title=title,
        source="model" if is_open else "vocabulary",
        share=round(len(group) / comments, 3),
        n=len(group),
        carries_claims=not is_open
        and kind not in _NO_CLAIM
        and carries_claims(aspect, only_reviews=kind_of(sources) == "review"),
        evidence_ids=(log.add(kind_of(sources), paraphrase, _refs(group), label=kind),),
    )


def _first_of_each_kind(found: Sequence[Theme]) -> Iterator[Theme]:
    taken: defaultdict[str, int] = defaultdict(int)
    for theme in found:
        taken[theme.kind] += 1
        if taken[theme.kind] <= MAX_THEMES_PER_KIND:
            yield theme


def purchase_intent(said: Said, log: EvidenceLog) -> PurchaseIntent:
    basis = "comments that say they bought, will buy, or ask where to"
    if not said.read:
        return PurchaseIntent(share=None, ci95=None, n=0, basis=basis, evidence_ids=())
    n, wanting = len(said.read), len(said.wanting)
    who = [item.comment for item in said.read]
    low, high = wilson(wanting / n, people(who))
    verbs = "wants to buy or has bought" if wanting == 1 else "want to buy or have bought"
    paraphrase = f"{wanting:,} of {said_by(who)} {verbs}."
    if not wanting:
        paraphrase = f"None of {said_by(who)} speaks of buying."
    refs = [item.ref for item in said.wanting or said.read]
    return PurchaseIntent(
        share=round(wanting / n, 3),
        ci95=(round(low, 3), round(high, 3)),
        n=n,
        basis=basis,
        evidence_ids=(log.add(kind_of(who), paraphrase, refs, label="intent"),),
    )


def risks(said: Said, log: EvidenceLog) -> tuple[Risk, ...]:
    """Harms that two people or more report, with the count."""
    found = []
    for kind, words in RISKS.items():
        hits = [item for item in said.read if words.pattern.search(item.counted.text)]
        comments, refs = [item.comment for item in hits], [item.ref for item in hits]
        if people(comments) >= MIN_REPORTS:
            paraphrase = f"{words.title} ({said_by(comments)})."
            evidence = log.add(kind_of(comments), paraphrase, refs, label="risk")
            found.append(_risk(kind, words.title, len(hits), len(hits) / len(said.read), evidence))
    return tuple(found)


def _risk(kind: str, title: str, n: int, share: float, evidence: str) -> Risk:
    severity = "high" if kind == "safety" or share >= 0.1 else "medium" if share >= 0.03 else "low"
    return Risk.model_validate(
        {"kind": kind, "severity": severity, "n": n, "title": title, "evidence_ids": (evidence,)}
    )


def _refs(group: Sequence[Mention]) -> list[str]:
    return [mention.item.ref for mention in group]
