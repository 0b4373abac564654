"""Two cells: one account moves under load, its mover is killed at each step and started again.

`python -m tests.trials.cell_move ACCOUNT CELL STEP MOMENT` is the mover of the trial. It kills
itself when STEP is done, before that is noted (`done`) or after (`noted`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
from cryptography.fernet import Fernet

from core.config import MoverSettings, load
from core.database import Row
from local import environment, keys, stripe
from local.layout import ROOT, prepare
from tests.flow import shop as shops
from tests.flow.stack import LocalStack, configured, remove_leftovers
from tests.patience import PATIENCE_SECONDS, wait_until
from tests.trials.figures import Figure
from webhooks.cells_move import Move, begun

sys.path.insert(0, str(ROOT / "supabase" / "client" / "python"))
import creatorscook_client as library

_STEPS = ("frozen", "copied", "redirected", "arrived", "departed", "cleared")
_PAUSE_SECONDS = 0.2  # a client's, when it is told that the account moves
_PRODUCTS = 4


def run() -> list[Figure]:
    """Starts two stacks and a shop of its own."""
    remove_leftovers()
    with shops.opened("canary") as shop, _cells(shop) as (a, b):
        return _tried(a, b, shop)


@contextmanager
def _cells(shop: shops.Shop) -> Iterator[tuple[LocalStack, LocalStack]]:
    """Cell b is up before a, whose edge serves both. They share keys, as cells do."""
    folder = ROOT / ".local" / f"flow-{os.getpid()}"
    secrets = Path(f"{folder}-secrets")
    shared = {
        "FETCH_ALLOW": f"127.0.0.1:{shop.server_port}",
        "PSEUDONYM_KEY": uuid.uuid4().hex,
        "WEBHOOK_SECRET_KEYS": Fernet.generate_key().decode(),
        "STRIPE_WEBHOOK_SECRETS": stripe.SECRET,
    }
    a = configured(Path(f"{folder}-a"), CELL_SECRETS_DIR=str(secrets / "webhook"), **shared)
    b = configured(Path(f"{folder}-b"), **shared)
    for stack in (a, b):
        keys.ensure(prepare(stack.layout.directory))
    b.layout.edge_keys.write_bytes(a.layout.edge_keys.read_bytes())
    for login in ("webhook", "mover"):
        (secrets / login).mkdir(parents=True)
        url = environment.database_url(b.settings, b.layout, login)
        (secrets / login / "cell_b").write_text(url)
    started: list[LocalStack] = []
    try:
        for stack in (b, a):
            started.append(stack)
            done = stack.run("up", check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
        _take_audience(b)
        yield a, b
    finally:
        for stack in started:
            stack.stop()
        for path in (*secrets.rglob("cell_b"), secrets / "webhook", secrets / "mover", secrets):
            path.unlink() if path.is_file() else path.rmdir()


def _take_audience(stack: LocalStack) -> None:
    """PostgREST reads the setting of its role; sessions that are open keep the old one."""
    with psycopg.connect(stack.env["DB_URL"], autocommit=True) as db:
        db.execute("alter role authenticator set pgrst.jwt_aud = 'cell_b'")
        db.execute("notify pgrst, 'reload config'")
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
        )


def _tried(a: LocalStack, b: LocalStack, shop: shops.Shop) -> list[Figure]:
    with _database(a) as in_a, _database(b) as in_b:
        _make_directory(in_a, a, b)
        alice = _Client(a, "alice")
        in_a.execute("update private.cells set has_room = (id = 'b')")
        bob = _Client(a, "bob")
        account = alice.account
        homes = [alice.cell, bob.cell]
        crossed = _crossed(a, b, alice, bob)
        _equip(in_a, account)
        shop.released.clear()
        products = [alice.add_product(shop.url(f"/slow/{n}")) for n in range(_PRODUCTS)]
        wait_until(lambda: _running(in_a, account) == _PRODUCTS)
        load = _Load(a, alice, products[0])
        target, killed = "a", 0
        with load.running():
            seconds = [_moved(a, account, "b")]
            shop.released.set()
            for step in _STEPS:
                for moment in ("done", "noted"):
                    killed += _killed(a, account, target, step, moment)
                    seconds.append(_moved(a, account, target))
                    target = "b" if target == "a" else "a"
        at_last = in_a if target == "b" else in_b
        other = in_b if target == "b" else in_a
        wait_until(lambda: _unfinished(at_last, account) == 0)
        return [
            Figure("new accounts in the cell with room", int(homes == ["a", "b"]), at_least=1),
            Figure("tokens of a cell that another one takes", crossed, at_most=0),
            Figure("moves", len(seconds)),
            Figure("movers killed", killed, at_least=2 * len(_STEPS)),
            Figure("read-only, first move", seconds[0], "s", at_most=5),
            *load.figures(at_last, other, account),
            *_work(at_last, other, account),
        ]


@contextmanager
def _database(stack: LocalStack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.env["DB_URL"], autocommit=True) as db:
        yield db


def _value(db: psycopg.Connection[Any], query: str, *parameters: object) -> Any:
    row = db.execute(query, parameters).fetchone()
    return row[0] if row else None


def _make_directory(db: psycopg.Connection[Any], a: LocalStack, b: LocalStack) -> None:
    db.execute(
        "insert into private.cells (id, api_url, audience, anon_key, database_secret, has_room)"
        " values ('a', %s, 'authenticated', %s, null, true),"
        " ('b', %s, 'cell_b', %s, 'cell_b', false)",
        [a.env["API_URL"], a.env["ANON_KEY"], b.env["API_URL"], b.env["ANON_KEY"]],
    )


class _Client:
    """The package for Python, signed in; it follows its account."""

    def __init__(self, edge: LocalStack, name: str) -> None:
        clerk = library.local_clerk(f"http://127.0.0.1:{edge.settings.clerk_port}", name)
        self.api = library.connect(edge.env["API_URL"], edge.env["ANON_KEY"], clerk)
        answer = httpx.post(
            f"{edge.env['API_URL']}/auth/session",
            headers={"Authorization": f"Bearer {clerk()}"},
            timeout=PATIENCE_SECONDS,
        )
        document = answer.raise_for_status().json()
        self.token, self.cell = document["access_token"], document["cell"]
        self.account = uuid.UUID(document["account"]["id"])

    def add_product(self, url: str) -> str:
        row = {"name": "Bottle", "source_url": url}
        return str(self.api.table("products").insert(row).execute().data[0]["id"])


def _crossed(a: LocalStack, b: LocalStack, alice: _Client, bob: _Client) -> int:
    """How many tokens a foreign cell takes; -1 if one's own refuses one."""
    taken = {
        (stack.env["API_URL"], client.cell): httpx.get(
            f"{stack.rest}/products",
            headers={"Authorization": f"Bearer {client.token}"},
            timeout=PATIENCE_SECONDS,
        ).status_code
        == httpx.codes.OK
        for stack in (a, b)
        for client in (alice, bob)
    }
    if not (taken[a.env["API_URL"], "a"] and taken[b.env["API_URL"], "b"]):
        raise RuntimeError(f"a cell refuses its own tokens: {taken}")
    return taken[a.env["API_URL"], "b"] + taken[b.env["API_URL"], "a"]


