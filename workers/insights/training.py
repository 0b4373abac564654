"""Fits the small weights that ship with the project: `python -m workers.insights.training DATA`.

Only sets under the MIT licence are read (Amazon snippets and tweets of the VADER paper), so that
the weights may be shipped. Needs scikit-learn, which nothing else here does.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path

LABELS = ("negative", "neutral", "positive")
# Half of the Amazon reviews stays unseen, so that `make eval` has held-out groups to judge on.
TRAINING_SETS = ("amazon_snippets", "tweets")


def is_training_group(group: str) -> bool:
    return not group or int(group) % 2 == 0


def main(arguments: list[str]) -> int:
    data = Path(arguments[0]) / "sentiment"
    resources = Path(__file__).parent / "resources"
    texts, labels, sets = _read(data)
    from workers.insights.lexicon import lexicon_features  # noqa: PLC0415 - needs no weights yet

    features = [lexicon_features(text) for text in texts]
    weights = _fit(features, labels, sets)
    (resources / "lexicon_weights.json").write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"fitted on {len(texts)} texts\n")
    return 0


def _read(data: Path) -> tuple[list[str], list[str], list[str]]:
    texts, labels, sets = [], [], []
    for name in TRAINING_SETS:
        with gzip.open(data / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if is_training_group(row.get("group") or ""):
                    texts.append(row["text"])
                    labels.append(row["label"])
                    sets.append(name)
    return texts, labels, sets


def _fit(
    features: list[list[float]], labels: list[str], sets: list[str]
) -> dict[str, list[float] | list[list[float]]]:
    """Every (set, label) pair counts the same: no domain's mix of opinions becomes the prior."""
    from collections import Counter  # noqa: PLC0415

    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # noqa: PLC0415

    sizes = Counter(zip(sets, labels, strict=True))
    weights = [1000 / sizes[pair] for pair in zip(sets, labels, strict=True)]
    model = LogisticRegression(C=1.0, max_iter=5000)
    model.fit(features, labels, sample_weight=weights)
    rows = [list(model.classes_).index(label) for label in LABELS]
    return {
        "coefficients": [[round(float(x), 5) for x in model.coef_[row]] for row in rows],
        "intercepts": [round(float(model.intercept_[row]), 5) for row in rows],
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
