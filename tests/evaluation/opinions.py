"""Sentiment on labelled texts of several kinds and languages: single labels, and totals of sixty.

Beside each value stands what a constant answer and shuffled labels get.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from tests.evaluation.thresholds import Finding
from tests.evaluation.train_sentiment import LABELS, is_training_group
from workers.insights.sentiment.aspects import REVIEW_PRECISION, carries_claims
from workers.insights.sentiment.comments import clean
from workers.insights.sentiment.embedding import LANGUAGES
from workers.insights.sentiment.engine import read
from workers.insights.sentiment.language import ENGLISH, detect_language
from workers.insights.sentiment.totals import Total, total

Numbers = NDArray[np.float64]
Truth = NDArray[np.int64]
SHORT_COMMENTS = Path(__file__).parents[1] / "data" / "short_comments.json"
ASPECT_SHEET = Path(__file__).with_name("aspect_precision.csv")
REVIEW_SHEET = Path(__file__).with_name("review_precision.csv")
TOPIC_SHEET = Path(__file__).with_name("topic_precision.csv")
VIEWER_SHEET = Path(__file__).with_name("viewer_precision.csv")
MAX_TEXTS = 2500  # of each set, drawn once
GROUP_SIZE, GROUPS = 60, 200
# Kind of text, its set. Of reviews, groups that were not fitted on; nothing of the others was.
KINDS = {
    "reviews": "amazon_snippets",
    "tweets": "tweeteval_val",
    "comments": "youtube_comments",
    "airline": "airline_tweets",
}
SEVEN = ("ar", "de", "es", "fr", "hi", "it", "pt")
ONE_SIDED = ((0.05, 0.10, 0.85), (0.10, 0.20, 0.70), (0.70, 0.20, 0.10), (0.85, 0.10, 0.05))
OF_KINDS = ("labels", "totals_coverage", "totals_distance", "totals_correlation")
THRESHOLDS = (
    *(f"{what}_{kind}" for kind in KINDS for what in OF_KINDS),
    "totals_width",
    "labels_languages",
    "calibration",
    "languages_coverage",
    "languages_correlation",
    "one_sided_coverage",
    "short_foreign",
    "short_english",
    "claims_precision",
    "review_precision",
    "viewer_precision",
    "topic_precision",
)


@dataclass(frozen=True)
class Judged:
    """A labelled set as the engine reads it."""

    name: str
    truth: Truth
    labels: Numbers
    totals: Numbers
    foreign: float = 0.0

    @cached_property
    def macro_f1(self) -> float:
        return macro_f1(self.truth, self.labels.argmax(axis=1))

    @property
    def constant_f1(self) -> float:
        commonest = np.bincount(self.truth).argmax()
        return macro_f1(self.truth, np.full(len(self.truth), commonest))

    @property
    def shuffled_f1(self) -> float:
        shuffled = np.random.default_rng(2).permutation(self.truth)
        return macro_f1(shuffled, self.labels.argmax(axis=1))

    @property
    def calibration_error(self) -> float:
        """How far the certainty of ten equal parts is from their share of right labels."""
        certainty, right = self.labels.max(axis=1), self.labels.argmax(axis=1) == self.truth
        parts = np.array_split(np.argsort(certainty), 10)
        gaps = [len(part) * abs(certainty[part].mean() - right[part].mean()) for part in parts]
        return float(sum(gaps) / len(certainty))

    @cached_property
    def natural(self) -> Groups:
        """At the set's own mix of labels."""
        chance = np.random.default_rng(1)
        return self._groups(chance.choice(len(self.truth), GROUP_SIZE) for _ in range(GROUPS))

    @cached_property
    def random(self) -> Groups:
        """At mixes of labels drawn at random."""
        chance = np.random.default_rng(1)
        return self._mixed(chance, (chance.dirichlet([2, 2, 2]) for _ in range(GROUPS)))

    @cached_property
    def one_sided(self) -> Groups:
        """Where most agree."""
        chance = np.random.default_rng(1)
        return self._mixed(chance, (chance.choice(ONE_SIDED) for _ in range(GROUPS)))

    def _mixed(self, chance: np.random.Generator, mixes: Iterable[Numbers]) -> Groups:
        places = [np.flatnonzero(self.truth == label) for label in range(3)]
        return self._groups(
            np.concatenate(
                [
                    chance.choice(of_label, n)
                    for of_label, n in zip(places, chance.multinomial(GROUP_SIZE, mix), strict=True)
                ]
            )
            for mix in mixes
        )

    def _groups(self, drawn: Iterable[Truth]) -> Groups:
        found, shares = [], []
        for places in drawn:
            result = total(self.totals[places], [1.0] * GROUP_SIZE, self.foreign)
            if result is None:
                raise ValueError("a group of sixty has a total")
            found.append(result)
            shares.append(np.bincount(self.truth[places], minlength=3) / GROUP_SIZE)
        return Groups(found, np.array(shares))


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
    def coverage(self) -> float:
        return _coverage(self.found, self.nets)

    @property
    def shuffled_coverage(self) -> float:
        return _coverage(self.found, np.random.default_rng(3).permutation(self.nets))

    @property
    def distance(self) -> float:
        """Total variation between the distribution shown and the true one."""
        shown = np.array([(t.negative, t.neutral, t.positive) for t in self.found])
        return _distance(shown, self.shares)

    @property
    def constant_distance(self) -> float:
        """Of thirds always."""
        return _distance(np.full((len(self.shares), 3), 1 / 3), self.shares)

    @property
    def shuffled_distance(self) -> float:
        shown = np.array([(t.negative, t.neutral, t.positive) for t in self.found])
        return _distance(shown, np.random.default_rng(3).permutation(self.shares))

    @property
    def half_width(self) -> float:
        return fmean((t.net_ci95[1] - t.net_ci95[0]) / 2 for t in self.found)

    @property
    def constant_half_width(self) -> float:
        """Of one interval that holds 95 % of the true nets, whatever was written."""
        low, high = np.quantile(self.nets, [0.025, 0.975])
        return float(high - low) / 2

    @property
    def telling(self) -> float:
        return fmean(t.is_telling for t in self.found)

    @property
    def correlation(self) -> float:
        return _correlation(self.found, self.nets)

    @property
    def shuffled_correlation(self) -> float:
        return _correlation(self.found, np.random.default_rng(3).permutation(self.nets))

    @property
    def error(self) -> float:
        return fmean(abs(t.net - net) for t, net in zip(self.found, self.nets, strict=True))


