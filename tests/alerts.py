"""`python -m tests.alerts`: causes the fault of each alert on a real stack; one table.

A row says what was done, after how many seconds the alert fired, and how long after the mending it
cleared. Exit 1 if one did not, or if an alert has no row. Prometheus follows the rules of
deploy/monitoring with `for` and windows 60 times as short (tests/prometheus.py:scaled).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from local import postgres, processes
from local import stripe as stripe_stand_in
from local.demo.flow import SOURCE_URL
from local.layout import ROOT
from local.profiles import PROFILES
from tests import prometheus as server
from tests.fakes import apify, openai
from tests.flow.stack import LocalStack, add_product, configured
from tests.prometheus import Prometheus

_FIRE_SECONDS = 150.0
_CLEAR_SECONDS = 240.0
_CALM_SECONDS = 12.0
_LATE_SECONDS = 130.0  # PackSlow asks for packs that took longer than 120 s
_LATE_PRODUCTS = 12
_POST = "https://www.tiktok.com/@someone/video/7300000000000000000"
_ERROR = apify.Outcome(error=(500, "internal-error"))
_UNUSABLE = openai.Reply(content="{}")  # packs are written without it, and nothing fails
_NO_MODEL = openai.Reply(status=404, code="model_not_found")


@dataclass
class Row:
    """What happened to one alert."""

    alert: str
    fault: str
    labels: dict[str, str]
    fired_after: float | None
    cleared_after: float | None = None

    @property
    def is_proven(self) -> bool:
        return self.fired_after is not None and self.cleared_after is not None

    @property
    def seconds(self) -> float:
        return (self.fired_after or 0) + (self.cleared_after or 0)

    @property
    def words(self) -> str:
        return f"fired after {_shown(self.fired_after)}, cleared after {_shown(self.cleared_after)}"


class Watch:
    """When each alert began to fire and when it ended, by our clock."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self._spans: list[tuple[dict[str, str], float, float | None]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.2):
            with suppress(httpx.HTTPError):
                self._note(self._prometheus.firing(), time.monotonic())

    def _note(self, firing: list[dict[str, str]], now: float) -> None:
        open_ones = [labels for labels, _, end in self._spans if end is None]
        self._spans = [
            (labels, begin, now if end is None and labels not in firing else end)
            for labels, begin, end in self._spans
        ] + [(labels, now, None) for labels in firing if labels not in open_ones]

    def began(self, wanted: dict[str, str], since: float) -> float | None:
        """When an alert with these labels first began to fire after that; None: it did not."""
        found = [b for labels, b, _ in self._spans if wanted.items() <= labels.items()]
        return min((begin for begin in found if begin >= since), default=None)

    def ended(self, wanted: dict[str, str], since: float) -> float | None:
        """When the last alert with these labels ended; None while one fires."""
        ends = [e for labels, _, e in self._spans if wanted.items() <= labels.items()]
        return None if None in ends else max((since, *(end for end in ends if end)))

    def close(self) -> None:
        self._ended.set()
        self._thread.join()


