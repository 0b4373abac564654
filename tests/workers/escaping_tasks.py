"""Tasks of found_isolation.py."""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
from pathlib import Path


def one() -> int:
    return 1


def slow() -> None:
    time.sleep(1.5)


def leave_a_grandchild() -> int:
    """The process id of one that would outlive its parent; 0 if none can be."""
    if os.getuid() == 0:
        os.setuid(65534)  # the worker's user is not root, who has no such limit
    try:
        pid = os.fork()
    except OSError:
        return 0
    if pid == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    return pid


def sleep(note: str) -> int:
    Path(note).write_text(str(os.getpid()))
    time.sleep(60)
    return 1


def _channel() -> socket.socket:
    numbers = (number for number in range(3, 1024) if _is_socket(number))
    return socket.socket(fileno=next(numbers))


def _is_socket(number: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def answer_nonsense(kind: str) -> int:
    channel = _channel()
    said = {"no json": b"{", "no kind": b"[]", "deep": b"[" * 100_000}[kind]
    channel.sendall(len(said).to_bytes(8) + said)
    os._exit(0)


def kill_parent() -> int:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(5)
    return 1


def close_channel_and_wait() -> int:
    _channel().shutdown(socket.SHUT_RDWR)
    time.sleep(30)
    return 1
