"""PostgREST reads from a standby beside the one that writes: what holds there, and how it lags."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles

import httpx
import psutil

from local import postgres
from local.postgres import Server
from local.scratch import free_port
from tests.chaos.servers import connect, make_database, own_server
from tests.database import Database, make_product, make_user, user_claims
from tests.patience import wait_until
from tests.postgrest import serve, token
from tests.server import ROOT
from tests.trials import runbook
from tests.trials.figures import Figure

_until = partial(wait_until, every_seconds=0.02)  # the lag is measured

_DATABASE = "replica"
_SCALING = ROOT / "docs" / "scaling.md"
_WRITES = 150
_PRODUCT = {"name": "Lamp", "source_url": "https://shop.example/lamp"}
_SLOTS = 6
_HOLD = "select count(pg_advisory_lock(uuid_hash_extended(%s, n))) from generate_series(0, 5) as n"


@dataclass
class _Pair:
    """The primary and its standby, and a PostgREST on each."""

    db: Database
    primary: httpx.Client
    standby: httpx.Client
    server: Server
    copy: Server

    def ask(
        self, method: str, path: str, user: uuid.UUID | None, **options: object
    ) -> httpx.Response:
        """GET and HEAD go to the standby, all else to the primary."""
        client = self.standby if method in {"GET", "HEAD"} else self.primary
        return self.at(client, method, path, user, **options)

    @staticmethod
    def at(
        client: httpx.Client, method: str, path: str, user: uuid.UUID | None, **options: object
    ) -> httpx.Response:
        """A request to one of both."""
        headers = dict(options.pop("headers", {}))  # type: ignore[call-overload]
        if user is not None:
            headers["Authorization"] = f"Bearer {token(user_claims(user))}"
        return client.request(method, path, headers=headers, **options)  # type: ignore[arg-type]

    def until_replayed(self) -> None:
        """Until the standby has all that the primary has written so far."""
        written = self.db.value("select pg_current_wal_lsn()")
        with connect(self.copy, _DATABASE) as standby:
            query = "select coalesce(pg_last_wal_replay_lsn() >= %s, false) as is_there"
            _until(lambda: _one(standby.execute(query, (written,)).fetchone()))


def run() -> list[Figure]:
    """With asynchronous replication, then with commits that wait for the standby."""
    with _pair() as pair:
        return [
            *_held(pair),
            *_alike(pair),
            *_writes_refused(pair),
            *_schema(pair),
            *_lag(pair, "asynchronous"),
            *_erased(pair),
            *_waiting(pair),
        ]


@contextmanager
def _pair() -> Iterator[_Pair]:
    with ExitStack() as opened:
        server = opened.enter_context(own_server())
        make_database(server, _DATABASE)
        with connect(server, _DATABASE) as superuser:
            superuser.execute(
                "update public.plans set analyses_per_month = 100000, requests_per_minute = 100000,"
                " max_products = 100000"
            )
        folder = server.data_dir.parent
        data = runbook.own(folder / "standby")
        given = {"SUPERUSER_URL": server.superuser_url(), "STANDBY": str(data)}
        runbook.run("standby", given, page=_SCALING)
        opened.callback(lambda: postgres.stop(data, mode="immediate"))
        copy = postgres.start(data, free_port(), hot_standby_feedback="on")
        db = Database(str(server.socket_dir), server.port, _DATABASE)
        opened.callback(db.connection.close)
        # A standby can't LISTEN: a signal tells its PostgREST of a new schema, no notification.
        reading = Database(str(copy.socket_dir), copy.port, _DATABASE)
        opened.callback(reading.connection.close)
        primary = _client(opened, db, folder / "rest")
        standby = _client(opened, reading, folder / "rest_standby", db_channel_enabled="false")
        yield _Pair(db, primary, standby, server, copy)


def _client(opened: ExitStack, db: Database, folder: Path, **settings: str) -> httpx.Client:
    folder.mkdir()
    rest = serve(db, folder, **settings)
    running = next(rest)
    opened.callback(rest.close)
    return opened.enter_context(httpx.Client(base_url=running.url, timeout=60, trust_env=False))


def _held(pair: _Pair) -> Iterator[Figure]:
    """What the policies and the pre-request function promise, on a server that is read-only."""
    mine, other = make_user(pair.db), make_user(pair.db)
    for user in (mine, other, other):
        make_product(pair.db, user)
    pair.until_replayed()
    rows = pair.ask("GET", "/products?select=user_id", mine).json()
    yield Figure("standby: own rows read", len(rows), at_least=1, at_most=1)
    yield Figure("standby: rows of others", sum(r["user_id"] != str(mine) for r in rows), at_most=0)
    refused = {
        "without a token": pair.ask("GET", "/products", None),
        "token of no account": pair.ask("GET", "/products", uuid.uuid4()),
        "token that lives too long": pair.standby.get(
            "/products",
            headers={
                "Authorization": f"Bearer {token(user_claims(mine) | {'exp': time.time() + 9999})}"
            },
        ),
    }
    for what, answer in refused.items():
        yield Figure(f"standby: {what}", answer.status_code, at_least=401, at_most=401)
    etag = pair.ask("GET", "/products", mine).headers["ETag"]
    again = pair.ask("GET", "/products", mine, headers={"If-None-Match": etag})
    yield Figure("standby: not modified", again.status_code, at_least=304, at_most=304)
    same = pair.at(pair.primary, "GET", "/products", mine).headers["ETag"] == etag
    yield Figure("both give one ETag for one version", same, at_least=1)
    with connect(pair.copy, _DATABASE) as holding:
        holding.execute(_HOLD, (mine,))
        busy = pair.ask("GET", "/products", mine).status_code
        elsewhere = pair.at(pair.primary, "GET", "/products", mine).status_code
    yield Figure(f"standby: {_SLOTS} requests run, one more", busy, at_least=429, at_most=429)
    yield Figure("... at the primary then: slots are per server", elsewhere, at_most=200)


def _alike(pair: _Pair) -> Iterator[Figure]:
    """Every read of the API, without parameters, as its owner sees it at each of both."""
    user = make_user(pair.db)
    make_product(pair.db, user)
    pair.until_replayed()
    api = pair.at(pair.primary, "GET", "/", user).json()["paths"]
    reads = [path for path, verbs in api.items() if "get" in verbs and path != "/"]
    answered, otherwise = 0, []
    for path in reads:
        here, there = (
            pair.at(client, "GET", path, user) for client in (pair.primary, pair.standby)
        )
        answered += here.is_success
        # What writes, or lacks its arguments, is refused by both, in words of their own.
        if (here.is_success or there.is_success) and here.text != there.text:
            otherwise.append(path)
    what = f"... other answers at the standby: {', '.join(otherwise) or 'none'}"
    yield Figure(f"reads that the primary answers, of {len(reads)}", answered, at_least=20)
    yield Figure(what, len(otherwise), at_most=0)


def _writes_refused(pair: _Pair) -> Iterator[Figure]:
    user = make_user(pair.db)
    pair.until_replayed()
    answer = pair.at(pair.standby, "POST", "/products", user, json=_PRODUCT)
    yield Figure(
        f"standby: a write, {_code(answer)}", answer.status_code, at_least=400, at_most=405
    )
    call = pair.at(pair.standby, "POST", "/rpc/delete_account", user, json={})
    yield Figure(
        f"standby: a call that writes, {_code(call)}", call.status_code, at_least=400, at_most=405
    )
    rows = pair.at(pair.primary, "GET", "/products", user).json()
    yield Figure("... rows that they left", len(rows), at_most=0)


def _schema(pair: _Pair) -> Iterator[Figure]:
    """A migration reaches the standby's PostgREST by a signal."""
    user = make_user(pair.db)
    pair.db.execute("create function public.probe() returns integer stable return 1")
    pair.db.execute("grant execute on function public.probe to authenticated")
    pair.until_replayed()
    before = pair.ask("GET", "/rpc/probe", user).status_code
    [reader] = [
        child
        for child in psutil.Process().children()
        if any("rest_standby" in word for word in child.cmdline())
    ]
    reader.send_signal(signal.SIGUSR1)
    _until(lambda: pair.ask("GET", "/rpc/probe", user).is_success)
    yield Figure(
        "standby: a new function, before SIGUSR1; 200 after", before, at_least=404, at_most=404
    )


