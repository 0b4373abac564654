"""Shares of opinions among many comments, with intervals that hold on other kinds of text.

The mean of the probabilities is too flat: over negative texts it gives about 60 % negative.
Cross-validation gives the confusion: the mean probabilities for each true label. It predicts a mean
for each possible mix of labels. Bayes' rule weighs each mix by how well it predicts the mean seen.

Three things part the mean from its prediction, and each widens the interval:

- Chance among the comments read. It shrinks with their number.
- Texts of another kind than those fitted on (`OFFSET`, `ROW`). No number of comments helps. `ROW`
  for English is what the two training sets differ by: 0.05 in a row, 0.12 of the separation of
  0.43. `OFFSET` is 0.6 of it.
- A loss of separation between the labels (`LOSSES`). A set left out of the fit keeps 43 % of it, if
  the other set is all there is to fit. Two sets are fitted, so English may lose up to 40 %. Another
  language may lose up to 80 %.

Choices made with evaluation sets in view, so that their figures flatter:

- `engine.blend`: the mean of both heads, not the English head alone.
- Totals come from the neutral head, also for English.
- `EVENNESS` for the shares shown, and a flat prior for intervals.
- `train_sentiment.example_weights`: labels count alike within each set; and `PENALTY` there.
- `engine.FOREIGN_NEUTRAL`, which changes labels of single comments alone.
- The columns for other languages of `OFFSET`, `ROW`, `LOSSES`. No training set has other languages:
  they were raised until nine of ten intervals held in six languages of the development half.

A language model's labels, and those of emoji, were not measured. `ASSUMED` is how often they are
taken to err; the widths are those of the embedded engine. Stars are labels: they have the error of
a sample alone.

Known limit: where nearly all comments of another language agree, 64 to 90 % of its intervals hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workers.insights.sentiment.engine import read_weights
from workers.insights.statistics import effective_size

Numbers = NDArray[np.float64]
Basis = Literal["text", "label", "stars"]

MINIMUM = 10  # fewer comments, or fewer people, give no total
STEPS = 40  # of the grid of mixes: 0.025 apart
# Standard deviation between kinds of text, as parts of the separation of the labels: of all rows
# of the confusion together, and of each by itself. For English, and for other languages.
OFFSET = (0.07, 0.12)
ROW = (0.12, 0.20)
# Shares of the separation that may be lost, equally likely. For English, and for other languages.
LOSSES = ((0.0, 0.2, 0.4), (0.0, 0.4, 0.8))
# Parameter of the Dirichlet prior for the shares shown: extreme shares are rarer. Intervals have a
# flat prior. With this one they would miss where nearly all praise or nearly all complain.
EVENNESS = 1.5
LEVEL = 0.95
NEAR_ZERO = 0.2  # an interval of the net within this, either way, says "about even"
# How often a language model names negative, neutral, positive (columns) for texts that are (rows).
ASSUMED = np.array([[0.9, 0.07, 0.03], [0.05, 0.9, 0.05], [0.03, 0.07, 0.9]])
STAR_PRIOR = 0.5  # of each label: Jeffreys' prior
DRAWS = 4000  # of each kind of opinion, where several are added up


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one comment or clause says: chances of negative, neutral, positive.

    Chances by `text` are `Reading.totals`. Those by a `label` of a language model or of emoji, and
    by `stars`, are one for the label that was given.
    """

    chances: tuple[float, float, float]
    weight: float
    basis: Basis = "text"
    is_foreign: bool = False
    person: str | None = None  # who says it; None: nobody else


@dataclass(frozen=True, slots=True)
class Total:
    """Shares among the comments read; `net` is positive minus negative.

    Intervals are 95 % intervals for the comments read. Comments not collected may differ.
    """

    negative: float
    neutral: float
    positive: float
    net: float
    net_ci95: tuple[float, float]
    shares_ci95: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    n: int
    people: int

    @property
    def is_telling(self) -> bool:
        """The interval excludes zero, or says that good and bad are about even."""
        low, high = self.net_ci95
        return low > 0 or high < 0 or (low >= -NEAR_ZERO and high <= NEAR_ZERO)


@dataclass(frozen=True, slots=True)
class _Posterior:
    """Possible shares (rows of `mixes`) with their densities; `shown` is the estimate."""

    mixes: Numbers
    density: Numbers
    shown: Numbers


def total(chances: Numbers, weights: Sequence[float], foreign: float = 0.0) -> Total | None:
    """`chances` are `Reading.totals`; `foreign` is the share of comments that are not English.

    None for fewer comments than `MINIMUM`.
    """
    if len(chances) < MINIMUM:
        return None
    size = effective_size(weights)
    found = _by_text(chances, weights, size, foreign, _confusion())
    return _summed(found, len(chances), len(chances))


