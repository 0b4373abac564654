"""Two worker hosts as network namespaces: one is cut off past its lease, and comes back.

Each namespace is joined to the server by a link of its own. Only addresses of these links are used.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from local import postgres
from local.postgres import Server
from tests.chaos.outcome import count
from tests.chaos.proxy import Proxy
from tests.chaos.servers import ACCOUNTS, connect, make_database, own_server, tcp_url
from tests.chaos.trial import Trial, Worker
from tests.chaos.worker import LEASE_SECONDS, RESUME_SECONDS
from tests.patience import PATIENCE_SECONDS
from tests.server import ROOT
from tests.trials.figures import Figure

_DATABASE = "hosts"
_JOBS = 3_000  # a calm machine ends fewer while a host is cut off
_CUT_SECONDS = 3.0 * LEASE_SECONDS
# Two links of four addresses each, of a range that is nobody's: for tests of networks (RFC 2544).
_NETWORK = "198.18.77"


@dataclass(frozen=True)
class _Host:
    """A namespace. `server` is the server's address on its link."""

    name: str
    link: str
    server: str

    def cut(self) -> None:
        _ip("link", "set", self.link, "down")

    def join(self) -> None:
        _ip("link", "set", self.link, "up")

    def command(self, *command: str) -> list[str]:
        """The command, to be run on this host."""
        return ["ip", "netns", "exec", self.name, *command]


