"""One trial: jobs, two workers, a fault, and what became of every job."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from local.postgres import Server
from tests.chaos.feeder import feed
from tests.chaos.proxy import Proxy
from tests.chaos.servers import connect, tcp_url
from tests.jobs import in_background
from tests.patience import PATIENCE_SECONDS
from tests.server import ROOT

_AT_WORK = """
    select count(*) as n from chaos.starts as s where s.worker = any(%s)
    and not exists (select from chaos.effects as e where e.job_id = s.job_id)
"""


@dataclass(frozen=True)
class Fault:
    """Something that went wrong between two instants, for the runs of `victims`."""

    began_at: float
    ended_at: float
    victims: list[str]


@dataclass(frozen=True)
class Worker:
    """A worker process; the proxy is its only way to the server."""

    name: str
    process: subprocess.Popen[bytes]
    proxy: Proxy


@dataclass
class Trial:
    """What a fault may use: the server, workers, and a way to wait for jobs done."""

    server: Server
    database: str
    jobs: int
    workers: list[Worker] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    confirmed: Future[list[uuid.UUID]] = field(init=False)

    def begin(self) -> None:
        """Two workers, and jobs that begin to come in."""
        self.start_worker()
        self.start_worker()
        self.confirmed = in_background(lambda: feed(self.server, self.database, self.jobs))

    def start_worker(self) -> Worker:
        """Another worker, logging beside the server's data."""
        name = f"{self.database}_{len(self.workers) + 1}"
        proxy = Proxy(self.server.port)
        url = tcp_url(proxy.port, self.database)
        log_path = self.server.data_dir.with_name(f"{name}.log")
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker", name, url],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        worker = Worker(name, process, proxy)
        self.workers.append(worker)
        return worker

    @contextmanager
    def fault(self, *victims: Worker) -> Iterator[None]:
        """Waits until the victims work; notes when the trouble began and ended, and whose it is."""
        names = [victim.name for victim in victims]
        self._wait(lambda: self._value(_AT_WORK, names) > 0)
        began_at = time.time()
        yield
        self.faults.append(Fault(began_at, time.time(), names))

    def wait_until_done(self, share: float) -> None:
        """Until that share of the jobs has left an effect; if patience ends, the count tells."""
        query = "select count(distinct job_id) as n from chaos.effects"
        self._wait(lambda: self._value(query) >= share * self.jobs)

    def wait_until_over(self) -> None:
        """Until all jobs came in and none is live; if patience ends, the count tells."""
        query = "select count(*) as n from private.live_jobs"
        self._wait(lambda: self.confirmed.done() and self._value(query) == 0)

    def stop_workers(self) -> list[int]:
        """Asks every worker that lives to end; their exit codes."""
        living = [worker for worker in self.workers if worker.process.poll() is None]
        for worker in living:
            worker.process.send_signal(signal.SIGTERM)
        exit_codes = [worker.process.wait(timeout=PATIENCE_SECONDS) for worker in living]
        self.abandon()
        return exit_codes

    def abandon(self) -> None:
        """Leaves no process and no proxy behind, whatever happened."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()
            worker.proxy.close()

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):  # the fault may be the server's
                if condition():
                    return
            time.sleep(0.02)

    def _value(self, query: str, *parameters: object) -> int:
        with connect(self.server, self.database) as db:
            [row] = db.execute(query, parameters).fetchall()
        return row["n"]
