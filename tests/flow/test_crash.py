"""A worker killed in the middle of a job: the job is done once, by the next worker."""

from __future__ import annotations

import psycopg
import pytest

from tests.flow.shop import Shop
from tests.flow.stack import (
    LocalStack,
    add_product,
    finished,
    job_of,
    processes_of,
    wait_until,
)
from tests.patience import PATIENCE_SECONDS

# That it would end by itself, after 30 s, is the job layer's to prove.
END = "update pgmq.q_jobs set vt = now() where message ->> 'job_id' = %s"

pytestmark = [pytest.mark.flow, pytest.mark.chaos]


def test_a_killed_workers_job_is_finished_once_by_another(stack: LocalStack, shop: Shop, name: str):
    shop.released.clear()
    with stack.sign_in(name) as client:
        product = add_product(client, shop.url(f"/slow/{name}"))
        wait_until(client, product, lambda _job: f"/slow/{name}" in shop.visits)
        [worker] = processes_of(stack, "-m", "workers")
        worker.kill()
        worker.wait(PATIENCE_SECONDS)
        with psycopg.connect(stack.env["DB_URL"]) as connection:
            connection.execute(END, (job_of(client, product)["id"],))
        shop.released.set()
        job = wait_until(client, product, finished)
        results = client.get("/analysis_results?select=type,job_id&order=type").json()
        packs = client.get("/virality_packs?select=job_id").json()
    assert (job["status"], job["crashes"], job["failures"]) == ("succeeded", 1, 0)
    types = ("sentiment_summary", "virality_breakdown")
    assert results == [{"type": each, "job_id": job["id"]} for each in types]
    assert packs == [{"job_id": job["id"]}]