def _lag(pair: _Pair, mode: str) -> Iterator[Figure]:
    """Each write at the primary, then a read of the same row at the standby until it is there."""
    user, stopping = make_user(pair.db), threading.Event()
    pair.until_replayed()
    others = threading.Thread(target=_write_on, args=(pair, stopping))
    others.start()
    missed, seconds, writes = 0, [], []
    wanted = {"Prefer": "return=representation"}
    try:
        for _ in range(_WRITES):
            began = time.perf_counter()
            added = pair.ask("POST", "/products", user, json=_PRODUCT, headers=wanted)
            added.raise_for_status()
            committed = time.perf_counter()
            writes.append((committed - began) * 1000)
            path = f"/products?select=id&id=eq.{added.json()[0]['id']}"
            looks = 0
            while not pair.ask("GET", path, user).json():
                looks += 1
            missed += looks > 0
            seconds.append((time.perf_counter() - committed) * 1000)
    finally:
        stopping.set()
        others.join()
    lag, taken = quantiles(seconds, n=100), quantiles(writes, n=100)
    waits = mode != "asynchronous"
    yield Figure(f"{mode}: write p50", taken[49], "ms")
    yield Figure(f"{mode}: seen at the standby, p50", lag[49], "ms")
    yield Figure(f"{mode}: seen at the standby, p99", lag[98], "ms", at_most=5000)
    yield Figure(
        f"{mode}: of {_WRITES} reads right after the write, missed it",
        missed,
        at_most=0 if waits else None,
    )


