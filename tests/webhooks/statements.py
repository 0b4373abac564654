"""Stands between a process and PostgreSQL, sees every statement, and kills the process at one.

Works on the wire, below any driver: nothing that a process sends can be missed. `Moments` is told
about requests to Stripe as well, by its fake.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.database import Database

NEVER = ""
_OURS = re.compile(r"private\.\w+|pg_advisory_\w+|pg_try_advisory_\w+")
_HEADER = 5  # a letter, then the length of the rest


class Killed(Exception):  # noqa: N818 - says what happened
    """The process is dead: nothing is passed on any more."""


@dataclass
class Moments:
    """Names and counts the moments of a process, and kills it at the one asked for."""

    die_at: str = NEVER
    seen: list[str] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _pid: int | None = None
    _is_known: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def belong_to(self, pid: int) -> None:
        self._pid = pid
        self._is_known.set()

    def reach(self, name: str) -> None:
        """Notes a moment; at the fatal one the process dies and `Killed` is raised."""
        self._is_known.wait()
        with self._lock:
            if self.die_at in self.seen:
                raise Killed
            self._counts[name] += 1
            self.seen.append(f"{name}: {self._counts[name]}")
            if self.seen[-1] == self.die_at and self._pid is not None:
                os.kill(self._pid, signal.SIGKILL)
                raise Killed


@contextmanager
def watched(db: Database, moments: Moments) -> Iterator[str]:
    """The query part of a connection string that leads through us to the database."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/.s.PGSQL.{db.port}")
        listener.listen()
        target = str(Path(db.host) / f".s.PGSQL.{db.port}")
        thread = threading.Thread(target=_accept, args=(listener, target, moments), daemon=True)
        thread.start()
        yield folder
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, target: str, moments: Moments) -> None:
    threads = []
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            break
        server = socket.socket(socket.AF_UNIX)
        server.connect(target)
        threads.append(threading.Thread(target=_serve, args=(client, server, moments)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _serve(client: socket.socket, server: socket.socket, moments: Moments) -> None:
    with client, server:
        try:
            server.sendall(client.recv(65536))  # the start-up message has no letter
            _Conversation(client, server, moments).pass_on()
        except (Killed, OSError):
            pass  # either side is gone; the block closes the other


class _Conversation:
    """One connection: before each statement goes on, and before its result goes back."""

    def __init__(self, client: socket.socket, server: socket.socket, moments: Moments) -> None:
        self._client, self._server, self._moments = client, server, moments
        self._prepared: dict[bytes, str] = {}
        self._current = ""
        self._asked: list[str] = []

    def pass_on(self) -> None:
        buffers = {self._client: b"", self._server: b""}
        handlers = {self._client: self._to_server, self._server: self._to_client}
        with selectors.DefaultSelector() as selector:
            for side in buffers:
                selector.register(side, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    side = self._client if key.fileobj is self._client else self._server
                    data = side.recv(65536)
                    if not data:
                        return
                    messages, buffers[side] = _split(buffers[side] + data)
                    for message in messages:
                        handlers[side](message)

    def _to_server(self, message: bytes) -> None:
        kind, body = message[:1], message[_HEADER:]
        if kind == b"P":
            name, statement, _ = body.split(b"\0", 2)
            self._current = self._prepared[name] = statement.decode()
        elif kind == b"B":
            self._current = self._prepared.get(body.split(b"\0", 2)[1], self._current)
        elif kind == b"Q":
            self._current = body.rstrip(b"\0").decode()
        if kind in b"QS":
            self._asked.append(_name(self._current))
            self._moments.reach(f"before {self._asked[-1]}")
        self._server.sendall(message)

    def _to_client(self, message: bytes) -> None:
        if message[:1] == b"Z" and self._asked:
            self._moments.reach(f"after {self._asked.pop(0)}")
        self._client.sendall(message)


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages in `data`, and the beginning of the next one."""
    messages = []
    while len(data) >= _HEADER:
        length = 1 + int.from_bytes(data[1:_HEADER], "big")
        if len(data) < length:
            break
        messages.append(data[:length])
        data = data[length:]
    return messages, data


def _name(statement: str) -> str:
    """What a statement calls, or its first words."""
    found = _OURS.search(statement)
    return found.group() if found else " ".join(statement.split()[:2]).lower()