def run() -> list[Figure]:
    """Skips itself where no namespaces can be made."""
    with ExitStack() as opened:
        try:
            hosts = [opened.enter_context(_host(number)) for number in range(2)]
        except (OSError, subprocess.CalledProcessError) as error:
            return [Figure(f"skipped: this machine makes no network namespaces ({error})", 0)]
        addresses = ",".join(["127.0.0.1", *(host.server for host in hosts)])
        server = opened.enter_context(own_server(listen_addresses=addresses))
        with (server.data_dir / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all worker {_NETWORK}.0/29 scram-sha-256\n")
        make_database(server, _DATABASE)
        with connect(server, _DATABASE) as superuser:
            superuser.execute("select pg_reload_conf()")
            superuser.execute(
                "insert into private.job_kinds (kind, queue) values ('held', 'billing')"
            )
        trial = _Trial(server, _DATABASE, _JOBS, hosts=hosts)
        opened.callback(trial.abandon)
        return _tried(trial, *hosts)


@dataclass
class _Trial(Trial):
    hosts: list[_Host] = field(default_factory=list)

    def start_worker(self) -> Worker:
        """Another worker, on the next host."""
        host = self.hosts[len(self.workers) % len(self.hosts)]
        name = f"{self.database}_{len(self.workers) + 1}"
        command = [sys.executable, "-m", "tests.chaos.worker", name, _url(self.server, host)]
        with self.server.data_dir.with_name(f"{name}.log").open("wb") as log:
            process = subprocess.Popen(host.command(*command), cwd=ROOT, stdout=log, stderr=log)
        self.workers.append(Worker(name, process, Proxy(self.server.port)))
        return self.workers[-1]


def _tried(trial: _Trial, cut_off: _Host, other: _Host) -> list[Figure]:
    with (
        _session(_url(trial.server, cut_off), cut_off) as of_before,
        _session(_url(trial.server, other), other) as instead,
    ):
        began = time.monotonic()
        trial.begin()
        trial.wait_until_done(0.2)
        with connect(trial.server, _DATABASE) as db:
            db.execute("select private.enqueue('held', %s)", (ACCOUNTS[0],))
        held = of_before.ask(_claim())
        victim = trial.workers[0]
        with trial.fault(victim):
            cut_off.cut()
            taken = ""
            cut_at = time.monotonic()
            while not taken and time.monotonic() < cut_at + PATIENCE_SECONDS:
                taken = instead.ask(_claim())
                time.sleep(0.05)
            taken_seconds = time.monotonic() - cut_at
            time.sleep(max(0.0, cut_at + _CUT_SECONDS - time.monotonic()))
            cut_off.join()
        joined_at = time.time()
        # What the cut off host held all the time, it saves now, over the connection of before.
        is_saved = of_before.ask(_complete(held)) == "t"
        is_done = instead.ask(_complete(taken)) == "t"
        trial.wait_until_over()
        outcome = count(trial, time.monotonic() - began, trial.stop_workers())
    with connect(trial.server, _DATABASE) as db:
        [again] = db.execute(
            "select count(*) as n from chaos.effects where worker = %s and at > to_timestamp(%s)",
            (victim.name, joined_at),
        ).fetchall()
    return [
        Figure("jobs", outcome.run, at_least=_JOBS),
        Figure("cut off", outcome.outage_seconds, "s", at_least=_CUT_SECONDS),
        Figure("jobs that it ran then", outcome.interrupted, at_least=1),
        Figure("lost", outcome.lost, at_most=0),
        Figure("doubled", outcome.completed_twice, at_most=0),
        Figure("left over", outcome.left_over, at_most=0),
        Figure(
            f"all taken over after (lease {LEASE_SECONDS} s)",
            outcome.resumed_seconds,
            "s",
            at_most=LEASE_SECONDS + RESUME_SECONDS,
        ),
        Figure("the job that was held: taken over after", taken_seconds, "s"),
        Figure("... saved late by the host that came back", is_saved, at_most=0),
        Figure("... saved by the other", is_done, at_least=1),
        Figure("jobs of the host that came back, since", again["n"], at_least=1),
        Figure(
            "workers that did not end when asked",
            sum(code != 0 for code in outcome.exit_codes),
            at_most=0,
        ),
    ]


def _claim() -> str:
    return (
        "select concat_ws(' ', msg_id, read_ct, job_id) from private.claim('billing', 1,"
        f" {LEASE_SECONDS}) limit 1"
    )


def _complete(claimed: str) -> str:
    """Saves as a worker does: the effect and the acknowledgement, or neither: t or nothing."""
    msg_id, read_ct, job_id = claimed.split()
    return (
        f"with acknowledged as (select private.complete({msg_id}, {read_ct}) as is_held)"
        " insert into chaos.effects (job_id, worker)"
        f" select '{job_id}', 'held' from acknowledged where is_held returning 't'"
    )


@dataclass
class _Session:
    """A database session on a host, which lives through the cut."""

    process: subprocess.Popen[str]

    def ask(self, query: str) -> str:
        """The one value of the query; empty if it has no row."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{query};\n\\echo .\n")
        self.process.stdin.flush()
        lines = list(iter(self.process.stdout.readline, ".\n"))
        if "" in lines:
            raise RuntimeError("the session has ended")
        return "".join(lines).strip()


@contextmanager
def _session(url: str, host: _Host) -> Iterator[_Session]:
    command = [str(postgres.BIN_DIR / "psql"), "-X", "-At", "-q", url]
    process = subprocess.Popen(
        host.command(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield _Session(process)
    finally:
        process.kill()
        process.wait()


def _url(server: Server, host: _Host) -> str:
    return tcp_url(server.port, _DATABASE).replace("127.0.0.1", host.server)


@contextmanager
def _host(number: int) -> Iterator[_Host]:
    """A namespace with a link to this machine; both are gone at the end."""
    name, link = f"creatorscook-{os.getpid()}-{number}", f"cc{os.getpid() % 10**8}-{number}"
    server, own = f"{_NETWORK}.{4 * number + 1}", f"{_NETWORK}.{4 * number + 2}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("address", "add", f"{server}/30", "dev", link)
        _ip("link", "set", link, "up")
        for command in (
            ("address", "add", f"{own}/30", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            _ip("-n", name, *command)
        yield _Host(name, link, server)
    finally:
        _ip("netns", "delete", name)  # the links end with it


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30)
