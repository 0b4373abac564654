"""What 400 comments cost the multilingual engine, as JSON.

`python -m tests.evaluation.multilingual_speed DATA`
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import sys
import time
from pathlib import Path

from workers.insights.sentiment.engine import read
from workers.insights.sentiment.language import ENGLISH, detect_languages
from workers.insights.sentiment.totals import total

COMMENTS, RUNS = 400, 20


def main(folder: Path) -> dict[str, float]:
    """Each run reads other comments. The first, which loads the engine, is counted by itself."""
    texts = _texts(folder)
    start = time.process_time()
    _analyse(texts[:10])
    load = time.process_time() - start
    core, clock = [], []
    for run in range(RUNS):
        chosen = random.Random(run).sample(texts, COMMENTS)
        start, start_on_clock = time.process_time(), time.perf_counter()
        _analyse(chosen)
        core.append(time.process_time() - start)
        clock.append(time.perf_counter() - start_on_clock)
    megabytes = _most_megabytes()
    return {"load": load, "core": _p95(core), "clock": _p95(clock), "megabytes": megabytes}


def _texts(folder: Path) -> list[str]:
    file = folder / "sentiment" / "youtube_comments.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        return [row["text"] for row in csv.DictReader(opened)]


def _analyse(texts: list[str]) -> None:
    languages = detect_languages(texts)
    found = read(texts, [language == ENGLISH for language in languages])
    total(found.totals, [1.0] * len(texts))


def _most_megabytes() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    [kilobytes] = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[round(0.95 * (len(seconds) - 1))]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
