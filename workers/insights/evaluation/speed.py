"""How long 400 comments and 100 videos take, with each engine that is installed."""

from __future__ import annotations

import random
import resource
import time
from dataclasses import dataclass, replace
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

COMMENTS, VIDEOS, RUNS = 400, 100, 5
NOW = datetime(2020, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Times:
    of_a_core: float
    on_the_clock: float


def judge(folder: Path) -> list[Finding]:
    """The bar is on the best engine; the first run, which loads it, is not counted."""
    collection = _collection(folder)
    quick, best = LexiconScorer(), best_scorer()
    of_quick, of_best = _measure(collection, quick), _measure(collection, best)
    beside = (
        f"{best.name}; on the clock {of_best.on_the_clock:.1f} s, beside what else ran; "
        f"{quick.name} {of_quick.of_a_core:.2f} s, on the clock {of_quick.on_the_clock:.1f} s"
    )
    return [
        Finding("time_400", of_best.of_a_core, RUNS, beside),
        Finding("memory_400", _megabytes(), 1, "the evaluation's own data included"),
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


def _measure(collection: Collection, scorer: Scorer) -> _Times:
    """95th percentiles. A core's seconds decide: a clock also counts what the neighbours do."""
    of_a_core, on_the_clock = [], []
    for _ in range(RUNS + 1):
        start, start_on_core = time.perf_counter(), time.process_time()
        analyse(collection, product_name="Test", now=NOW, ref_key=b"evaluation", scorer=scorer)
        of_a_core.append(time.process_time() - start_on_core)
        on_the_clock.append(time.perf_counter() - start)
    return _Times(_percentile(of_a_core[1:]), _percentile(on_the_clock[1:]))


def _percentile(seconds: list[float]) -> float:
    return sorted(seconds)[round(0.95 * (len(seconds) - 1))]


def _megabytes() -> float:
    """The most that this process has held so far, the evaluation's own data included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
