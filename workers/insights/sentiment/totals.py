"""From counted comments to totals with intervals. Single labels are weak, totals are usable.

A scorer's chances take the mix of its training sets for granted; where people mostly praise, it
sees too little praise. Expectation maximisation (Saerens, Latinne, Decaestecker 2002) finds the mix
under which the chances fit the texts. On groups of 60 texts it takes a fifth off the error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workers.insights.documents import Distribution, Overall
from workers.insights.evidence import EvidenceLog
from workers.insights.sentiment.comments import Counted
from workers.insights.sentiment.lexicon import Probabilities, Scorer
from workers.insights.statistics import Z95, effective_size, weighted_mean

Mix = tuple[float, float, float]

ROUNDS = 30
# As many texts of the training mix are added: a handful of texts must not run to an extreme.
PRIOR_TEXTS = 5.0

MINIMUM = 10  # fewer comments give no total, only an interval from bad to good
UNSURE_BELOW = 0.5  # certainty of the likeliest label
# Error of a total that more comments don't shrink: how far it is off from one kind of texts to the
# next (standard deviation, on sets that the weights were not fitted on). Per engine; a language
# model's labels have not been measured and are taken for no better than ours.
LABEL_BIAS = {"vader-calibrated": 0.17}
OTHER_LABEL_BIAS = 0.12


def mix(chances: Sequence[Probabilities], weights: Sequence[float], prior: Mix) -> Mix:
    """Shares of negative, neutral and positive among weighted texts."""
    found = prior
    for _ in range(ROUNDS):
        adapted = [adapt(chance, found, prior) for chance in chances]
        found = _shares(adapted, weights, prior)
    return found


def adapt(chance: Probabilities, found: Mix, prior: Mix) -> Mix:
    """The chances of one text, had the scorer known the mix."""
    given = (chance.negative, chance.neutral, chance.positive)
    scaled = [p * new / old for p, new, old in zip(given, found, prior, strict=True)]
    total = sum(scaled)
    negative, neutral, positive = (value / total for value in scaled)
    return negative, neutral, positive


def _shares(adapted: Sequence[Mix], weights: Sequence[float], prior: Mix) -> Mix:
    total = sum(weights) + PRIOR_TEXTS
    negative, neutral, positive = (
        (sum(w * one[place] for one, w in zip(adapted, weights, strict=True)) + PRIOR_TEXTS * share)
        / total
        for place, share in enumerate(prior)
    )
    return negative, neutral, positive


@dataclass(frozen=True, slots=True)
class Scored:
    """A comment that counts, with its chances."""

    counted: Counted
    chances: Probabilities

    @property
    def weight(self) -> float:
        return self.counted.weight


@dataclass(frozen=True, slots=True)
class Total:
    net: float
    ci95: tuple[float, float]
    distribution: Distribution
    unsure_share: float
    n: int


def score_comments(kept: Sequence[Counted], scorer: Scorer) -> tuple[Scored, ...]:
    chances = scorer.score([counted.text for counted in kept])
    return tuple(Scored(c, p) for c, p in zip(kept, chances, strict=True))


def total(scored: Sequence[Scored], scorer: Scorer) -> Total | None:
    """From chances, not from counts of labels: the unsure count as what they may be."""
    if len(scored) < MINIMUM:
        return None
    weights = [item.weight for item in scored]
    chances = [item.chances for item in scored]
    found = mix(chances, weights, scorer.prior)
    adapted = [adapt(chance, found, scorer.prior) for chance in chances]
    net = found[2] - found[0]
    unsure = [float(max(one) < UNSURE_BELOW) for one in adapted]
    return Total(
        net=net,
        ci95=net_interval(net, [one[2] - one[0] for one in adapted], weights, label_bias(scorer)),
        distribution=_distribution(found),
        unsure_share=round(weighted_mean(unsure, weights), 3),
        n=len(scored),
    )


def label_bias(scorer: Scorer) -> float:
    return LABEL_BIAS.get(scorer.name, OTHER_LABEL_BIAS)


def net_interval(
    net: float, nets: Sequence[float], weights: Sequence[float], bias: float
) -> tuple[float, float]:
    """Sampling error and label error together."""
    variance = weighted_mean([(value - net) ** 2 for value in nets], weights)
    half = Z95 * math.sqrt(variance / effective_size(weights) + bias**2)
    return round(max(-1.0, net - half), 3), round(min(1.0, net + half), 3)


def overall(
    found: Total | None, n: int, log: EvidenceLog, refs: Sequence[str], *, is_calibrated: bool
) -> Overall:
    """`is_calibrated` is the engine's."""
    if found is None:
        return _insufficient(n, log, refs)
    label = _label(found)
    basis = f"{found.n} comments and reviews, copies counted once"
    evidence = log.add("comment", f"{found.n} comments read; as a whole they are {label}.", refs)
    return Overall(
        label=label,
        net=round(found.net, 3),
        ci95=found.ci95,
        distribution=found.distribution,
        unsure_share=found.unsure_share,
        calibrated=is_calibrated,
        basis=basis,
        n=found.n,
        evidence_ids=(evidence,),
    )


def _insufficient(n: int, log: EvidenceLog, refs: Sequence[str]) -> Overall:
    paraphrase = f"{n} comments could be read; a total needs {MINIMUM}."
    return Overall(
        label="insufficient_data",
        net=None,
        ci95=None,
        distribution=None,
        unsure_share=None,
        calibrated=False,
        basis=paraphrase,
        n=n,
        evidence_ids=(log.add("comment", paraphrase, refs),) if refs else (),
    )


def _label(found: Total) -> Literal["positive", "mixed", "negative", "neutral"]:
    """Only what the interval carries: one that spans zero is called mixed or neutral."""
    low, high = found.ci95
    if low > 0:
        return "positive"
    if high < 0:
        return "negative"
    return "neutral" if found.distribution.neutral >= 0.5 else "mixed"


def _distribution(found: Mix) -> Distribution:
    negative, positive = round(found[0], 3), round(found[2], 3)
    return Distribution(
        positive=positive, negative=negative, neutral=round(max(0.0, 1 - positive - negative), 3)
    )
