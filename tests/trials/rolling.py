"""Schema, edge and workers are replaced one by one under load: N - 1 and N beside the schema of N.

N - 1 is this tree. N is a copy with one more migration, which adds a nullable column and replaces
two functions by ones with one more defaulted parameter, and with code that passes it. So the trial
shows the order of a release and its pauses, and that both codes live on the new schema. It cannot
show what the next real migration does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console

from local import stripe
from tests.chaos.servers import connect, make_database, own_server, tcp_url
from tests.database import Database
from tests.fakes import clerk as fake_clerk
from tests.patience import PATIENCE_SECONDS, wait_until
from tests.postgrest import serve
from tests.server import ROOT, free_port
from tests.trials.figures import Figure
from tests.webhooks.edge import signing_jwk

_DATABASE = "rolling"
_CLERK = fake_clerk.Clerk()
_PARTS = ("core", "webhooks", "workers", "deploy", "supabase/migrations")
_PASSWORD = "chaos"
_PEOPLE = 4
_REST_SECONDS = 0.25  # between what one of them does: workers need the processor, too
_LIVE_JOBS = 8  # more would only queue: two workers are slower than people who add
_DRAIN_SECONDS = 3.0
_PROBE_SECONDS = 0.5
_PRODUCT = {"name": "Lamp", "source_url": "https://shop.creatorscook.example/lamp"}
# What the code of N passes: file, text, text with one more argument.
_CHANGES = (
    (
        "workers/engine/queue.py",
        "complete(%s, %s, %s, %s, %s)",
        "complete(%s, %s, %s, %s, %s, 'N')",
    ),
    ("webhooks/accounts.py", "to_timestamp(%s), %s, %s)", "to_timestamp(%s), %s, %s, 'N')"),
)
_MIGRATION = """
alter table public.jobs add column completed_by text;
comment on column public.jobs.completed_by is 'The release of the worker that completed it.';
drop function {old_complete};
{complete};
revoke all on function private.complete from public;
grant execute on function private.complete to worker;
drop function {old_resolve};
{resolve};
revoke all on function private.resolve_identity from public;
grant execute on function private.resolve_identity to webhook;
"""
_NOTED = """    perform private.end_job(v_job_id, outcome, error_code, error_message);
    update public.jobs as j set completed_by = complete.release where j.id = v_job_id;
"""
_COUNTS = """
select
    (select count(*) from public.jobs as j
        where j.kind = 'analyze_product' and j.status <> 'succeeded') as unfinished,
    (select count(*) from (
        select from public.virality_packs group by job_id having count(*) > 1) as p)
    + (select count(*) from (
        select from public.analysis_results group by job_id, type having count(*) > 1) as r)
    as doubled,
    (select count(*) from public.virality_packs) as packs,
    (select count(*) from public.jobs where completed_by = 'N - 1') as by_old,
    (select count(*) from public.jobs where completed_by = 'N') as by_new,
    (select coalesce(sum(failures + crashes), 0) from public.jobs
        where kind = 'analyze_product') as tries
