"""What the processes of the stack use while the load runs, and what the database waits for."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil
import psycopg

from local import processes
from tests.benchmarks.jobs.machine import tree_seconds
from tests.load import accounts
from tests.load.world import World

_EVERY_SECONDS = 1.0
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


@dataclass
class Seen:
    """The sums of one run. CPU in seconds by process; `activity` counts backends at all looks."""

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

    def cores(self, name: str) -> float:
        """How many cores a process has used on average."""
        return self.cpu.get(name, 0.0) / self.seconds

    def share(self, name: str) -> float:
        """The same as a share of what it could use."""
        return self.cores(name) / CORES.get(name, os.cpu_count() or 1)


@contextmanager
def watching(world: World, load: psutil.Process) -> Iterator[Seen]:
    """Fills the result until the block ends. `load` is k6."""
    seen = Seen()
    roots = _roots(world)
    postmaster = _postmaster(world)
    with accounts.connect(world) as db:
        with suppress(psycopg.Error):
            db.execute("create extension if not exists pg_stat_statements")
        db.execute("select pg_stat_statements_reset()")
        stop = threading.Event()
        backends: dict[int, tuple[str, float, float]] = {}
        thread = threading.Thread(target=_look, args=(seen, db, postmaster, backends, stop))
        before = _cpu(roots, postmaster)
        load_before, busy, since = _own(load), _busy(), time.monotonic()
        thread.start()
        try:
            yield seen
        finally:
            seen.seconds = time.monotonic() - since
            stop.set()
            thread.join()
            after = _cpu(roots, postmaster)
            seen.cpu = {name: after[name] - before[name] for name in before}
            seen.cpu[K6] = _LAST.pop(load.pid, load_before) - load_before
            _part_postgres(seen, backends)
            seen.foreign_cpu = max(0.0, _busy() - busy - seen.total_cpu)
            seen.statements = db.execute(_STATEMENTS).fetchall()
            for name, root in roots.items():
                seen.memory[name] = _memory(root)


_LAST: dict[int, float] = {}


def note_end(load: psutil.Process) -> None:
    """Remembers the CPU time of k6, whose process is gone once it has been waited for."""
    with suppress(psutil.NoSuchProcess):
        _LAST[load.pid] = _own(load)


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


def _cpu(roots: dict[str, psutil.Process], postmaster: psutil.Process) -> dict[str, float]:
    trees = {name: tree_seconds(root.pid) for name, root in roots.items()}
    return trees | {POSTGRES_REST: tree_seconds(postmaster.pid), FAKES: _own(psutil.Process())}


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.steal)


def _look(
    seen: Seen,
    db: psycopg.Connection[dict[str, object]],
    postmaster: psutil.Process,
    backends: dict[int, tuple[str, float, float]],
    stop: threading.Event,
) -> None:
    """Each second: who works in the database, what for it waits, the CPU of each backend."""
    while True:
        rows = db.execute(_ACTIVITY).fetchall()
        seen.looks += 1
        by_login = Counter(str(row["login"]) for row in rows)
        for login in _LOGINS:
            seen.busy[login].append(by_login[login])
        for row in rows:
            seen.waits[str(row["login"])][str(row["wait"] or row["state"])] += 1
        for backend in postmaster.children():
            with suppress(psutil.NoSuchProcess, IndexError):
                login = backend.cmdline()[0].removeprefix("postgres: ").split(" ")[0]
                if login in _LOGINS:
                    now = _own(backend)
                    first = backends.get(backend.pid, (login, now, now))[1]
                    backends[backend.pid] = (login, first, now)
        if stop.wait(_EVERY_SECONDS):
            return


def _part_postgres(seen: Seen, backends: dict[int, tuple[str, float, float]]) -> None:
    """Takes the backends of our logins out of the whole server's time."""
    for login, name in _LOGINS.items():
        used = sum(now - first for each, first, now in backends.values() if each == login)
        seen.cpu[name] = used
        seen.cpu[POSTGRES_REST] -= used


def _memory(root: psutil.Process) -> int:
    """Resident bytes of a tree, shared pages counted in each process."""
    total = 0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total
