"""Every file of sql/ops runs as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.jobs import claim, enqueue, fail, make_kind, state

if TYPE_CHECKING:
    from tests.database import Database

OPS = sorted((Path(__file__).parents[2] / "sql" / "ops").glob("*.sql"))


@pytest.mark.parametrize("path", OPS, ids=lambda path: path.stem)
def test_an_operators_question_has_an_answer(db: Database, path: Path):
    with db.as_superuser() as superuser:
        superuser.execute("create extension if not exists pg_stat_statements schema extensions")
    assert isinstance(db.rows(path.read_text()), list)


def test_redriving_after_an_outage_brings_the_failed_jobs_back(db: Database):
    make_kind(db)
    job_id = enqueue(db)
    [job] = claim(db)
    fail(db, job)
    redrive = next(path for path in OPS if path.stem == "redrive_failed").read_text()
    assert db.rows(redrive) == [{"job_id": job_id, "is_back": True}]
    assert (state(db, job_id)["status"], len(claim(db))) == ("queued", 1)
