"""What the processes of the stack use while the load runs, and what the database waits for."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import psutil
import psycopg

from local import processes
from tests.benchmarks.jobs.machine import tree_seconds
from tests.load import accounts
from tests.load.world import World

_EVERY_SECONDS = 1.0
_SAMPLE_EVERY = 4  # looks; a sample reads the state of all processes of the machine
# By what a command line holds; the supervisor's other children are none of these.
_NAMES = {
    "postgrest.conf": "PostgREST",
    "webhooks.app": "edge",
    "local.gateway": "gateway",
    "local.clerk": "stand-in for Clerk",
    "workers": "workers",
}
# The login of a backend, and for whom it works.
_LOGINS = {
    "authenticator": "Postgres for the API",
    "worker": "Postgres for workers",
    "webhook": "Postgres for the edge",
}
POSTGRES_REST = "Postgres itself"
FAKES = "fakes and this command"
K6 = "k6"
# How many cores a process can fill. PostgREST runs on one (local/postgrest.py); one Python process
# runs one thread at a time; the edge has two processes.
CORES = {"PostgREST": 1, "gateway": 1, "stand-in for Clerk": 1, "edge": 2, FAKES: 1}
_ACTIVITY = """
select usename as login, state,
    case when state = 'active' then coalesce(wait_event_type || ': ' || wait_event, 'on the CPU')
    end as wait
from pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle'
    and usename in ('authenticator', 'worker', 'webhook')
"""
_STATEMENTS = """
select calls, total_exec_time as total_ms, mean_exec_time as mean_ms,
    regexp_replace(left(query, 400), '\\s+', ' ', 'g') as query
from pg_stat_statements order by total_exec_time desc limit 8
"""


@dataclass(frozen=True)
class Sample:
    """CPU seconds until a moment: of each process, and of the whole machine."""

    at: float  # seconds since 1970
    cpu: dict[str, float]
    busy: float


@dataclass
class Seen:
    """What one run used. `busy` has the busy connections of each login at every look."""

    samples: list[Sample] = field(default_factory=list)
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    foreign_cpu: float = 0.0
    looks: int = 0
    busy: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    memory: dict[str, int] = field(default_factory=dict)
    statements: list[dict[str, object]] = field(default_factory=list)

    @property
    def total_cpu(self) -> float:
        """CPU seconds of all that belongs to the run."""
        return sum(self.cpu.values())

    def settle(self, since: float, until: float) -> None:
        """Sums up between these moments: not the start of k6, nor people who are leaving."""
        inside = [sample for sample in self.samples if since <= sample.at <= until]
        if len(inside) < 2:
            raise SystemExit("The run was too short to see what it used.")
        first, last = inside[0], inside[-1]
        self.seconds = last.at - first.at
        self.cpu = {name: used - first.cpu.get(name, 0.0) for name, used in last.cpu.items()}
        self.foreign_cpu = max(0.0, last.busy - first.busy - self.total_cpu)


@contextmanager
def watching(world: World, load: psutil.Process) -> Iterator[Seen]:
    """Fills the result until the block ends. `load` is k6."""
    seen = Seen()
    roots, postmaster = _roots(world), _postmaster(world)
    with accounts.connect(world) as db:
        db.execute("create extension if not exists pg_stat_statements")
        db.execute("select pg_stat_statements_reset()")
        stop = threading.Event()
        look = partial(_look, seen, db, stop, partial(_sample, roots, postmaster, load, {}))
        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield seen
        finally:
            stop.set()
            thread.join()
            seen.statements = db.execute(_STATEMENTS).fetchall()
            seen.memory = {name: _memory(root) for name, root in roots.items()}


def _roots(world: World) -> dict[str, psutil.Process]:
    """The supervisor's child of each name."""
    top = processes.supervisor(world.stack.layout.directory)
    assert top is not None
    found = {}
    for child in top.children():
        lines = [child.cmdline(), *(each.cmdline() for each in child.children(recursive=True))]
        words = {word for line in lines for word in line}
        for sign, name in _NAMES.items():
            if any(word == sign or (sign in word and sign != "workers") for word in words):
                found[name] = child
    missing = set(_NAMES.values()) - found.keys()
    assert not missing, f"no process for {missing}"
    return found


def _postmaster(world: World) -> psutil.Process:
    lines = (world.stack.layout.data / "postmaster.pid").read_text().splitlines()
    return psutil.Process(int(lines[0]))


def _sample(
    roots: dict[str, psutil.Process],
    postmaster: psutil.Process,
    load: psutil.Process,
    backends: dict[int, tuple[str, float]],
) -> Sample:
    """CPU until now. `backends` keeps the login and the time of each backend, also when it ends."""
    cpu = {name: tree_seconds(root.pid) for name, root in roots.items()}
    cpu |= {FAKES: _own(psutil.Process()), K6: 0.0} | dict.fromkeys(_LOGINS.values(), 0.0)
    with suppress(psutil.NoSuchProcess):
        cpu[K6] = _own(load)
    for backend in postmaster.children():
        with suppress(psutil.NoSuchProcess, IndexError):
            login = backend.cmdline()[0].removeprefix("postgres: ").split(" ")[0]
            backends[backend.pid] = (login, _own(backend))
    for login, used in backends.values():
        if login in _LOGINS:
            cpu[_LOGINS[login]] += used
    of_logins = sum(cpu[name] for name in _LOGINS.values())
    cpu[POSTGRES_REST] = tree_seconds(postmaster.pid) - of_logins
    return Sample(time.time(), cpu, _busy())


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.steal)


def _look(
    seen: Seen,
    db: psycopg.Connection[dict[str, object]],
    stop: threading.Event,
    sample: Callable[[], Sample],
) -> None:
    """Each second: who works in the database, and what for it waits. Less often: the CPU."""
    for number in itertools.count():
        rows = db.execute(_ACTIVITY).fetchall()
        seen.looks += 1
        by_login = Counter(str(row["login"]) for row in rows)
        for login in _LOGINS:
            seen.busy[login].append(by_login[login])
        for row in rows:
            seen.waits[str(row["login"])][str(row["wait"] or row["state"])] += 1
        if number % _SAMPLE_EVERY == 0:
            seen.samples.append(sample())
        if stop.wait(_EVERY_SECONDS):
            return


def _memory(root: psutil.Process) -> int:
    """Resident bytes of a tree, shared pages counted in each process."""
    total = 0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total
