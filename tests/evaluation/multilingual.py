"""Judges the multilingual engine: `python -m tests.evaluation.multilingual DATA`.

Prints each bar with its value and its threshold, and what a constant answer and shuffled labels
get. Exits with 1 if a bar falls short. Needs scikit-learn and the project's development data.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from tests.evaluation.train_sentiment import LABELS, is_training_group
from workers.insights.sentiment.aspects import FIT, carries_claims
from workers.insights.sentiment.comments import clean
from workers.insights.sentiment.engine import read
from workers.insights.sentiment.language import ENGLISH, detect_language
from workers.insights.sentiment.totals import Total, total

Numbers = NDArray[np.float64]
SHORT_COMMENTS = Path(__file__).parents[1] / "data" / "short_comments.json"
ASPECT_SHEET = Path(__file__).with_name("aspect_precision.csv")
MAX_TEXTS = 2500  # of each set, drawn once
GROUP_SIZE, GROUPS = 60, 200
REVIEWS = "amazon_snippets"
ENGLISH_SETS = {
    REVIEWS: 0.646,
    "tweeteval_val": 0.609,
    "youtube_comments": 0.63,
    "airline_tweets": None,
    "umsab_en": None,
}
OTHER_SETS = ("umsab_es", "umsab_pt", "umsab_fr", "umsab_de", "umsab_it", "umsab_hi", "umsab_ar")
MIXES = ("natural", "random", "one-sided")
ONE_SIDED = ((0.05, 0.10, 0.85), (0.10, 0.20, 0.70), (0.70, 0.20, 0.10), (0.85, 0.10, 0.05))


@dataclass(frozen=True)
class Line:
    """A bar: `low` or `high` is the threshold; neither for what is only reported."""

    what: str
    value: float
    low: float | None = None
    high: float | None = None
    beside: str = ""

    @property
    def is_short(self) -> bool:
        below = self.low is not None and self.value < self.low
        return below or (self.high is not None and self.value > self.high)

    def __str__(self) -> str:
        asked = f"≥ {self.low}" if self.low is not None else f"≤ {self.high}"
        asked = asked if self.low is not None or self.high is not None else ""
        verdict = "SHORT" if self.is_short else "ok" if asked else "-"
        return f"{verdict:6}{self.value:7.3f}  {asked:8}{self.what:58}{self.beside}"


@dataclass(frozen=True)
class Judged:
    """A labelled set as the engine reads it."""

    name: str
    truth: NDArray[np.int64]
    labels: Numbers
    totals: Numbers

    @property
    def foreign(self) -> float:
        return float(self.name in OTHER_SETS)


@dataclass(frozen=True)
class Groups:
    """Totals of groups of sixty beside their true shares."""

    found: list[Total]
    shares: Numbers

    @property
    def nets(self) -> Numbers:
        nets: Numbers = self.shares[:, 2] - self.shares[:, 0]
        return nets

    @property
    def estimates(self) -> Numbers:
        return np.array([one.net for one in self.found])

    @property
    def coverage(self) -> float:
        pairs = zip(self.found, self.nets, strict=True)
        return fmean(t.net_ci95[0] - 1e-9 <= net <= t.net_ci95[1] + 1e-9 for t, net in pairs)

    @property
    def distance(self) -> float:
        """Total variation between the distribution shown and the true one."""
        shown = np.array([(t.negative, t.neutral, t.positive) for t in self.found])
        return float(np.abs(shown - self.shares).sum(axis=1).mean() / 2)

    @property
    def half_width(self) -> float:
        return fmean((t.net_ci95[1] - t.net_ci95[0]) / 2 for t in self.found)

    @property
    def correlation(self) -> float:
        return float(np.corrcoef(self.estimates, self.nets)[0, 1])


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0] if arguments else "../shared/data")
    sets = [judge(folder, name) for name in (*ENGLISH_SETS, *OTHER_SETS)]
    lines = [*label_lines(sets), *total_lines(sets), *language_lines(), *aspect_lines()]
    lines += speed_lines(folder)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    short = sum(line.is_short for line in lines)
    sys.stdout.write(f"\n{short} of {len(lines)} bars fall short\n")
    return 1 if short else 0


def judge(folder: Path, name: str) -> Judged:
    place = "sentiment_languages" if name.startswith("umsab") else "sentiment"
    with gzip.open(folder / place / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_unseen(row.get("group") or "")]
    chance = np.random.default_rng(1)
    rows = [rows[i] for i in sorted(chance.permutation(len(rows))[:MAX_TEXTS])]
    texts = [clean(row["text"]) for row in rows]
    found = read(texts, [name in ENGLISH_SETS] * len(texts))
    truth = np.array([LABELS.index(row["label"]) for row in rows])
    return Judged(name, truth, found.labels, found.totals)


def _is_unseen(group: str) -> bool:
    return not group or not is_training_group(group)


def label_lines(sets: list[Judged]) -> list[Line]:
    scores = {one.name: macro_f1(one.truth, one.labels.argmax(axis=1)) for one in sets}
    lines = [
        Line(f"macro-F1 {one.name}", scores[one.name], ENGLISH_SETS.get(one.name), None, _none(one))
        for one in sets
    ]
    mean = fmean(scores[name] for name in OTHER_SETS)
    constant = fmean(_constant(one) for one in sets if one.name in OTHER_SETS)
    beside = f"a constant {constant:.3f}"
    calibration = [Line(f"calibration error {one.name}", _calibration(one)) for one in sets]
    return [
        *lines,
        Line("macro-F1, mean of seven languages", mean, 0.5, None, beside),
        *calibration,
    ]


def macro_f1(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    return float(f1_score(truth, guess, average="macro", labels=[0, 1, 2], zero_division=0))


def _constant(one: Judged) -> float:
    commonest = np.bincount(one.truth).argmax()
    return macro_f1(one.truth, np.full(len(one.truth), commonest))


def _none(one: Judged) -> str:
    shuffled = np.random.default_rng(2).permutation(one.truth)
    got = macro_f1(shuffled, one.labels.argmax(axis=1))
    return f"a constant {_constant(one):.3f}, shuffled labels {got:.3f}, n = {len(one.truth)}"


def _calibration(one: Judged) -> float:
    """How far the certainty of ten equal parts is from their share of right labels."""
    certainty, right = one.labels.max(axis=1), one.labels.argmax(axis=1) == one.truth
    parts = np.array_split(np.argsort(certainty), 10)
    gaps = [len(part) * abs(certainty[part].mean() - right[part].mean()) for part in parts]
    return float(sum(gaps) / len(certainty))


def total_lines(sets: list[Judged]) -> Iterator[Line]:
    for one in sets:
        for mix in MIXES:
            groups = make_groups(one, mix)
            yield from _lines_of(one, mix, groups)


def _lines_of(one: Judged, mix: str, groups: Groups) -> Iterator[Line]:
    what = f"{one.name}, {mix} mix"
    shuffled = np.random.default_rng(3).permutation(groups.nets)
    prior = np.abs(groups.shares - 1 / 3).sum(axis=1).mean() / 2
    even = fmean(abs(groups.nets))
    error = fmean(abs(groups.estimates - groups.nets))
    telling = fmean(t.is_telling for t in groups.found)
    beside = f"half width {groups.half_width:.2f}; tells something in {telling:.0%}"
    yield Line(f"intervals that hold: {what}", groups.coverage, 0.9, None, beside)
    bar = 0.12 if mix == "natural" else None
    beside = f"thirds always {prior:.3f}"
    yield Line(f"distribution off by: {what}", groups.distance, None, bar, beside)
    yield Line(f"error of the net: {what}", error, None, None, f"zero always {even:.3f}")
    if mix == "random":
        beside = f"shuffled {np.corrcoef(groups.estimates, shuffled)[0, 1]:.2f}, a constant none"
        yield Line(f"correlation with the truth: {what}", groups.correlation, 0.7, None, beside)


def make_groups(one: Judged, mix: str) -> Groups:
    """Of sixty texts, at the set's own mix of labels, at random mixes, or where most agree."""
    chance = np.random.default_rng(1)
    places = [np.flatnonzero(one.truth == label) for label in range(3)]
    found, shares = [], []
    for _ in range(GROUPS):
        if mix == "natural":
            drawn = chance.choice(len(one.truth), GROUP_SIZE)
        else:
            is_random = mix == "random"
            expected = chance.dirichlet([2, 2, 2]) if is_random else chance.choice(ONE_SIDED)
            sizes = chance.multinomial(GROUP_SIZE, expected)
            parts = [chance.choice(p, n) for p, n in zip(places, sizes, strict=True)]
            drawn = np.concatenate(parts)
        result = total(one.totals[drawn], [1.0] * GROUP_SIZE, one.foreign)
        if result is None:
            raise ValueError("a group of sixty has a total")
        found.append(result)
        shares.append(np.bincount(one.truth[drawn], minlength=3) / GROUP_SIZE)
    return Groups(found, np.array(shares))