"""


@dataclass
class _Edge:
    release: str
    port: int
    process: subprocess.Popen[bytes]
    is_ready: bool = False
    answers: int = 0


@dataclass
class _Load:
    """People and senders of webhooks, and the proxy in front of the edges."""

    rest_url: str
    edges: list[_Edge] = field(default_factory=list)
    starting: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    products: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    is_full: Callable[[], bool] = lambda: False
    _turn: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        loops = [(self._live_as, f"user_{number}") for number in range(_PEOPLE)]
        loops += [(self._tell, "stripe")]
        threads = [threading.Thread(target=self._again, args=each) for each in loops]
        threads.append(threading.Thread(target=self._probe))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            self.starting.set()
            for thread in threads:
                thread.join()

    def _again(self, work: Callable[[httpx.Client, str], None], name: str) -> None:
        self.starting.wait()
        # A proxy opens a connection anew rather than reuse one that an edge has just closed.
        with httpx.Client(timeout=60, trust_env=False, headers={"Connection": "close"}) as client:
            while not self.stopping.is_set():
                try:
                    work(client, name)
                except httpx.HTTPError as error:
                    self.failed.append(f"{name}: {error!r}")
                self.stopping.wait(_REST_SECONDS)

    def _probe(self) -> None:
        """As the readiness probe: an edge that is not ready gets no new request."""
        with httpx.Client(timeout=30, trust_env=False) as client:
            while not self.stopping.is_set():
                for edge in list(self.edges):
                    try:
                        answer = client.get(f"http://127.0.0.1:{edge.port}/readyz")
                        edge.is_ready = answer.status_code == httpx.codes.OK
                    except httpx.HTTPError:
                        edge.is_ready = False
                self.stopping.wait(_PROBE_SECONDS)

    def _edge_url(self, path: str) -> tuple[_Edge, str]:
        ready = [edge for edge in self.edges if edge.is_ready]
        if not ready:
            raise httpx.ConnectError("no edge is ready")
        self._turn += 1
        edge = ready[self._turn % len(ready)]
        return edge, f"http://127.0.0.1:{edge.port}{path}"

    def _checked(self, what: str, answer: httpx.Response, *good: int) -> httpx.Response:
        self.done[what] += 1
        if answer.status_code not in good:
            self.failed.append(f"{what}: {answer.status_code} {answer.text[:300]}")
        return answer

    def _live_as(self, client: httpx.Client, name: str) -> None:
        edge, url = self._edge_url("/auth/session")
        bearer = {"Authorization": f"Bearer {_CLERK.token(int(time.time()), name)}"}
        session = self._checked("exchange", client.post(url, headers=bearer), 200)
        if session.status_code != httpx.codes.OK:
            return
        edge.answers += 1
        mine = {"Authorization": f"Bearer {session.json()['access_token']}"}
        if not self.is_full():
            wanted = mine | {"Prefer": "return=representation"}
            url = f"{self.rest_url}/products"
            added = self._checked("add", client.post(url, json=_PRODUCT, headers=wanted), 201)
            if added.status_code == httpx.codes.CREATED:
                self.products.add(added.json()[0]["id"])
        url = f"{self.rest_url}/product_overview?select=id,name&limit=20"
        self._checked("read", client.get(url, headers=mine), 200)

    def _tell(self, client: httpx.Client, _name: str) -> None:
        event = stripe.FakeStripe().emit(
            "customer.subscription.updated", {"id": "sub_1", "customer": "cus_1"}
        )
        event |= {"id": f"evt_{uuid.uuid4().hex}", "created": int(time.time())}
        body, signature = stripe.signed(event, now=int(time.time()))
        edge, url = self._edge_url("/subscriptions/webhook")
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        told = self._checked("webhook", client.post(url, content=body, headers=headers), 200)
        if told.status_code == httpx.codes.OK:
            edge.answers += 1
            self.events.add(event["id"])


def run() -> list[Figure]:
    """The whole release."""
    with ExitStack() as opened:
        server = opened.enter_context(own_server())
        make_database(server, _DATABASE)
        folder = server.data_dir.parent
        db = Database(str(server.socket_dir), server.port, _DATABASE)
        opened.callback(db.connection.close)
        with connect(server, _DATABASE) as superuser:
            superuser.execute(
                "update public.plans set analyses_per_month = 100000, requests_per_minute = 100000,"
                " max_products = 100000"
            )
            for login in ("webhook", "postgres"):
                superuser.execute(f"alter role {login} password '{_PASSWORD}'")
        keys = signing_jwk()
        (folder / "edge.json").write_text(json.dumps({"keys": [keys]}))
        public = {name: value for name, value in keys.items() if name != "d"}
        (folder / "public.json").write_text(json.dumps({"keys": [public]}))
        rest = folder / "rest"
        rest.mkdir()
        rested = serve(db, rest, jwt_secret=f"@{folder / 'public.json'}")
        load = _Load(next(rested).url)
        opened.callback(rested.close)
        full = "select count(*) >= %s from private.live_jobs where kind = 'analyze_product'"
        crowd = opened.enter_context(connect(server, _DATABASE))
        lock = threading.Lock()

        def is_full() -> bool:
            with lock:
                [row] = crowd.execute(full, (_LIVE_JOBS,)).fetchall()
            return bool(next(iter(row.values())))

        load.is_full = is_full
        return _released(_Release(server.port, folder, db, load, opened))


@dataclass
class _Release:
    port: int
    folder: Path
    db: Database
    load: _Load
    opened: ExitStack
    workers: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)

    def url(self, login: str) -> str:
        return tcp_url(self.port, _DATABASE).replace("worker:", f"{login}:", 1)

    def start(
        self, code: Path, name: str, *command: str, **variables: str
    ) -> subprocess.Popen[bytes]:
        """A process as the image starts it, with the code of that folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy.entrypoint", *command],
                cwd=code,
                env=os.environ | variables,
                stdout=log,
                stderr=log,
            )
        self.opened.callback(_end, process)
        return process

    def start_edge(self, code: Path, release: str) -> _Edge:
        """Another edge; returns when the probe found it ready."""
        port = free_port()
        name = f"edge_{port}"
        process = self.start(
            code,
            name,
            *("edge", "--workers", "1"),
            EDGE_PORT=str(port),
            PROMETHEUS_MULTIPROC_DIR=str(self.folder / name),
            WEBHOOK_DB_URL=self.url("webhook"),
            EDGE_ISSUER="http://edge.test",
            EDGE_SIGNING_KEYS_FILE=str(self.folder / "edge.json"),
            CLERK_ISSUER=_CLERK.issuer,
            CLERK_AUTHORIZED_PARTIES=_CLERK.origin,
            CLERK_JWT_KEY=_CLERK.pem,
            STRIPE_WEBHOOK_SECRETS=stripe.SECRET,
            SESSIONS_PER_MINUTE="100000",
            DRAIN_SECONDS=str(_DRAIN_SECONDS),
        )
        edge = _Edge(release, port, process)
        self.load.edges.append(edge)
        wait_until(lambda: edge.is_ready)
        return edge

    def start_worker(self, code: Path, release: str) -> None:
        """Another worker; returns when it answers its probe."""
        port = free_port()
        process = self.start(
            code,
            f"worker_{port}",
            *("worker", "--queues", "ingestion", "--concurrency", "2"),
            WORKER_DB_URL=self.url("worker"),
            WORKER_METRICS_PORT=str(port),
        )
        self.workers.append((release, process))
        wait_until(lambda: _is_healthy(port))

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """SIGTERM, as a release ends it."""
        process.send_signal(signal.SIGTERM)
        self.exit_codes.append(process.wait(timeout=PATIENCE_SECONDS))

    def pause(self) -> None:
        """Until everybody has gone on a while: each kind of request, and some jobs."""
        load, before = self.load, Counter(self.load.done)
        jobs = "select count(*) from public.jobs where status = 'succeeded'"
        done = self.db.value(jobs)
        wait_until(
            lambda: (
                all(load.done[what] - before[what] >= 5 for what in ("exchange", "read", "webhook"))
                and self.db.value(jobs) > done
            )
        )


