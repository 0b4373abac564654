"""Real TikTok data through the queue, the worker and the database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.demo import flow
from local.layout import ROOT
from tests.database import Database, Row, make_product, make_user
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.data

DATA = Path(os.environ.get("DATA", ROOT.parent / "shared" / "data"))
VIDEOS = DATA / "tiktok_items_2020.json"

# A worker also runs the system's scheduled jobs.
_JOB = "select * from public.jobs where kind = 'analyze_product'"


@contextmanager
def _worker(db: Database, sample: Path) -> Iterator[None]:
    variables = {"WORKER_DB_URL": db.url("worker"), "SAMPLE_DATA": str(sample)}
    command = [sys.executable, "-m", "workers", "--queues", "ingestion"]
    worker = subprocess.Popen(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]} | variables, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=PATIENCE_SECONDS)


def _finished_job(db: Database) -> Row:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (job := db.row(_JOB))["finished_at"] is None:
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


@pytest.mark.skipif(not VIDEOS.exists(), reason=f"the real data is not at {DATA}")
def test_a_real_data_set_becomes_a_pack(db: Database):
    make_product(db, make_user(db), source_url=flow.SOURCE_URL)
    with _worker(db, VIDEOS):
        job = _finished_job(db)
    assert (job["status"], job["error_code"]) == ("succeeded", None)
    breakdown = db.value(
        "select content from public.analysis_results where type = 'virality_breakdown'"
    )
    # The set knows no followers and one post of most creators: nothing to compare with.
    assert breakdown["stands_out"]["basis"] == "none"
    assert db.value("select score from public.virality_packs") is None