def language_lines() -> list[Line]:
    texts = json.loads(SHORT_COMMENTS.read_text("utf-8"))
    english = [detect_language(text) == ENGLISH for text in texts.pop(ENGLISH)]
    foreign = {code: [detect_language(text) == ENGLISH for text in t] for code, t in texts.items()}
    worst = max(foreign, key=lambda code: fmean(foreign[code]))
    taken = [is_english for listed in foreign.values() for is_english in listed]
    beside = f"n = {len(taken)}; most of {worst}: {fmean(foreign[worst]):.0%}; always English 1"
    return [
        Line("short foreign comments taken for English", fmean(taken), None, 0.03, beside),
        Line("short English comments that stay English", fmean(english), 0.95, None,
             f"n = {len(english)}"),
    ]  # fmt: skip


def aspect_lines() -> list[Line]:
    """Hits right among those read by hand; a bar for the aspects that carry claims."""
    verdicts: defaultdict[str, list[int]] = defaultdict(list)
    with ASPECT_SHEET.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            verdicts[row["aspect"]].append(int(row["right"]))
    return [
        Line(f"precision of {aspect}", fmean(right), FIT if carries_claims(aspect) else None, None,
             f"n = {len(right)}" + ("" if carries_claims(aspect) else "; carries no claim"))
        for aspect, right in verdicts.items()
    ]  # fmt: skip


def speed_lines(folder: Path) -> list[Line]:
    """In a process of its own, so that its memory is its own, too."""
    command = [sys.executable, "-m", "tests.evaluation.multilingual_speed", str(folder)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    cost = json.loads(ran.stdout)
    beside = (
        f"load {cost['load']:.1f} s once; on the clock {cost['clock']:.1f} s beside what else ran"
    )
    return [
        Line(
            "seconds of one core for 400 comments, 95th percentile", cost["core"], None, 1.5, beside
        ),
        Line("most megabytes of a process that does only this", cost["megabytes"], None, 200.0),
    ]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
