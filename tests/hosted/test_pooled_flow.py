"""From sign-in to the pack where edge and workers reach the database through a pooler only."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import jwt
import pytest

from tests.database import Database
from tests.patience import PATIENCE_SECONDS
from tests.pgbouncer import needs_pgbouncer, pooling
from tests.postgrest import RunningPostgrest
from tests.webhooks.edge import make_settings, running
from tests.workers.test_worker_process import environment, worker

pytestmark = needs_pgbouncer
# What a session pool of the smallest machines has for each login.
POOL_SIZE = 15
PRODUCT = {"name": "Bottle", "source_url": "https://shop.creatorscook.example/bottle"}


# Two workers fit into a session pool, where each connection is kept.
@pytest.mark.parametrize(("mode", "workers"), [("transaction", 1), ("session", 2)])
def test_a_product_gets_its_pack_through_a_pooler(
    db: Database,
    postgrest: RunningPostgrest,
    tmp_path: Path,
    mode: Literal["transaction", "session"],
    workers: int,
):
    logs = [tmp_path / f"worker-{number}.log" for number in range(workers)]
    with pooling(db, mode, POOL_SIZE) as pooler, ExitStack() as stack:
        env = environment(WORKER_DB_URL=pooler.url("worker"))
        for log in logs:
            stack.enter_context(worker(log, env))
        for edge in running(make_settings(pooler.url("webhook"), tmp_path)):
            access_token = edge.session().get_json()["access_token"]
        user_id = jwt.decode(access_token, options={"verify_signature": False})["sub"]
        client = postgrest.as_user(user_id)
        products = [client.from_("products").insert(PRODUCT).execute().data[0] for _ in range(2)]
        unfinished = "select count(*) from public.jobs where finished_at is null"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while db.value(unfinished):
            assert time.monotonic() < deadline, db.rows("select * from public.jobs")
            time.sleep(0.05)
    jobs = db.rows(
        "select status, crashes, error_code from public.jobs where product_id is not null"
    )
    assert jobs == [{"status": "succeeded", "crashes": 0, "error_code": None}] * len(products)
    packs = client.from_("virality_packs").select("product_id").execute().data
    assert {pack["product_id"] for pack in packs} == {product["id"] for product in products}
    is_deaf = [b"listener_deaf" in log.read_bytes() for log in logs]
    assert is_deaf == [mode == "transaction"] * len(logs)
