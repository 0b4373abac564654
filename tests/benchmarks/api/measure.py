"""Runs the cases: systems in turn within every round, disturbed runs again."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg

from local.postgres import BIN_DIR
from tests.benchmarks.api import cases, data, load, servers
from tests.benchmarks.api.servers import Place, Server
from tests.benchmarks.jobs.machine import Watch, tree_seconds
from tests.benchmarks.jobs.measure import FOREIGN_LIMIT, Failure, Sample

PGBENCH_CLIENTS = 8
SCREEN = "a dashboard's screen"
ONE, FOUR = "ours, product_overview", "ours, four requests"
# Written as before_request is, so that only what is left out differs.
_PRE_REQUEST = """
create function private.{name}() returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $body${body}$body$;
grant execute on function private.{name} to anon, authenticated
"""
_PRE_REQUESTS = {
    cases.BARE: "",
    cases.EMPTY: "empty_pre_request",
    cases.UNLIMITED: "before_request_without_limit",
}
_COUNT = "perform private.count_request(v_user, 'write');"
_PEERS = {
    cases.ASYNCPG: partial(servers.uvicorn_server, module="with_asyncpg", scheme="postgresql"),
    cases.SQLALCHEMY: partial(
        servers.uvicorn_server, module="with_sqlalchemy", scheme="postgresql+asyncpg"
    ),
    cases.EXPRESS: servers.express_server,
}


@dataclass(frozen=True)
class Bench:
    """What a run needs: the database, the started servers, how long and how often."""

    place: Place
    postmaster: int
    tokens: list[str]
    seconds: float
    rounds: int
    tries: int

    def watch(self) -> Watch:
        """Over everything that is ours."""
        return Watch(os.getpid(), self.postmaster)

    def undisturbed(self, case: str, system: str, take: Callable[[], Sample]) -> Sample | Failure:
        """The first of `tries` samples that had the machine for itself, else the calmest."""
        taken: list[Sample] = []
        while len(taken) < self.tries:
            try:
                taken.append(take())
            except (load.LoadFailed, subprocess.CalledProcessError) as error:
                return Failure(case, system, str(error))
            if taken[-1].foreign_share <= FOREIGN_LIMIT:
                break
        return min(taken, key=lambda sample: sample.foreign_share)


@contextmanager
def systems(place: Place, wanted: frozenset[str]) -> Iterator[dict[str, Server]]:
    """Every system that answers HTTP, started once for the whole run."""
    with ExitStack() as stack:

        def start(name: str, server: Callable[[], object]) -> None:
            if name in wanted:
                started[name] = stack.enter_context(server())

        started: dict[str, Server] = {}
        ours = stack.enter_context(servers.postgrest_server(place, "ours"))
        started[cases.OURS] = ours
        _add_pre_requests(place)
        for system, function in _PRE_REQUESTS.items():
            start(
                system,
                lambda function=function: servers.postgrest_server(
                    place, function or "bare", db_pre_request=function and f"private.{function}"
                ),
            )
        start(cases.NEXT, lambda: servers.next_server(place, ours))
        for is_bare in (False, True):
            for system, peer in _PEERS.items():
                start(
                    cases.BARE_PEERS[system] if is_bare else system,
                    lambda peer=peer, is_bare=is_bare: peer(place, is_bare=is_bare),
                )
        yield started


def samples(
    bench: Bench, started: dict[str, Server], wanted: frozenset[str], names: frozenset[str]
) -> Iterator[Sample | Failure]:
    """Every case, round by round; each in another order, so that none always follows the same one.

    A run leaves work behind: pages to flush and to vacuum, cold caches.
    """
    for case in cases.CASES:
        if case.name not in names:
            continue
        chosen = [system for system in case.systems if system in wanted]
        for number in range(bench.rounds):
            order = random.Random(number).sample(chosen, len(chosen)) if number else chosen
            for system in order:
                yield _sample(bench, case.name, system, started.get(system), is_warm=number > 0)
        if case.name == cases.RPC:
            data.put_back(bench.place.target)


def screens(bench: Bench, ours: Server) -> Iterator[Sample | Failure]:
    """A dashboard's screen in one request, and in the four that it takes without the view."""
    for number in range(bench.rounds):
        is_warm = number > 0
        for system, requests, each in (
            (ONE, cases.requests(cases.OVERVIEW, cases.OURS), 1),
            (FOUR, cases.four_requests(), 4),
        ):

            def take(
                system: str = system,
                requests: list[load.Request] = requests,
                each: int = each,
                is_warm: bool = is_warm,  # noqa: FBT001 - binds the loop's value
            ) -> Sample:
                taken = http(bench, SCREEN, system, ours, requests, is_warm=is_warm)
                numbers = {
                    "screens_per_second": taken.numbers["requests_per_second"] / each,
                    "cpu_us_per_screen": taken.numbers["cpu_us_per_request"] * each,
                }
                return replace(taken, numbers=numbers)

            yield bench.undisturbed(SCREEN, system, take)