def _coverage(found: list[Total], nets: Numbers) -> float:
    pairs = zip(found, nets, strict=True)
    return fmean(t.net_ci95[0] - 1e-9 <= net <= t.net_ci95[1] + 1e-9 for t, net in pairs)


def _distance(shown: Numbers, shares: Numbers) -> float:
    return float(np.abs(shown - shares).sum(axis=1).mean() / 2)


def _correlation(found: list[Total], nets: Numbers) -> float:
    return float(np.corrcoef([t.net for t in found], nets)[0, 1])


def macro_f1(truth: Truth, guess: Truth) -> float:
    return float(f1_score(truth, guess, average="macro", labels=[0, 1, 2], zero_division=0))


def judge(folder: Path) -> list[Finding]:
    kinds = {kind: read_set(folder / "sentiment", name) for kind, name in KINDS.items()}
    languages = {
        code: read_set(folder / "sentiment_languages", f"umsab_{code}", foreign=1.0)
        for code in SEVEN
    }
    return [
        *(finding for kind, one in kinds.items() for finding in _of_kind(kind, one)),
        _width(kinds),
        _calibration(kinds),
        *_of_languages(languages),
        *_language_detection(),
        _claims(),
        *_phrases(),
    ]


def read_set(folder: Path, name: str, foreign: float = 0.0) -> Judged:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_unseen(row.get("group") or "")]
    chance = np.random.default_rng(1)
    rows = [rows[i] for i in sorted(chance.permutation(len(rows))[:MAX_TEXTS])]
    texts = [clean(row["text"]) for row in rows]
    found = read(texts, [not foreign] * len(texts))
    truth = np.array([LABELS.index(row["label"]) for row in rows])
    return Judged(name, truth, found.labels, found.totals, foreign)


def _is_unseen(group: str) -> bool:
    return not group or not is_training_group(group)


def _of_kind(kind: str, one: Judged) -> list[Finding]:
    natural, random = one.natural, one.random
    labels = f"a constant {one.constant_f1:.3f}, shuffled labels {one.shuffled_f1:.3f}"
    held = (
        f"natural {natural.coverage:.3f}, random {random.coverage:.3f}; a constant -1 to 1 holds "
        f"always, of shuffled groups {random.shuffled_coverage:.2f}; see width and correlation"
    )
    off = (
        f"thirds always {natural.constant_distance:.3f}, shuffled groups "
        f"{natural.shuffled_distance:.3f}; at random mixes {random.distance:.3f}, thirds always "
        f"{random.constant_distance:.3f}"
    )
    error = (
        f"a constant none, shuffled groups {random.shuffled_correlation:+.2f}; error of the net "
        f"{random.error:.2f}, zero always {fmean(abs(random.nets)):.2f}"
    )
    least = min(natural.coverage, random.coverage)
    return [
        Finding(f"labels_{kind}", one.macro_f1, len(one.truth), labels),
        Finding(f"totals_coverage_{kind}", least, 2 * GROUPS, held),
        Finding(f"totals_distance_{kind}", natural.distance, GROUPS, off),
        Finding(f"totals_correlation_{kind}", random.correlation, GROUPS, error),
    ]