def total_of(opinions: Sequence[Opinion]) -> Total | None:
    """Of opinions of any basis. None for fewer than `MINIMUM`, or of fewer people."""
    people = len(_per_person(opinions))
    if people < MINIMUM:
        return None
    groups: defaultdict[Basis, list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        groups[opinion.basis].append(opinion)
    found = [_posterior(basis, groups[basis]) for basis in sorted(groups)]
    sums = [sum(opinion.weight for opinion in groups[basis]) for basis in sorted(groups)]
    return _summed(_together(found, sums), len(opinions), people)


def _per_person(opinions: Sequence[Opinion]) -> list[float]:
    """The weight of each person. Many comments of one person are one draw, not many."""
    sums: defaultdict[object, float] = defaultdict(float)
    for place, opinion in enumerate(opinions):
        sums[place if opinion.person is None else opinion.person] += opinion.weight
    return list(sums.values())


def _posterior(basis: Basis, opinions: Sequence[Opinion]) -> _Posterior:
    chances = np.array([opinion.chances for opinion in opinions])
    weights = [opinion.weight for opinion in opinions]
    size = effective_size(_per_person(opinions))
    if basis == "stars":
        return _by_stars(chances, weights, size)
    foreign = sum(o.weight for o in opinions if o.is_foreign) / sum(weights)
    errors = _confusion() if basis == "text" else _assumed()
    return _by_text(chances, weights, size, foreign, errors)


def _by_text(
    chances: Numbers,
    weights: Sequence[float],
    size: float,
    foreign: float,
    errors: tuple[Numbers, Numbers],
) -> _Posterior:
    mixes = _grid()
    mean = np.array(weights) @ chances / sum(weights)
    fit = _fit(mean[[0, 2]], size, foreign, errors)
    shown = _normalized(fit + (EVENNESS - 1) * np.log(mixes + 0.001).sum(axis=1)) @ mixes
    return _Posterior(mixes, _normalized(fit), shown)


def _by_stars(labels: Numbers, weights: Sequence[float], size: float) -> _Posterior:
    shares = np.array(weights) @ labels / sum(weights)
    counts = shares * size + STAR_PRIOR
    mixes = np.random.default_rng(0).dirichlet(counts, DRAWS)
    return _Posterior(mixes, np.full(DRAWS, 1 / DRAWS), shares)


def _together(found: Sequence[_Posterior], sums: Sequence[float]) -> _Posterior:
    """The weighted mean of independent shares, by draws from a fixed seed."""
    if len(found) == 1:
        return found[0]
    chance = np.random.default_rng(0)
    parts = [one.mixes[chance.choice(len(one.mixes), DRAWS, p=one.density)] for one in found]
    shares = np.array(sums) / sum(sums)
    return _Posterior(
        mixes=np.tensordot(shares, np.array(parts), axes=1),
        density=np.full(DRAWS, 1 / DRAWS),
        shown=np.tensordot(shares, np.array([one.shown for one in found]), axes=1),
    )


def _summed(found: _Posterior, n: int, people: int) -> Total:
    mixes, density, shares = found.mixes, found.density, found.shown
    low, high = _interval(mixes[:, 2] - mixes[:, 0], density)
    net = round(float(shares[2] - shares[0]), 3)
    return Total(
        negative=round(float(shares[0]), 3),
        neutral=round(float(shares[1]), 3),
        positive=round(float(shares[2]), 3),
        net=net,
        net_ci95=(min(low, net), max(high, net)),
        shares_ci95=(
            _interval(mixes[:, 0], density),
            _interval(mixes[:, 1], density),
            _interval(mixes[:, 2], density),
        ),
        n=n,
        people=people,
    )


def confidence(found: Total | None) -> Literal["high", "medium", "low", "insufficient_data"]:
    """High or medium if the interval is telling; otherwise by its width."""
    if found is None:
        return "insufficient_data"
    if found.is_telling:
        return "high" if found.people >= 100 else "medium"
    return "medium" if found.net_ci95[1] - found.net_ci95[0] <= 0.5 else "low"


@cache
def _grid() -> Numbers:
    """All mixes of three labels, in steps of 1 / STEPS."""
    steps = range(STEPS + 1)
    return np.array([(a, b, STEPS - a - b) for a in steps for b in range(STEPS + 1 - a)]) / STEPS


def _fit(mean: Numbers, size: float, foreign: float, errors: tuple[Numbers, Numbers]) -> Numbers:
    """Log likelihood of the mean chances of negative and positive under each mix of the grid."""
    mixes = _grid()
    confusion, spread = errors
    separation = (confusion[0, 0] - confusion[2, 0] + confusion[2, 2] - confusion[0, 2]) / 2
    offset = _between(OFFSET, foreign) * separation
    row = _between(ROW, foreign) * separation
    covariance = np.einsum("mk,kij->mij", mixes, spread) / size
    apart = offset**2 + row**2 * (mixes**2).sum(axis=1)
    a, b, c = covariance[:, 0, 0] + apart, covariance[:, 0, 1], covariance[:, 1, 1] + apart
    determinant = a * c - b * b
    logs = []
    for english_loss, foreign_loss in zip(*LOSSES, strict=True):
        loss = _between((english_loss, foreign_loss), foreign)
        rows = (1 - loss) * confusion + loss * confusion.mean(axis=0)
        x, y = (mean - mixes @ rows[:, [0, 2]]).T
        distance = (c * x * x - 2 * b * x * y + a * y * y) / determinant
        logs.append(-0.5 * (distance + np.log(determinant)))
    likelihood: Numbers = np.logaddexp.reduce(logs, axis=0)
    return likelihood


def _normalized(logs: Numbers) -> Numbers:
    density = np.exp(logs - logs.max())
    shares: Numbers = density / density.sum()
    return shares


def _between(pair: tuple[float, float], foreign: float) -> float:
    return pair[0] + (pair[1] - pair[0]) * foreign


def _interval(values: Numbers, density: Numbers) -> tuple[float, float]:
    """The middle 95 % of `values`."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(density[order])
    tail = (1 - LEVEL) / 2
    places = np.minimum(np.searchsorted(below, [tail, 1 - tail]), len(values) - 1)
    low, high = values[order][places]
    return round(float(low), 3), round(float(high), 3)


@cache
def _confusion() -> tuple[Numbers, Numbers]:
    raw = read_weights()["totals"]
    return np.array(raw["confusion"]), np.array(raw["spread"])


@cache
def _assumed() -> tuple[Numbers, Numbers]:
    """`ASSUMED`, with the covariance of counting one label per text."""
    named = ASSUMED[:, [0, 2]]
    spread = np.array([np.diag(row) - np.outer(row, row) for row in named])
    return ASSUMED, spread
