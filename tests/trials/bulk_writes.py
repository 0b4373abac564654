"""One account writes 3,000 rows at once, beside small and slow changes; another account reads."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg

from local.layout import ROOT
from tests.flow.stack import LocalStack, configured, remove_leftovers
from tests.trials.bodies import Reader
from tests.trials.figures import Figure

_ROWS, _SMALL, _SLOW = 3000, 20, 24
_SLOW_SECONDS = 20
_READS = 200
# Limits of the plan would end this before it begins; what is tried is the waiting.
_ROOM = "update public.plans set requests_per_minute = 100000 where id = 'free'"
_SCRIPTS = """
insert into public.scripts (user_id, product_id, content)
select user_id, id, 'Look at this lamp.' from public.products, generate_series(1, %s)
"""


def run() -> list[Figure]:
    """The reader's answers idle, beside the bulk and beside the slow changes."""
    remove_leftovers()
    stack = configured(ROOT / ".local" / f"flow-{os.getpid()}")
    try:
        stack.run("up")
        with psycopg.connect(stack.env["DB_URL"]) as db:
            db.execute(_ROOM)
        with stack.sign_in("reader") as client, stack.sign_in("writer") as writer:
            return _figures(stack, client, writer)
    finally:
        stack.stop()


def _figures(stack: LocalStack, client: httpx.Client, writer: httpx.Client) -> list[Figure]:
    idle, bulk, slow = (Reader(client) for _ in range(3))
    for _ in range(_READS):
        idle.read()
    product = writer.post(
        "/products", json={"name": "Lamp", "source_url": "https://shop.example/lamp"}
    ).json()[0]
    _until_done(bulk, lambda: _bulk(writer, product["id"]))
    answers: Counter[int] = Counter()
    with psycopg.connect(stack.env["DB_URL"]) as db:
        db.execute(_SCRIPTS, (_ROWS,))
    _until_done(slow, lambda: answers.update(_slow_changes(writer)))
    figures = [
        Figure("p50 of another account's reads, idle", idle.percentile(50), "ms"),
        Figure("p99 of another account's reads, idle", idle.percentile(99), "ms"),
    ]
    for what, before, reader in (
        ("3,000 rows and 20 changes", "5,600 ms", bulk),
        ("24 slow changes at a time", "4 of 5 in 40 s: 504", slow),
    ):
        figures += [
            Figure(f"p50 beside {what}", reader.percentile(50), "ms"),
            Figure(f"p99 beside {what}", reader.percentile(99), "ms", before),
            Figure(f"failed beside {what}", reader.failed, f"of {len(reader.seconds)}", at_most=0),
        ]
    refused = answers[429]
    figures.append(Figure("slow changes refused at once", refused, f"of {answers.total()}"))
    return figures


def _bulk(writer: httpx.Client, product_id: str) -> None:
    row = {"product_id": product_id, "content": "Look at this lamp."}
    with ThreadPoolExecutor(_SMALL + 1) as connections:
        connections.submit(writer.post, "/scripts", json=[row] * _ROWS, timeout=60)
        for number in range(_SMALL):
            change = {"name": f"Lamp {number}"}
            path = f"/products?id=eq.{product_id}"
            connections.submit(writer.patch, path, json=change, timeout=60)


def _slow_changes(writer: httpx.Client) -> list[int]:
    """Each changes every script of the account; all are begun at once, for some seconds."""
    until = time.monotonic() + _SLOW_SECONDS

    def change(number: int) -> list[int]:
        statuses = []
        while time.monotonic() < until:
            answer = writer.patch(
                "/scripts?id=not.is.null", json={"content": f"Look {number}."}, timeout=60
            )
            statuses.append(answer.status_code)
        return statuses

    with ThreadPoolExecutor(_SLOW) as connections:
        return [status for each in connections.map(change, range(_SLOW)) for status in each]


def _until_done(reader: Reader, work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive() or len(reader.seconds) < _READS:
        reader.read()
    thread.join()
