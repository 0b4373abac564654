"""A TCP proxy that a test can cut: between a worker and its server, as a bad network would."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Read = Callable[[socket.socket], Iterator[bytes]]


class Proxy:
    """Forwards 127.0.0.1:`port` to a port of loopback or a Unix socket until told otherwise.

    `swallow` is a type of PostgreSQL's messages that never reaches the client.
    """

    def __init__(self, target: int | Path, swallow: bytes = b"") -> None:
        self._target = target
        self._swallow = swallow
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_refusing = False
        self._generation = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Nothing passes meanwhile, and nobody is told; afterwards what was held back passes."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    @contextmanager
    def reset(self) -> Iterator[None]:
        """Every connection breaks, and a new one breaks at once meanwhile."""
        self._is_refusing = True
        self._break_all()
        try:
            yield
        finally:
            self._is_refusing = False

    def forget(self) -> None:
        """What runs through it now gets no answer any more, for ever; new connections work."""
        self._generation += 1

    def close(self) -> None:
        """Ends the proxy and what runs through it."""
        self._flowing.set()
        self._listener.close()
        self._break_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            if self._is_refusing:
                client.close()
                continue
            try:
                server = self._connect()
            except OSError:  # the server is down: so is the way to it
                client.close()
                continue
            self._sockets |= {client, server}
            for source, target, read in (
                (client, server, _chunks),
                (server, client, self._messages if self._swallow else _chunks),
            ):
                threading.Thread(
                    target=self._pump, args=(source, target, read), daemon=True
                ).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._target))
        return server

    def _pump(self, source: socket.socket, target: socket.socket, read: Read) -> None:
        generation = self._generation
        with suppress(OSError):
            for data in read(source):
                self._flowing.wait()
                if generation == self._generation:
                    target.sendall(data)
        for end in (source, target):
            self._break(end)

    def _messages(self, source: socket.socket) -> Iterator[bytes]:
        """Whole messages (a type, a length that counts itself, the rest) but the swallowed ones."""
        with source.makefile("rb") as stream:
            while head := stream.read(5):
                message = head + stream.read(int.from_bytes(head[1:]) - 4)
                if head[:1] != self._swallow:
                    yield message

    def _break_all(self) -> None:
        for end in list(self._sockets):
            self._break(end)

    def _break(self, end: socket.socket) -> None:
        # A shutdown wakes the thread that reads it; a mere close would not.
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
        self._sockets.discard(end)


def _chunks(source: socket.socket) -> Iterator[bytes]:
    while data := source.recv(65536):
        yield data
