"""Accounts leave: as many products and scripts as an agency may have, and far more than that."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid

import httpx

from core.database import async_pool
from tests.database import Database, make_user, user_claims
from tests.erasure import rows_about
from tests.postgrest import RunningPostgrest, token
from tests.trials.accounts import fill, stack
from tests.trials.figures import Figure
from workers.engine.runner import Runner
from workers.jobs import maintenance

_PRODUCT = {"name": "Lamp", "source_url": "https://shop.example/1"}
# Of each product; an agency keeps 20, which takes four times as long.
_ANALYSES = 5


def run() -> list[Figure]:
    """Export and erasure, each beside what another account feels meanwhile."""
    with stack() as (db, postgrest):
        agency = fill(db, products=1000, scripts=20_000, analyses=_ANALYSES)
        figures = _exported(db, postgrest, agency)
        figures += _erased(db, postgrest, agency, "agency")
        beyond = fill(db, products=50_000, scripts=20_000)
        figures += _erased(db, postgrest, beyond, "50,000 products")
        return figures


def _client(postgrest: RunningPostgrest, user: uuid.UUID) -> httpx.Client:
    bearer = {"Authorization": f"Bearer {token(user_claims(user))}"}
    return httpx.Client(base_url=postgrest.url, headers=bearer, timeout=60)


def _exported(db: Database, postgrest: RunningPostgrest, user: uuid.UUID) -> list[Figure]:
    pages, slowest, rows, size = 0, 0.0, 0, 0
    cursor: str | None = None
    began = time.monotonic()
    with _client(postgrest, user) as client:
        while cursor is not None or not pages:
            page_began = time.monotonic()
            answer = client.post("/rpc/export_account", json={"cursor": cursor})
            answer.raise_for_status()
            slowest = max(slowest, time.monotonic() - page_began)
            page = answer.json()
            size = max(size, len(answer.content))
            for table in ("products", "analysis_results", "virality_packs", "scripts"):
                rows += len(page[table])
            pages, cursor = pages + 1, page["next_cursor"]
    total = time.monotonic() - began
    there = 1000 + 20_000 + 3 * 1000 * _ANALYSES
    return [
        Figure("export: pages", pages),
        Figure("export: slowest page", slowest, "s", "9.2 s for all, then never", at_most=8),
        Figure("export: largest page", size / 2**20, "MiB", at_most=8),
        Figure("export: total", total, "s"),
        Figure("export: rows missing or double", abs(rows - there), at_most=0),
    ]


def _erased(db: Database, postgrest: RunningPostgrest, user: uuid.UUID, name: str) -> list[Figure]:
    began = time.monotonic()
    with _client(postgrest, user) as client:
        answer = client.post("/rpc/delete_account", json={})
        answered = time.monotonic() - began
        refused = client.get("/products").status_code
    waits: list[float] = []
    stopped = threading.Event()
    others = threading.Thread(target=_work_of_others, args=(db, postgrest, stopped, waits))
    others.start()
    began = time.monotonic()
    asyncio.run(_work(db, user))
    emptied = time.monotonic() - began
    stopped.set()
    others.join()
    return [
        Figure(f"{name}: answer", answered, "s", "32 s, times out for ever", at_most=2),
        Figure(f"{name}: answered {answer.status_code}, then", refused, at_least=403, at_most=403),
        Figure(f"{name}: nothing left after", emptied, "s"),
        Figure(f"{name}: rows left", sum(rows_about(db, user).values()), at_most=0),
        Figure(f"{name}: slowest write of another", max(waits), "s", at_most=3),
    ]


def _work_of_others(
    db: Database, postgrest: RunningPostgrest, stopped: threading.Event, waits: list[float]
) -> None:
    """Somebody else adds and deletes a product, again and again."""
    db.connection.execute("update public.plans set analyses_per_month = 1000000")
    db.connection.execute("update public.plans set requests_per_minute = 1000000")
    with _client(postgrest, make_user(db)) as client:
        while not stopped.is_set() or not waits:
            began = time.monotonic()
            client.post("/products", json=_PRODUCT).raise_for_status()
            client.delete("/products?id=not.is.null").raise_for_status()
            waits.append(time.monotonic() - began)


async def _work(db: Database, user: uuid.UUID) -> None:
    """A worker until the account is empty."""
    url = db.url("worker")
    emptied = "select emptied_at is not null as is_empty from private.accounts where id = %s"
    async with async_pool(url, application_name="trial", max_size=4) as pool:
        handlers = {"erase_rows": maintenance.row_erasure()}
        runner = Runner(
            pool, url, handlers, queues=["maintenance"], concurrency=2, lease_seconds=30
        )
        task = asyncio.create_task(runner.run())
        with db.connect("postgres") as looking:
            while looking.execute(emptied, (user,)).fetchall() != [{"is_empty": True}]:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        runner.stop()
        await task