def _write_on(pair: _Pair, stopping: threading.Event) -> None:
    """Somebody else writes, so that there is something to replay."""
    with connect(pair.server, _DATABASE) as db:
        db.execute("create table if not exists chaos.noise (id bigint, text text)")
        while not stopping.is_set():
            db.execute(
                "insert into chaos.noise"
                " select n, repeat('x', 200) from generate_series(1, 2000) as n"
            )


def _erased(pair: _Pair) -> Iterator[Figure]:
    """An account is erased while the standby lags."""
    user = make_user(pair.db)
    make_product(pair.db, user)
    pair.until_replayed()
    with connect(pair.copy, _DATABASE) as standby:
        standby.execute("select pg_wal_replay_pause()")
        _until(
            lambda: _one(
                standby.execute(
                    "select pg_get_wal_replay_pause_state() = 'paused' as is_paused"
                ).fetchone()
            )
        )
        pair.ask("POST", "/rpc/delete_account", user, json={}).raise_for_status()
        here = pair.at(pair.primary, "GET", "/products", user).status_code
        behind = pair.ask("GET", "/products", user).status_code
        standby.execute("select pg_wal_replay_resume()")
    pair.until_replayed()
    after = pair.ask("GET", "/products", user).status_code
    yield Figure("erased account: at the primary", here, at_least=403, at_most=403)
    yield Figure("erased account: at a standby that lags, as said", behind, at_most=200)
    yield Figure("erased account: at the standby after replay", after, at_least=403, at_most=403)


def _waiting(pair: _Pair) -> Iterator[Figure]:
    """Commits wait until the standby shows them."""
    with connect(pair.server, "postgres") as superuser:
        superuser.execute("alter system set synchronous_standby_names = '*'")
        superuser.execute("alter role authenticator set synchronous_commit = 'remote_apply'")
        superuser.execute("select pg_reload_conf()")
        # Sessions of before have the setting of before.
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
        )
    user = make_user(pair.db)
    pair.until_replayed()
    _until(lambda: pair.at(pair.primary, "GET", "/products", user).is_success)
    yield from _lag(pair, "remote_apply")


def _code(answer: httpx.Response) -> str:
    return str(answer.json().get("code"))


def _one(row: dict[str, object] | None) -> bool:
    return bool(row and next(iter(row.values())))