def http(
    bench: Bench,
    case: str,
    system: str,
    server: Server,
    requests: list[load.Request],
    *,
    is_warm: bool = False,
) -> Sample:
    """One run of wrk against a server, which is warmed up unless it is."""
    path = load.write(bench.place.folder / "requests.txt", requests, bench.tokens)
    if not is_warm:
        load.warm_up(server.port, path)
    measured = load.run(
        server.port,
        path,
        bench.seconds,
        [*server.process_ids, bench.postmaster],
        bench.watch(),
    )
    return Sample(case, system, _numbers(measured), measured.foreign_share)


def pgbench(bench: Bench, case: str, system: str, script: str) -> Sample:
    """One run of pgbench with prepared statements."""
    folder = bench.place.folder
    path = folder / "script.sql"
    path.write_text(script)
    for log in folder.glob("pgbench_log*"):
        log.unlink()
    watch = bench.watch()
    before = tree_seconds(bench.postmaster)
    said = _pgbench(bench, path)
    used = tree_seconds(bench.postmaster) - before
    rate = float(re.search(r"tps = ([\d.]+)", said)[1])
    waits = sorted(
        int(line.split()[2]) / 1000
        for log in folder.glob("pgbench_log*")
        for line in log.read_text().splitlines()
    )
    numbers = {
        "requests_per_second": rate,
        "p50_ms": waits[len(waits) // 2],
        "p99_ms": waits[int(len(waits) * 0.99)],
        "cpu_us_per_request": used / len(waits) * 1e6,
    }
    return Sample(case, system, numbers, watch.foreign_share())


def _sample(
    bench: Bench, case: str, system: str, server: Server | None, *, is_warm: bool
) -> Sample | Failure:
    def take() -> Sample:
        try:
            if server is None:
                is_bare = system == cases.BARE_PEERS[cases.PGBENCH]
                return pgbench(bench, case, system, cases.script(case, is_bare=is_bare))
            requests = cases.requests(case, system)
            return http(bench, case, system, server, requests, is_warm=is_warm)
        finally:
            if case == cases.INSERT:
                data.put_back(bench.place.target)

    return bench.undisturbed(case, system, take)


def _pgbench(bench: Bench, script: Path) -> str:
    target, folder = bench.place.target, bench.place.folder
    return subprocess.run(
        [
            str(BIN_DIR / "pgbench"),
            *("--no-vacuum", "-M", "prepared", "-c", str(PGBENCH_CLIENTS), "-j", "1"),
            *("-T", f"{bench.seconds:.0f}", "-f", str(script)),
            *("--log", f"--log-prefix={folder}/pgbench_log"),
            *("-h", target.socket_dir, "-p", str(target.port), "-U", "authenticator"),
            target.database,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _numbers(measured: load.Load) -> dict[str, float]:
    return {
        "requests_per_second": measured.requests_per_second,
        "p50_ms": measured.p50_ms,
        "p99_ms": measured.p99_ms,
        "cpu_us_per_request": measured.cpu_us_per_request,
    }


def _add_pre_requests(place: Place) -> None:
    with psycopg.connect(place.target.url(), autocommit=True) as db:
        [body] = db.execute(
            "select prosrc from pg_proc where oid = 'private.before_request'::regproc"
        ).fetchone()
        if _COUNT not in body:
            raise RuntimeError("before_request counts nothing")
        bodies = {
            cases.EMPTY: "begin end",
            cases.UNLIMITED: body.replace(_COUNT, "null;"),
        }
        for system, text in bodies.items():
            db.execute(_PRE_REQUEST.format(name=_PRE_REQUESTS[system], body=text))
