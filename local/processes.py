"""Finds and stops the processes of a stack by a variable that they inherit.

There is no pid file, which could be stale. Also tells whether a port is free.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

import psutil

from local.environment import MARKER

_STOP_SECONDS = 15.0


def of_stack(directory: Path) -> list[psutil.Process]:
    """Every live process that was started for the stack of this folder."""
    return [process for process in psutil.process_iter() if _belongs(process, directory)]


def supervisor(directory: Path) -> psutil.Process | None:
    """The stack's honcho, if it runs."""
    return next(filter(_is_honcho, of_stack(directory)), None)


def stop(directory: Path) -> None:
    """Ends the supervisor, which ends its processes, and then all that are left."""
    top = supervisor(directory)
    if top is not None:
        _terminate([top])
    _terminate(of_stack(directory))


def is_port_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _terminate(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_STOP_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=_STOP_SECONDS)


def _belongs(process: psutil.Process, directory: Path) -> bool:
    try:
        return (
            process.environ().get(MARKER) == str(directory)
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def _is_honcho(process: psutil.Process) -> bool:
    # honcho's forks have its command line too; only honcho itself leads the process group.
    try:
        return os.getpgid(process.pid) == process.pid and "honcho" in process.cmdline()
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