def _released(release: _Release) -> list[Figure]:
    load, new_code = release.load, _make_next(release)
    with load.running():
        for _ in range(2):
            release.start_edge(ROOT, "N - 1")
            release.start_worker(ROOT, "N - 1")
        load.starting.set()
        release.pause()
        began = time.monotonic()
        migrated = release.start(new_code, "migrate", "migrate", DB_URL=release.url("postgres"))
        if migrated.wait(PATIENCE_SECONDS):
            raise RuntimeError((release.folder / "migrate.log").read_text())
        migration_seconds = time.monotonic() - began
        release.pause()
        for edge in list(load.edges):
            release.start_edge(new_code, "N")
            release.end(edge.process)
            load.edges.remove(edge)
            release.pause()
        old_answers = edge.answers
        for _, process in list(release.workers):
            release.start_worker(new_code, "N")
            release.end(process)
            release.pause()
        seconds = time.monotonic() - began
        load.is_full = lambda: True
        live = "select count(*) from private.live_jobs where kind = 'analyze_product'"
        wait_until(lambda: release.db.value(live) == 0)
    for failure in load.failed[:5]:
        Console().print(f"[red]failed[/red]: {failure}")
    counts = release.db.row(_COUNTS)
    there = "select count(*) from {} where id::text = any(%s)"
    products = release.db.value(there.format("public.products"), list(load.products))
    events = release.db.value(there.format("private.stripe_events"), list(load.events))
    return [
        *(Figure(f"requests: {what}", load.done[what], at_least=20) for what in sorted(load.done)),
        Figure("requests failed", len(load.failed), at_most=0),
        Figure(
            "products or events that are not there", _missing(load, products, events), at_most=0
        ),
        Figure("jobs lost", counts["unfinished"], at_most=0),
        Figure("packs or results doubled", counts["doubled"], at_most=0),
        Figure("packs", counts["packs"], at_least=10),
        Figure("tries that failed or crashed", int(counts["tries"]), at_most=0),
        Figure("jobs by a worker of N - 1 on the schema of N", counts["by_old"], at_least=1),
        Figure("jobs by a worker of N", counts["by_new"], at_least=1),
        Figure("answers of the last edge of N - 1", old_answers, at_least=1),
        Figure("answers of edges of N", sum(e.answers for e in load.edges), at_least=1),
        Figure("migration", migration_seconds, "s", at_most=60),
        Figure("the whole release", seconds, "s"),
        Figure("processes that ended with an error", sum(map(bool, release.exit_codes)), at_most=0),
    ]


