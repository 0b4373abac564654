"""How long 400 comments and 100 videos take, with each engine that is installed."""

from __future__ import annotations

import random
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workers.insights.analysis import analyse
from workers.insights.engines import best_scorer
from workers.insights.evaluation import data
from workers.insights.evaluation.bars import Finding
from workers.insights.inputs import Collection, Comment
from workers.insights.lexicon import LexiconScorer

if TYPE_CHECKING:
    from pathlib import Path

    from workers.insights.lexicon import Scorer

COMMENTS, VIDEOS, RUNS = 400, 100, 10
NOW = datetime(2020, 12, 1, tzinfo=UTC)


def judge(folder: Path) -> list[Finding]:
    """The bar is on the best engine; the first run, which loads it, is not counted."""
    collection = _collection(folder)
    quick, best = LexiconScorer(), best_scorer()
    seconds_quick, megabytes_quick = _measure(collection, quick), _megabytes()
    seconds, megabytes = _measure(collection, best), _megabytes()
    beside = f"{best.name}; {quick.name} {seconds_quick:.2f} s"
    memory_beside = f"{best.name}; before it was loaded {megabytes_quick:.0f}"
    return [
        Finding("time_400", seconds, RUNS, beside),
        Finding("memory_400", megabytes, 1, memory_beside),
    ]


def _collection(folder: Path) -> Collection:
    file = next(iter(sorted((folder / data.SENTIMENT).glob("*comments*.csv.gz"))))
    texts = [row.text for row in data.labelled(file)]
    chosen = random.Random(1).sample(texts, COMMENTS)  # noqa: S311 - a repeatable draw
    videos = [video for posts in data.creators(folder).values() for video in posts][:VIDEOS]
    return Collection(
        provider="evaluation",
        source_kind="tiktok_video",
        subject_url="https://shop.example/test",
        collected_at=NOW,
        videos=(replace(videos[-1], role="subject"), *videos[:-1]),
        comments=tuple(Comment(ref=str(n), text=text) for n, text in enumerate(chosen)),
    )


def _measure(collection: Collection, scorer: Scorer) -> float:
    """The 95th percentile, of a clock on the wall: what a user waits."""
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        analyse(collection, product_name="Test", now=NOW, ref_key=b"evaluation", scorer=scorer)
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[round(0.95 * (RUNS - 1))]


def _megabytes() -> float:
    """The most that this process has held so far, the evaluation's own data included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
