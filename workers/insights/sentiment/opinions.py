"""The overall opinion of prepared comments: by stars, by a model's labels, by the text.

A review with stars counts by them. A comment that a language model labelled counts by its label,
whatever its language. A comment of emoji alone counts by them. The embedded engine reads all others
in its languages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from workers.insights.documents import Distribution, DistributionIntervals, Overall, Stars
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Comment, Label, Labels
from workers.insights.sentiment.comments import (
    Counted,
    Prepared,
    kind_of,
    people,
    person_of,
    plural,
    said_by,
)
from workers.insights.sentiment.embedding import Vectors
from workers.insights.sentiment.engine import read_vectors
from workers.insights.sentiment.faces import feeling, is_wordless
from workers.insights.sentiment.language import ENGLISH, UNKNOWN
from workers.insights.sentiment.negation import plainly
from workers.insights.sentiment.totals import MINIMUM, Opinion, Total

# Least lower end of an interval: of praise and of complaint for "mixed", of neutral for "neutral".
BOTH, MOST = 0.05, 0.5
_NETS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
_CERTAIN = {
    "negative": (1.0, 0.0, 0.0),
    "neutral": (0.0, 1.0, 0.0),
    "positive": (0.0, 0.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class ReadComment:
    """A comment that counts. `by_text` is None where neither engine nor model read the words."""

    counted: Counted
    opinion: Opinion
    by_text: Opinion | None
    net: float  # of the words, -1 to 1
    label: Label | None

    @property
    def comment(self) -> Comment:
        return self.counted.comment

    @property
    def ref(self) -> str:
        return self.counted.comment.ref


def read_comments(prepared: Prepared, labels: Labels, vectors: Vectors) -> tuple[ReadComment, ...]:
    """All comments that count. Comments in the engine's languages come first."""
    others = [c for c in prepared.not_read if c.comment.ref in labels or sentiment_of(c.comment)]
    by_engine = [c for c in prepared.kept if c.comment.ref not in labels]
    read = dict(zip((c.comment.ref for c in by_engine), by_text(by_engine, vectors), strict=True))
    return tuple(
        _read(counted, labels.get(counted.comment.ref), read.get(counted.comment.ref))
        for counted in (*prepared.kept, *others)
    )


def by_text(
    counted: Sequence[Counted], vectors: Vectors, texts: Sequence[str] | None = None
) -> list[tuple[Opinion, float]]:
    """The engine's opinion and net of each comment, or of its clause if `texts` has clauses."""
    said = [plainly(text) for text in ([one.text for one in counted] if texts is None else texts)]
    # The lexicon names emoji. What is read without a language has nothing else.
    is_english = [one.language in {ENGLISH, UNKNOWN} for one in counted]
    found = read_vectors(vectors.of(said), said, is_english)
    return [
        (
            Opinion(
                _chances(total),
                one.weight,
                "text",
                is_foreign=one.language != ENGLISH,
                person=person_of(one.comment),
            ),
            float(label[2] - label[0]),
        )
        for one, total, label in zip(
            counted, found.totals.tolist(), found.labels.tolist(), strict=True
        )
    ]


def _chances(row: Sequence[float]) -> tuple[float, float, float]:
    negative, neutral, positive = row
    return negative, neutral, positive


def _read(counted: Counted, label: Label | None, read: tuple[Opinion, float] | None) -> ReadComment:
    words, net = read or (None, 0.0)
    given = None if label is None else label.sentiment
    is_foreign = counted.language != ENGLISH
    if given is None and is_wordless(counted.text):
        given, is_foreign = feeling(counted.text), False
    person = person_of(counted.comment)
    if given is not None:
        words = Opinion(_CERTAIN[given], counted.weight, "label", is_foreign, person)
        net = _NETS[given]
    stars = sentiment_of(counted.comment)
    opinion = words
    if stars is not None:
        opinion = Opinion(_CERTAIN[stars], counted.weight, "stars", person=person)
    if opinion is None:
        raise ValueError("a comment that counts has stars, a label or a language that is read")
    return ReadComment(counted, opinion, words, net, label)


