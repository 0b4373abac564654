"""How many comments under videos of all kinds have a phrase.

`python -m tests.evaluation.viewers DATA` prints `resources/viewer_shares.toml` of the insights. The
comments are those that an analysis searches: English ones.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.evaluation import data
from tests.evaluation.thresholds import Finding
from workers.insights.sentiment.comments import clean
from workers.insights.sentiment.language import ENGLISH, detect_language
from workers.insights.sentiment.phrases import phrases_of
from workers.insights.sentiment.viewers import PRECISION, USUAL

SET = "youtube_comments"


def shares(folder: Path) -> tuple[int, dict[str, float]]:
    """The number of comments, and the share of them that has a phrase of each theme."""
    texts = [clean(row.text) for row in data.labelled(folder / data.SENTIMENT / f"{SET}.csv.gz")]
    english = [text for text in texts if detect_language(text) == ENGLISH]
    hits = Counter(name for text in english for name, _ in phrases_of("viewers.toml").find(text))
    return len(english), {name: hits[name] / len(english) for name in PRECISION}


def judge(folder: Path) -> list[Finding]:
    """How far the shares that packs state are from those of the set."""
    n, found = shares(folder)
    apart = max(abs(found[name] - USUAL[name]) for name in USUAL)
    told = ", ".join(f"{name} {share:.2%}" for name, share in sorted(found.items()))
    return [Finding("viewer_shares", apart, n, told)]


if __name__ == "__main__":
    total, measured = shares(Path(sys.argv[1]))
    lines = [f"{name} = {share:.4f}" for name, share in measured.items()]
    sys.stdout.write("\n".join([f"comments = {total}", "", "[shares]", *lines]) + "\n")