@dataclass
class Drill:
    """The stack, Prometheus beside it, and the rows so far."""

    stack: LocalStack
    watch: Watch
    source: apify.FakeApify
    model: openai.FakeOpenAI
    say: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)
    users: int = 0

    def sign_in_somebody(self) -> httpx.Client:
        """A client of somebody new."""
        self.users += 1
        return self.stack.sign_in(f"drill{self.users}")

    def connect_as_owner(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.stack.env["DB_URL"], autocommit=True)

    def wait_until_fired(
        self, fault: str, *alerts: str, since: float | None = None, **labels: str
    ) -> list[Row]:
        """Rows of these alerts, once they have fired since the fault, or should have."""
        began = since or time.monotonic()
        rows = []
        for alert in alerts:
            wanted = {"alertname": alert, **labels}
            at = self._wait(lambda w=wanted: self.watch.began(w, began), _FIRE_SECONDS)
            rows.append(Row(alert, fault, wanted, None if at is None else at - began))
            self.say(f"{alert}: {fault}: {'DOES NOT FIRE' if at is None else 'fires'}")
        self.rows += rows
        return rows

    def wait_until_cleared(self, rows: list[Row], since: float | None = None) -> None:
        """Notes how long the alerts last after the fault has been mended."""
        mended = since or time.monotonic()
        for row in rows:
            at = self._wait(lambda r=row: self.watch.ended(r.labels, mended), _CLEAR_SECONDS)
            row.cleared_after = None if at is None else at - mended
            self.say(f"{row.alert}: {'DOES NOT END' if at is None else 'clear'}")

    def _wait(self, look: Callable[[], float | None], seconds: float) -> float | None:
        deadline = time.monotonic() + seconds
        while (found := look()) is None and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def wait_until(self, moment: float) -> None:
        """Lets a fault last: its alert counts seconds that nothing shortens."""
        time.sleep(max(0.0, moment - time.monotonic()))

    @contextmanager
    def dead(self, *command: str) -> Iterator[None]:
        """Kills the processes below a supervisor of the stack, which restarts them at the end."""
        [respawn] = [
            process
            for process in processes.of_stack(self.stack.layout.directory)
            if "local.respawn" in (line := process.cmdline()) and set(command) <= set(line)
        ]
        respawn.suspend()
        try:
            for child in respawn.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            yield
        finally:
            respawn.resume()

    @contextmanager
    def repeating(self, act: Callable[[], object], pause: float = 0.3) -> Iterator[None]:
        """Does it again and again in a thread, whatever comes of it."""
        ended = threading.Event()

        def repeat() -> None:
            while not ended.wait(pause):
                with suppress(httpx.HTTPError, psycopg.Error, AssertionError):
                    act()

        thread = threading.Thread(target=repeat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def run(drill: Drill) -> None:
    """Every fault, each mended before the next but for those that last beside each other."""
    first = drill.sign_in_somebody()
    began = time.monotonic()
    with drill.dead("workers"):
        # More than a worker claims at once: a rate sees only what follows its first sample.
        for client in (first, *(drill.sign_in_somebody() for _ in range(_LATE_PRODUCTS - 1))):
            add_product(client, SOURCE_URL)
        away = drill.wait_until_fired("every worker killed", "WorkersDown", since=began)
        _while_no_worker_runs(drill)
        late = drill.wait_until_fired("no worker for two minutes", "JobsLate", since=began)
        drill.wait_until(began + _LATE_SECONDS)
    mended = time.monotonic()
    slow = drill.wait_until_fired(
        "no worker for two minutes", "JobStartSlow", "PackSlow", since=began
    )
    drill.wait_until_cleared([*away, *late, *slow], since=mended)
    _sources_fail(drill)
    _jobs_fail(drill)
    _database_goes(drill)


def _while_no_worker_runs(drill: Drill) -> None:
    """Faults for which no worker has to run."""
    with drill.connect_as_owner() as owner:
        owner.execute("update private.queues set is_paused = true where queue = 'scripts'")
        paused_at = time.monotonic()
        _refused_webhooks(drill)
        _connections(drill)
        _held_lock(drill)
        killed_at = time.monotonic()
        with drill.dead("local.postgrest"):
            down = drill.wait_until_fired("PostgREST killed", "PostgrestDown", since=killed_at)
        drill.wait_until_cleared(down)
        killed_at = time.monotonic()
        with drill.dead("webhooks.app:create_app()"):
            down = drill.wait_until_fired("the edge killed", "EdgeDown", since=killed_at)
        drill.wait_until_cleared(down)
        paused = drill.wait_until_fired("a queue paused", "QueuePaused", since=paused_at)
        owner.execute("update private.queues set is_paused = false")
        drill.wait_until_cleared(paused)


def _refused_webhooks(drill: Drill) -> None:
    def deliver() -> None:
        event = {"id": "evt_1", "type": "invoice.paid", "created": int(time.time())}
        body, signature = stripe_stand_in.signed(event, now=int(time.time()), secret="whsec_old")
        httpx.post(
            f"{drill.stack.env['EDGE_URL']}/subscriptions/webhook",
            content=body,
            headers={"Stripe-Signature": signature},
        )

    with drill.repeating(deliver):
        rows = drill.wait_until_fired(
            "Stripe signs with a secret that we do not have", "WebhooksRefused"
        )
    drill.wait_until_cleared(rows)


def _connections(drill: Drill) -> None:
    with ExitStack() as opened:
        owner = opened.enter_context(drill.connect_as_owner())
        row = owner.execute(
            "select current_setting('max_connections')::integer * 0.88 - count(*)"
            " from pg_stat_activity where backend_type = 'client backend'"
        ).fetchone()
        for _ in range(int(row[0]) if row else 0):
            opened.enter_context(drill.connect_as_owner())
        rows = drill.wait_until_fired(
            "something opens 88 % of all connections", "ConnectionsNearLimit"
        )
    drill.wait_until_cleared(rows)


def _held_lock(drill: Drill) -> None:
    token = drill.stack.session_token("drill1")

    def sign_in() -> None:
        httpx.post(
            f"{drill.stack.env['EDGE_URL']}/auth/session",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )

    began = time.monotonic()
    with drill.connect_as_owner() as owner, drill.repeating(sign_in, 0.1), owner.transaction():
        owner.execute("lock table private.accounts in access exclusive mode")
        slow = drill.wait_until_fired(
            "a transaction locks what sign-ins read", "EdgeSlow", since=began
        )
        old = drill.wait_until_fired("a transaction stays open", "OldTransaction", since=began)
    drill.wait_until_cleared([*slow, *old])


def _sources_fail(drill: Drill) -> None:
    drill.source.otherwise = _ERROR
    with drill.repeating(lambda: add_product(drill.sign_in_somebody(), _POST), 1.0):
        failing = drill.wait_until_fired("Apify answers 500", "ProviderFailing")
    drill.source.otherwise = apify.Outcome()
    drill.wait_until_cleared(failing)
    drill.model.decide = lambda _request: _NO_MODEL
    with drill.repeating(lambda: add_product(drill.sign_in_somebody(), SOURCE_URL), 1.0):
        missing = drill.wait_until_fired("OpenAI withdraws the model", "ModelNotFound")
    drill.model.decide = lambda _request: _UNUSABLE
    drill.wait_until_cleared(missing)


def _jobs_fail(drill: Drill) -> None:
    with drill.connect_as_owner() as owner:

        def enqueue() -> None:
            owner.execute(
                "select private.enqueue('generate_script', p.user_id, p.id) from public.products"
                " as p where not exists (select from public.virality_packs as v"
                " where v.product_id = p.id) limit 3"
            )

        fault = "scripts for products without a pack"
        began = time.monotonic()
        with drill.repeating(enqueue, 0.5):
            failing = drill.wait_until_fired(
                fault, "JobsFailing", since=began, kind="generate_script"
            )
            dead = drill.wait_until_fired(fault, "DeadLetters", since=began, queue="scripts")
    drill.wait_until_cleared([*failing, *dead])


def _database_goes(drill: Drill) -> None:
    token = drill.stack.session_token("drill1")
    layout, settings = drill.stack.layout, drill.stack.settings

    def sign_in() -> None:
        httpx.post(
            f"{drill.stack.env['EDGE_URL']}/auth/session",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )

    with drill.repeating(sign_in, 0.1):
        postgres.stop(layout.data, mode="immediate")
        began = time.monotonic()
        rows = drill.wait_until_fired(
            "PostgreSQL stopped", "DatabaseAway", "EdgeErrors", since=began
        )
        mended = time.monotonic()
        postgres.start(layout.data, settings.db_port, profile=PROFILES[settings.profile])
        drill.wait_until_cleared(rows, since=mended)


@contextmanager
def drilled(say: Callable[[str], None]) -> Iterator[Drill]:
    """A stack with Prometheus, on which nothing fires."""
    with ExitStack() as opened:
        source = opened.enter_context(apify.serving())
        model = opened.enter_context(openai.serving())
        model.decide = lambda _request: _UNUSABLE
        stack = configured(
            ROOT / ".local" / f"robust-{os.getpid()}-alerts",
            APIFY_TOKEN=apify.TOKEN,
            APIFY_BASE_URL=source.url,
            OPENAI_API_KEY=openai.KEY,
            OPENAI_BASE_URL=model.url,
            STRIPE_WEBHOOK_SECRETS=stripe_stand_in.SECRET,
        )
        opened.callback(shutil.rmtree, stack.layout.directory, ignore_errors=True)
        opened.callback(stack.run, "down", check=False)
        say("Starting a stack and Prometheus …")
        stack.run("up")
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        rules = server.scaled((server.MONITORING / "rules.yml").read_text())
        prometheus = opened.enter_context(server.scraping(stack.settings, folder, rules))
        watch = Watch(prometheus)
        opened.callback(watch.close)
        drill = Drill(stack, watch, source, model, say)
        drill.wait_until(time.monotonic() + _CALM_SECONDS)
        early = sorted({labels["alertname"] for labels in prometheus.firing()})
        if early:
            raise RuntimeError(f"These fire without a fault: {', '.join(early)}")
        yield drill


def main() -> int:
    """Entry point."""
    console = Console(width=150)
    if not server.is_installed():
        console.print(server.MISSING)
        return 1
    with drilled(console.print) as drill:
        run(drill)
    table = Table("alert", "its fault", "fired after", "cleared after", title="Alerts")
    for row in drill.rows:
        table.add_row(row.alert, row.fault, _shown(row.fired_after), _shown(row.cleared_after))
    console.print(table)
    missing = untried(drill)
    for alert in missing:
        console.print(f"{alert} was not tried.")
    return int(bool(missing) or not all(row.is_proven for row in drill.rows))


def untried(drill: Drill) -> list[str]:
    """The alerts for which no fault was caused."""
    return sorted({rule["alert"] for rule in server.rules()} - {row.alert for row in drill.rows})


def _shown(seconds: float | None) -> str:
    return "NEVER" if seconds is None else f"{seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
