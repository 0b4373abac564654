"""What goes wrong in each scenario. A fault strikes while jobs run, and ends before the jobs do."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping

from tests.chaos import servers
from tests.chaos.trial import Trial
from tests.chaos.worker import LEASE_SECONDS


def kill_workers(trial: Trial) -> None:
    """kill -9, three times, each time with a fresh worker in place of the dead one."""
    for share in (0.2, 0.4, 0.6):
        trial.wait_until_done(share)
        victim = trial.workers[-2]
        with trial.fault(victim):
            victim.process.kill()
            victim.process.wait()
        trial.start_worker()


def freeze_worker(trial: Trial) -> None:
    """SIGSTOP past two leases: the worker comes back believing that its jobs are still its own."""
    trial.wait_until_done(0.2)
    victim = trial.workers[0]
    with trial.fault(victim):
        victim.process.send_signal(signal.SIGSTOP)
        time.sleep(2.5 * LEASE_SECONDS)
        victim.process.send_signal(signal.SIGCONT)


def terminate_backends(trial: Trial) -> None:
    """Every connection of every worker ends, twice."""
    for share in (0.2, 0.5):
        trial.wait_until_done(share)
        with (
            trial.fault(*trial.workers),
            servers.connect(trial.server, trial.database) as superuser,
        ):
            superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'"
            )


def restart_server(trial: Trial) -> None:
    """The server restarts, as for a minor upgrade."""
    trial.wait_until_done(0.3)
    with trial.fault(*trial.workers):
        servers.restart(trial.server)


def stop_server(trial: Trial) -> None:
    """The server is away past two leases: every lease has ended when it is back."""
    trial.wait_until_done(0.3)
    with trial.fault(*trial.workers):
        servers.restart(trial.server, pause_seconds=2.5 * LEASE_SECONDS)


def crash_backend(trial: Trial) -> None:
    """kill -9 of one backend: the server ends all others and recovers from its log."""
    trial.wait_until_done(0.3)
    with trial.fault(*trial.workers):
        servers.crash_backend(trial.server)


def crash_server(trial: Trial) -> None:
    """kill -9 of the postmaster, then a start that recovers from the log."""
    trial.wait_until_done(0.3)
    with trial.fault(*trial.workers):
        servers.crash(trial.server)


def break_connections(trial: Trial) -> None:
    """The network resets every connection and refuses new ones for a second."""
    trial.wait_until_done(0.3)
    first, second = trial.workers
    with trial.fault(first, second), first.proxy.reset(), second.proxy.reset():
        time.sleep(1)


def silence_network(trial: Trial) -> None:
    """One worker's packets are held back past two leases, then delivered: late writes and all."""
    trial.wait_until_done(0.2)
    victim = trial.workers[0]
    with trial.fault(victim), victim.proxy.silence():
        time.sleep(2.5 * LEASE_SECONDS)


def forget_connections(trial: Trial) -> None:
    """The network drops every connection of one worker without telling either end."""
    trial.wait_until_done(0.2)
    victim = trial.workers[0]
    with trial.fault(victim):
        victim.proxy.forget()


SCENARIOS: Mapping[str, Callable[[Trial], None]] = {
    "workers killed (kill -9)": kill_workers,
    "worker frozen past two leases": freeze_worker,
    "all connections terminated": terminate_backends,
    "server restarted": restart_server,
    "server away past two leases": stop_server,
    "backend killed (kill -9)": crash_backend,
    "postmaster killed (kill -9)": crash_server,
    "network reset": break_connections,
    "network silent past two leases": silence_network,
    "connections forgotten": forget_connections,
}