def _width(kinds: dict[str, Judged]) -> Finding:
    """What keeps intervals from holding by being endless."""
    width = fmean(one.random.half_width for one in kinds.values())
    constant = fmean(one.random.constant_half_width for one in kinds.values())
    telling = {kind: (one.natural.telling, one.one_sided.telling) for kind, one in kinds.items()}
    told = ", ".join(f"{kind} {a:.0%} and {b:.0%}" for kind, (a, b) in telling.items())
    beside = (
        f"one interval for all that holds 95 %: {constant:.2f}; tells something at natural and "
        f"one-sided mixes: {told}"
    )
    return Finding("totals_width", width, len(kinds) * GROUPS, beside)


def _calibration(kinds: dict[str, Judged]) -> Finding:
    errors = {kind: one.calibration_error for kind, one in kinds.items()}
    beside = ", ".join(f"{kind} {error:.3f}" for kind, error in errors.items())
    return Finding("calibration", max(errors.values()), len(kinds) * MAX_TEXTS, beside)


def _of_languages(languages: dict[str, Judged]) -> list[Finding]:
    scores = {code: one.macro_f1 for code, one in languages.items()}
    constant = fmean(one.constant_f1 for one in languages.values())
    shuffled = fmean(one.shuffled_f1 for one in languages.values())
    are_read = {code: one for code, one in languages.items() if code in LANGUAGES}
    held = {code: min(one.natural.coverage, one.random.coverage) for code, one in are_read.items()}
    one_sided = {code: one.one_sided.coverage for code, one in are_read.items()}
    agree = {code: one.random.correlation for code, one in languages.items()}
    by_chance = max(abs(one.random.shuffled_correlation) for one in languages.values())
    of_read = fmean(scores[code] for code in are_read)
    n = sum(len(one.truth) for one in languages.values())
    groups = len(are_read) * GROUPS
    return [
        Finding("labels_languages", fmean(scores.values()), n,
                f"{_listed(scores)}; of the six that are read {of_read:.3f}; "
                f"a constant {constant:.3f}, shuffled labels {shuffled:.3f}"),
        Finding("languages_coverage", min(held.values()), 2 * groups,
                f"{_listed(held)}; a constant -1 to 1 holds always"),
        Finding("languages_correlation", min(agree.values()), len(languages) * GROUPS,
                f"{_listed(agree)}; a constant none, shuffled groups at most {by_chance:.2f}"),
        Finding("one_sided_coverage", min(one_sided.values()), groups, _listed(one_sided)),
    ]  # fmt: skip


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in values.items())


def _language_detection() -> list[Finding]:
    """By the comment alone; the thread helps a real one."""
    texts: dict[str, list[str]] = json.loads(SHORT_COMMENTS.read_text("utf-8"))
    english = [detect_language(text) == ENGLISH for text in texts.pop(ENGLISH)]
    foreign = {code: [detect_language(text) == ENGLISH for text in t] for code, t in texts.items()}
    worst = max(foreign, key=lambda code: fmean(foreign[code]))
    taken = [is_english for listed in foreign.values() for is_english in listed]
    return [
        Finding("short_foreign", fmean(taken), len(taken),
                f"most of {worst}: {fmean(foreign[worst]):.0%}; always English 1, never English 0"),
        Finding("short_english", fmean(english), len(english),
                "always English 1, never English 0"),
    ]  # fmt: skip


def verdicts_of(sheet: Path, column: str) -> dict[str, list[int]]:
    """Right (1) or wrong (0) of each hit that was read, by aspect or theme."""
    verdicts: defaultdict[str, list[int]] = defaultdict(list)
    with sheet.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            verdicts[row[column]].append(int(row["right"]))
    return dict(verdicts)


def _phrases() -> list[Finding]:
    reviews = verdicts_of(REVIEW_SHEET, "aspect")
    carrying = {name: fmean(right) for name, right in reviews.items() if name in REVIEW_PRECISION}
    others = {name: fmean(right) for name, right in reviews.items() if name not in carrying}
    topics = verdicts_of(TOPIC_SHEET, "topic")
    named = [right for verdicts in topics.values() for right in verdicts]
    viewers = {name: fmean(right) for name, right in verdicts_of(VIEWER_SHEET, "theme").items()}
    n = sum(len(reviews[name]) for name in carrying)
    return [
        Finding("review_precision", min(carrying.values()), n,
                f"{_listed(carrying)}; without claims {_listed(others)}"),
        Finding("viewer_precision", min(viewers.values()),
                sum(map(len, verdicts_of(VIEWER_SHEET, "theme").values())), _listed(viewers)),
        Finding("topic_precision", fmean(named), len(named),
                f"{len(topics)} topics together; too few of each to judge it alone"),
    ]  # fmt: skip


def _claims() -> Finding:
    """The least of the aspects that carry claims, of hits read by hand."""
    verdicts = verdicts_of(ASPECT_SHEET, "aspect")
    carrying = {name: fmean(right) for name, right in verdicts.items() if carries_claims(name)}
    everything = fmean(verdict for right in verdicts.values() for verdict in right)
    n = sum(len(verdicts[name]) for name in carrying)
    beside = f"{_listed(carrying)}; if every aspect carried claims {everything:.2f}"
    return Finding("claims_precision", min(carrying.values()), n, beside)
