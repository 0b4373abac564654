"""How long 400 comments and 100 videos take, with each engine that is installed.

Each engine is measured in a process of its own, so that its memory is its own, too.
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

from tests.evaluation import data
from tests.evaluation.bars import Finding
from workers.insights.analysis import analyse
from workers.insights.inputs import Collection, Comment
from workers.insights.sentiment.engines import best_scorer
from workers.insights.sentiment.lexicon import LexiconScorer

COMMENTS, VIDEOS, RUNS = 400, 100, 9
NOW = datetime(2020, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Cost:
    """95th percentiles. A core's seconds decide: a clock also counts what the neighbours do."""

    engine: str
    core_seconds: float
    clock_seconds: float
    megabytes: float


def judge(folder: Path) -> list[Finding]:
    """The bar is on the best engine; the first run, which loads it, is not counted."""
    collection = pickle.dumps(_collection(folder))
    best, lexicon = _cost_of("best", collection), _cost_of("lexicon", collection)
    time_beside = (
        f"{best.engine}; on the clock {best.clock_seconds:.1f} s, beside what else ran; "
        f"{lexicon.engine} {lexicon.core_seconds:.2f} s, on the clock {lexicon.clock_seconds:.1f} s"
    )
    return [
        Finding("time_400", best.core_seconds, RUNS, time_beside),
        Finding("memory_400", best.megabytes, 1, f"{lexicon.engine} {lexicon.megabytes:.0f}"),
    ]


def _cost_of(engine: str, collection: bytes) -> _Cost:
    command = [sys.executable, "-m", "tests.evaluation.speed", engine]
    ran = subprocess.run(command, input=collection, stdout=subprocess.PIPE, check=True)
    return _Cost(**json.loads(ran.stdout))


def _collection(folder: Path) -> Collection:
    file = next(iter(sorted((folder / data.SENTIMENT).glob("*comments*.csv.gz"))))
    texts = [row.text for row in data.labelled(file)]
    chosen = random.Random(1).sample(texts, COMMENTS)
    videos = [video for posts in data.creators(folder).values() for video in posts][:VIDEOS]
    return Collection(
        provider="evaluation",
        source_kind="tiktok_video",
        subject_url="https://shop.example/test",
        collected_at=NOW,
        videos=(replace(videos[-1], role="subject"), *videos[:-1]),
        comments=tuple(Comment(ref=str(n), text=text) for n, text in enumerate(chosen)),
    )


def _measure(engine: str, collection: Collection) -> _Cost:
    scorer = best_scorer() if engine == "best" else LexiconScorer()
    of_a_core, on_the_clock = [], []
    for _ in range(RUNS + 1):
        start, start_on_core = time.perf_counter(), time.process_time()
        analyse(collection, product_name="Test", now=NOW, ref_key=b"evaluation", scorer=scorer)
        of_a_core.append(time.process_time() - start_on_core)
        on_the_clock.append(time.perf_counter() - start)
    return _Cost(
        scorer.name, _percentile(of_a_core[1:]), _percentile(on_the_clock[1:]), _most_megabytes()
    )


def _most_megabytes() -> float:
    """Linux's own record: `getrusage` would still count what the parent held at the fork."""
    status = Path("/proc/self/status").read_text("ascii")
    [kilobytes] = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


def _percentile(seconds: list[float]) -> float:
    return sorted(seconds)[round(0.95 * (len(seconds) - 1))]


if __name__ == "__main__":
    measured = _measure(sys.argv[1], pickle.load(sys.stdin.buffer))  # noqa: S301 - our own parent's
    sys.stdout.write(json.dumps(asdict(measured)))
