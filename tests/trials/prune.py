"""Pruning beside people who rename their products and workers who save: nobody gives way."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

import httpx
import psycopg
from psycopg.types.json import Jsonb

from tests.database import Database, user_claims
from tests.postgrest import RunningPostgrest, token
from tests.trials.accounts import fill, stack
from tests.trials.figures import Figure

_SECONDS = 60
_RESULTS = [
    {"type": kind, "content": {"schema_version": "1.0"}, "engine": "embedded"}
    for kind in ("sentiment_summary", "virality_breakdown")
]
_PACK = {
    "name": "Pack",
    "score": 61.5,
    "configuration": {"schema_version": "1.0", "inputs": {"language": "en"}},
}
# Jobs whose results, packs and scripts are there, old enough to be pruned.
_AGE = """
insert into public.jobs (id, user_id, product_id, kind, status, created_at, finished_at)
select v.job_id, v.user_id, v.product_id, 'analyze_product', 'succeeded',
    now() - interval '40 days', now() - interval '40 days'
from public.virality_packs as v
on conflict do nothing
"""
_UNTOUCHED = (
    "select md5(string_agg(updated_at::text, ' ' order by id)) from public.{} where user_id = %s"
)


def run() -> list[Figure]:
    """Sixty seconds of the mix."""
    with stack() as (db, postgrest):
        db.execute("update public.plans set requests_per_minute = 1000000")
        db.execute("update public.plans set analyses_per_month = 1000000")
        users = [fill(db, products=50, scripts=50, analyses=10) for _ in range(4)]
        quiet = fill(db, products=50, scripts=50, analyses=10)
        with db.as_superuser() as superuser:
            superuser.execute("set local session_replication_role = replica")
            superuser.execute(_AGE)
        before = _state(db, quiet)
        deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
        began_with = db.value(deadlocks)
        counts = _mix(db, postgrest, users)
        db.execute("select pg_stat_force_next_flush()")
        jumps = sum(a != b for a, b in zip(before, _state(db, quiet), strict=True))
        return [
            Figure("jobs pruned", counts["pruned"], at_least=1),
            Figure("requests", counts["requests"], at_least=1),
            Figure("requests that failed", counts["failed"], "", "27 of 36", at_most=0),
            Figure("analyses saved", counts["saved"], at_least=1),
            Figure("saves that failed", counts["unsaved"], at_most=0),
            Figure("deadlocks", db.value(deadlocks) - began_with, "", "29 in 60 s", at_most=0),
            Figure("tables whose untouched rows got another updated_at", jumps, "", "2", at_most=0),
        ]


def _state(db: Database, user: uuid.UUID) -> list[str]:
    return [db.value(_UNTOUCHED.format(table), user) for table in ("products", "scripts")]


def _mix(db: Database, postgrest: RunningPostgrest, users: list[uuid.UUID]) -> dict[str, int]:
    counts = dict.fromkeys(("pruned", "requests", "failed", "saved", "unsaved"), 0)
    ends_at = time.monotonic() + _SECONDS
    lock = threading.Lock()

    def add(**more: int) -> None:
        with lock:
            for name, number in more.items():
                counts[name] += number

    def forever(work: Callable[[], None]) -> None:
        while time.monotonic() < ends_at:
            work()

    def pruning() -> None:
        with db.as_worker() as worker:
            pruned = worker.value("select private.prune_jobs(quantity => 20)")
        add(pruned=pruned)
        if not pruned:
            with db.as_superuser() as superuser:
                superuser.execute("set local session_replication_role = replica")
                superuser.execute(_AGE)

    threads = [threading.Thread(target=forever, args=(pruning,))]
    for user in users:
        threads += [
            threading.Thread(target=forever, args=(_renaming(postgrest, user, add),)),
            threading.Thread(target=forever, args=(_saving(db, user, add),)),
        ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


def _renaming(
    postgrest: RunningPostgrest, user: uuid.UUID, add: Callable[..., None]
) -> Callable[[], None]:
    """All products of an account, then one pack, through the API."""
    headers = {"Authorization": f"Bearer {token(user_claims(user))}"}

    def rename() -> None:
        headers["Authorization"] = f"Bearer {token(user_claims(user))}"
        for path in ("/products", "/virality_packs", "/scripts"):
            body = {"title" if path == "/scripts" else "name": f"Lamp {time.monotonic()}"}
            url = f"{postgrest.url}{path}?id=not.is.null"
            answer = httpx.patch(url, headers=headers, json=body, timeout=60)
            add(requests=1, failed=int(not answer.is_success))

    return rename


def _saving(db: Database, user: uuid.UUID, add: Callable[..., None]) -> Callable[[], None]:
    """A worker that analyses the account's products, one after the other."""
    save = "select private.save_analysis(%s, %s, %s, %s, %s) as is_saved"
    done = "select private.complete(%s, %s)"

    def analyse() -> None:
        with db.as_user(user) as owner:
            owner.execute(
                "select public.run_analysis(id) from public.products order by random() limit 1"
            )
        with db.as_worker() as worker:
            jobs = worker.rows("select * from private.claim('ingestion', 1, 30)")
        for job in jobs:
            lease = (job["msg_id"], job["read_ct"])
            saved = False
            with suppress(psycopg.OperationalError), db.as_worker() as worker:
                saved = worker.value(save, *lease, job["job_id"], Jsonb(_RESULTS), Jsonb(_PACK))
                worker.execute(done, *lease)
            add(saved=int(saved), unsaved=int(not saved))

    return analyse