def _missing(load: _Load, products: int, events: int) -> int:
    return len(load.products) - products + len(load.events) - events


def _make_next(release: _Release) -> Path:
    """The folder of N: a copy of this tree's code, changed, with one more migration."""
    code = release.folder / "next"
    for part in _PARTS:
        shutil.copytree(ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in _CHANGES:
        path = code / name
        text = path.read_text()
        if old not in text:
            raise RuntimeError(f"{name} has changed: {old} is not there")
        path.write_text(text.replace(old, new))
    migration = code / "supabase" / "migrations" / "29991231000001_release.sql"
    migration.write_text(_migration(release.db))
    # The template was loaded without a history: all but the new one are there.
    release.db.execute("create schema if not exists supabase_migrations")
    release.db.execute(
        "create table supabase_migrations.schema_migrations"
        " (version text primary key, statements text[], name text)"
    )
    for path in (ROOT / "supabase" / "migrations").glob("*.sql"):
        release.db.execute(
            "insert into supabase_migrations.schema_migrations (version) values (%s)",
            path.name.partition("_")[0],
        )
    return code


def _migration(db: Database) -> str:
    definition = "select pg_get_functiondef(%s::regproc)"
    signature = "select %s::regproc::regprocedure::text"
    complete, resolve = (
        re.sub(
            r"\)\n RETURNS",
            ", release text default 'N - 1')\n RETURNS",
            db.value(definition, name),
            count=1,
        )
        for name in ("private.complete", "private.resolve_identity")
    )
    noted = re.sub(r"    perform private.end_job\(v_job_id, .*\n", _NOTED, complete, count=1)
    if noted == complete:
        raise RuntimeError("private.complete has changed")
    return _MIGRATION.format(
        old_complete=db.value(signature, "private.complete"),
        complete=noted,
        old_resolve=db.value(signature, "private.resolve_identity"),
        resolve=resolve,
    )


def _is_healthy(port: int) -> bool:
    with suppress(httpx.HTTPError):
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30, trust_env=False)
        return answer.status_code == httpx.codes.OK
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