def stars_of(comment: Comment) -> int | None:
    """One to five, or None for a comment without stars."""
    if comment.rating is None or not 0 < comment.rating <= 5:
        return None
    return max(1, math.floor(comment.rating + 0.5))


def sentiment_of(comment: Comment) -> Literal["negative", "neutral", "positive"] | None:
    """One and two stars complain, four and five praise."""
    stars = stars_of(comment)
    if stars is None:
        return None
    return "negative" if stars <= 2 else "neutral" if stars == 3 else "positive"


def stars(read: Sequence[ReadComment], log: EvidenceLog) -> Stars | None:
    """Mean and counts of the reviews with stars: the first of each person, without a weight."""
    first: dict[str, ReadComment] = {}
    for item in read:
        if stars_of(item.comment) is not None:
            first.setdefault(person_of(item.comment), item)
    rated = list(first.values())
    if not rated:
        return None
    found = [stars_of(item.comment) or 0 for item in rated]
    mean = round(fmean(found), 2)
    counts = tuple(found.count(n) for n in range(1, 6))
    said = f"{plural(len(rated), 'review')} give {mean:.1f} of 5 stars on average."
    if len(rated) == 1:
        said = f"1 review gives {plural(found[0], 'star')} of 5."
    evidence = log.add("review", said, [item.ref for item in rated], label="stars")
    return Stars.model_validate(
        {"mean": mean, "n": len(rated), "counts": counts, "evidence_ids": (evidence,)}
    )


def overall(
    found: Total | None, read: Sequence[ReadComment], log: EvidenceLog, *, is_calibrated: bool
) -> Overall:
    """`is_calibrated` is the scorer's."""
    comments = [item.comment for item in read]
    refs = [item.ref for item in read]
    if found is None:
        return _insufficient(comments, log, refs)
    label = _label(found)
    said = f"{said_by(comments)} read; as a whole they are {label}."
    negative, neutral, positive = found.shares_ci95
    return Overall(
        label=label,
        net=found.net,
        ci95=found.net_ci95,
        distribution=Distribution(
            positive=found.positive,
            negative=found.negative,
            neutral=round(max(0.0, 1 - found.positive - found.negative), 3),
        ),
        distribution_ci95=DistributionIntervals(
            positive=positive, neutral=neutral, negative=negative
        ),
        calibrated=is_calibrated,
        basis=_basis(read),
        n=found.n,
        evidence_ids=(log.add(kind_of(comments), said, refs),),
    )


def _basis(read: Sequence[ReadComment]) -> str:
    by_stars = [item.comment for item in read if item.opinion.basis == "stars"]
    by_words = [item.comment for item in read if item.opinion.basis != "stars"]
    parts = [f"{said_by(by_words)} by their words"] if by_words else []
    parts += [f"{said_by(by_stars)} by their stars"] if by_stars else []
    return f"{' and '.join(parts)}, copies counted once"


def _insufficient(comments: Sequence[Comment], log: EvidenceLog, refs: Sequence[str]) -> Overall:
    said = f"{said_by(comments)} could be read; a total needs {MINIMUM}."
    if len(comments) >= MINIMUM > people(comments):
        said = f"{said_by(comments)} come from too few people; a total needs {MINIMUM} people."
    return Overall(
        label="insufficient_data",
        net=None,
        ci95=None,
        distribution=None,
        distribution_ci95=None,
        calibrated=False,
        basis=said,
        n=len(comments),
        evidence_ids=(log.add(kind_of(comments), said, refs),) if refs else (),
    )


def _label(
    found: Total,
) -> Literal["positive", "mixed", "negative", "neutral", "unclear"]:
    """The label that the intervals support."""
    low, high = found.net_ci95
    if low > 0:
        return "positive"
    if high < 0:
        return "negative"
    negative, neutral, positive = found.shares_ci95
    if negative[0] >= BOTH and positive[0] >= BOTH:
        return "mixed"
    return "neutral" if neutral[0] >= MOST else "unclear"