def _equip(db: psycopg.Connection[Any], account: uuid.UUID) -> None:
    """The largest plan, and a customer at Stripe."""
    db.execute(
        "insert into public.subscriptions (user_id, stripe_subscription_id, plan, status)"
        " values (%s, 'sub_alice', 'agency', 'active')",
        [account],
    )
    db.execute(
        "insert into private.stripe_customers (user_id, customer_id, synced_at)"
        " values (%s, 'cus_alice', now())",
        [account],
    )


class _Load:
    """Writes, reads and Stripe's events, one after the other each, until it is stopped."""

    def __init__(self, edge: LocalStack, client: _Client, product: str) -> None:
        self._edge, self._client, self._product = edge, client, product
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=each) for each in (self._write, self._read, self._deliver)
        ]
        self.written: list[str] = []
        self.answers: Counter[str] = Counter()
        self.longest_gap = 0.0
        self.events: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _write(self) -> None:
        scripts, last = self._client.api.table("scripts"), time.monotonic()
        while not self._over.wait(0.02):
            row = {"id": str(uuid.uuid4()), "product_id": self._product, "content": "Look at this."}
            while (code := self._answer("write", scripts.insert(row))) == "account_moving":
                time.sleep(_PAUSE_SECONDS)
            if code == "ok":
                self.written.append(row["id"])
                self.longest_gap = max(self.longest_gap, time.monotonic() - last)
                last = time.monotonic()

    def _read(self) -> None:
        while not self._over.wait(0.02):
            products = self._client.api.table("products").select("id")
            if self._answer("read", products, _PRODUCTS) == "account_moving":
                time.sleep(_PAUSE_SECONDS)

    def _answer(self, kind: str, query: Any, rows: int = 1) -> str:
        try:
            code = "ok" if len(query.execute().data) == rows else "rows"
        except library.APIError as error:
            code = str(error.code)
        except httpx.TransportError as error:
            code = type(error).__name__
        self.answers[f"{kind} {code}"] += 1
        return code

    def _deliver(self) -> None:
        fake = stripe.FakeStripe()
        while not self._over.wait(0.1):
            subject = {"id": "sub_alice", "customer": "cus_alice"}
            event = fake.emit("customer.subscription.updated", subject)
            while (status := self._delivered(event)) == httpx.codes.SERVICE_UNAVAILABLE:
                self.answers["event account_moving"] += 1
                time.sleep(_PAUSE_SECONDS)
            self.answers[f"event {status}"] += 1
            self.events.append(str(event["id"]))

    def _delivered(self, event: Any) -> int:
        body, signature = stripe.signed(event, now=int(time.time()))
        return httpx.post(
            f"{self._edge.env['API_URL']}/subscriptions/webhook",
            content=body,
            headers={"Stripe-Signature": signature},
            timeout=PATIENCE_SECONDS,
        ).status_code

    def figures(self, here: Any, there: Any, account: uuid.UUID) -> list[Figure]:
        """What the account's cell and the other one hold of what was answered."""
        query = "select array_agg(id::text) from public.scripts where user_id = %s"
        kept = Counter(_value(here, query, account) or [])
        stray = _value(there, query, account) or []
        events = "select array_agg(id) from private.stripe_events where id like 'evt_%%'"
        recorded = Counter((_value(here, events) or []) + (_value(there, events) or []))
        fine = {"write ok", "read ok", "write account_moving", "event account_moving", "event 200"}
        strange = {name: count for name, count in self.answers.items() if name not in fine}
        return [
            Figure("writes that were answered", len(self.written), at_least=100),
            Figure("of them lost", len(set(self.written) - set(kept)), at_most=0),
            Figure(
                "doubled, or in the other cell",
                max(kept.values(), default=0) - 1 + len(stray),
                at_most=0,
            ),
            Figure("written and not answered", len(set(kept) - set(self.written)), at_most=0),
            Figure("writes refused with account_moving", self.answers["write account_moving"]),
            Figure("longest wait of a write, mover killed and started", self.longest_gap, "s"),
            Figure("reads", self.answers["read ok"], at_least=100),
            Figure(f"other answers {strange or ''}", sum(strange.values()), at_most=0),
            Figure("Stripe's events", len(self.events), at_least=20),
            Figure("of them lost", len(set(self.events) - set(recorded)), at_most=0),
            Figure("recorded twice", max(recorded.values(), default=0) - 1, at_most=0),
        ]


