"""How long it takes to read 400 comments, and to analyse them with 100 videos.

Measured in a process of its own, so that its memory is its own, too.
"""

from __future__ import annotations

import json
import pickle
import random
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from tests.evaluation import data
from tests.evaluation.thresholds import Finding
from workers.insights.analysis import analyse
from workers.insights.inputs import Collection, Comment, Video
from workers.insights.sentiment.comments import prepare
from workers.insights.sentiment.embedding import Vectors
from workers.insights.sentiment.opinions import read_comments
from workers.insights.sentiment.totals import total_of

COMMENTS, VIDEOS, RUNS = 400, 100, 20
NOW = datetime(2020, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Cost:
    """95th percentiles. A core's seconds decide: a clock also counts what the neighbours do."""

    load_seconds: float
    reading: float
    analysis: float
    analysis_on_clock: float
    megabytes: float


def judge(folder: Path) -> list[Finding]:
    """Each run has other comments. The first, which loads the engine, is counted by itself."""
    collections = b"".join(pickle.dumps(collection) for collection in _collections(folder))
    command = [sys.executable, "-m", "tests.evaluation.speed"]
    ran = subprocess.run(command, input=collections, stdout=subprocess.PIPE, check=True)
    cost = _Cost(**json.loads(ran.stdout))
    loading = f"the first run, which loads the engine, {cost.load_seconds:.1f} s"
    on_clock = f"on the clock {cost.analysis_on_clock:.1f} s, beside what else ran"
    return [
        Finding("time_400", cost.reading, RUNS, loading),
        Finding("time_analysis", cost.analysis, RUNS, on_clock),
        Finding("memory_400", cost.megabytes, 1),
    ]


def _collections(folder: Path) -> list[Collection]:
    """One for each run, and one more that loads the engine. All have the same videos."""
    file = next(iter(sorted((folder / data.SENTIMENT).glob("*comments*.csv.gz"))))
    texts = [row.text for row in data.labelled(file)]
    videos = [video for posts in data.creators(folder).values() for video in posts][:VIDEOS]
    seen = (replace(videos[-1], role="subject"), *videos[:-1])
    return [
        _collection(random.Random(run).sample(texts, COMMENTS), seen) for run in range(RUNS + 1)
    ]


def _collection(texts: list[str], videos: tuple[Video, ...]) -> Collection:
    return Collection(
        provider="evaluation",
        source_kind="tiktok_video",
        subject_url="https://shop.example/test",
        collected_at=NOW,
        videos=videos,
        comments=tuple(Comment(ref=str(n), text=text) for n, text in enumerate(texts)),
    )


def _measure(collections: IO[bytes]) -> _Cost:
    """One collection is in memory at a time, as in a worker."""
    reading, analysis, on_the_clock = [], [], []
    for _ in range(RUNS + 1):
        collection: Collection = pickle.load(collections)  # noqa: S301 - our own parent's
        start = time.process_time()
        prepared = prepare(collection.comments)
        total_of([item.opinion for item in read_comments(prepared, {}, Vectors())])
        reading.append(time.process_time() - start)
        start, start_on_clock = time.process_time(), time.perf_counter()
        analyse(collection, product_name="Test", now=NOW, ref_key=b"evaluation")
        analysis.append(time.process_time() - start)
        on_the_clock.append(time.perf_counter() - start_on_clock)
    return _Cost(
        reading[0],
        _percentile(reading[1:]),
        _percentile(analysis[1:]),
        _percentile(on_the_clock[1:]),
        _most_megabytes(),
    )


def _most_megabytes() -> float:
    """Linux's own record: `getrusage` would still count what the parent held at the fork."""
    status = Path("/proc/self/status").read_text("ascii")
    [kilobytes] = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


def _percentile(seconds: list[float]) -> float:
    return sorted(seconds)[round(0.95 * (len(seconds) - 1))]


if __name__ == "__main__":
    measured = _measure(sys.stdin.buffer)
    sys.stdout.write(json.dumps(asdict(measured)))