def _running(db: Any, account: uuid.UUID) -> int:
    query = "select count(*) from public.jobs where user_id = %s and status = 'running'"
    return int(_value(db, query, account))


def _unfinished(db: Any, account: uuid.UUID) -> int:
    query = "select count(*) from public.jobs where user_id = %s and finished_at is null"
    return int(_value(db, query, account))


def _work(here: Any, there: Any, account: uuid.UUID) -> list[Figure]:
    """Each product has one job, which has succeeded, and one pack."""
    jobs = "select count(*) from public.jobs where user_id = %s"
    packs = "select count(*) from public.virality_packs where user_id = %s"
    succeeded = _value(here, f"{jobs} and status = 'succeeded'", account)
    failures = "select coalesce(sum(failures + crashes), 0) from public.jobs where user_id = %s"
    made, left = _value(here, packs, account), _value(there, packs, account)
    return [
        Figure("jobs that ran in the old cell", _PRODUCTS),
        Figure("of them lost", _PRODUCTS - succeeded, at_most=0),
        Figure("packs too many", made + left - _PRODUCTS, at_most=0),
        Figure("packs lost", _PRODUCTS - made, at_most=0),
        Figure("attempts counted for a move", int(_value(here, failures, account)), at_most=0),
        Figure("jobs left in the other cell", int(_value(there, jobs, account)), at_most=0),
    ]


def _mover_variables(a: LocalStack) -> dict[str, str]:
    secrets = a.layout.directory.parent / f"flow-{os.getpid()}-secrets" / "mover"
    return os.environ | {
        "MOVER_DB_URL": environment.database_url(a.settings, a.layout, "mover"),
        "CELL_SECRETS_DIR": str(secrets),
    }


def _command(a: LocalStack, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
        env=_mover_variables(a),
    )


def _moved(a: LocalStack, account: uuid.UUID, cell: str) -> float:
    """How long the account was read-only, in seconds, as the operator's command prints it."""
    done = _command(a, "webhooks.cells_move", str(account), cell)
    if done.returncode:
        raise RuntimeError(done.stderr)
    words = done.stdout.splitlines()[-1].split()
    return float(words[2]) if words[0] == "read-only" else 0.0


def _killed(a: LocalStack, account: uuid.UUID, cell: str, step: str, moment: str) -> bool:
    done = _command(a, "tests.trials.cell_move", str(account), cell, step, moment)
    if done.returncode != -signal.SIGKILL:
        raise RuntimeError(f"The mover was not killed:\n{done.stderr}")
    return True


def _main(account: str, cell: str, step: str, moment: str) -> None:
    class Mortal(Move):
        def _record(self, done: str) -> Row:
            if (done, moment) == (step, "done"):
                os.kill(os.getpid(), signal.SIGKILL)
            row = super()._record(done)
            if (done, moment) == (step, "noted"):
                os.kill(os.getpid(), signal.SIGKILL)
            return row

    with begun(load(MoverSettings), uuid.UUID(account), cell, kind=Mortal) as (move, last):
        move.run(last)


if __name__ == "__main__":
    _main(*sys.argv[1:])
