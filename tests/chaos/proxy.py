"""A TCP proxy that a test can cut: between a worker and its server, as a bad network would."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Proxy:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target_port` until told otherwise."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_refusing = False
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
                server = socket.create_connection(self._target)
            except OSError:  # the server is down: so is the way to it
                client.close()
                continue
            self._sockets |= {client, server}
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                target.sendall(data)
        for end in (source, target):
            self._break(end)

    def _break_all(self) -> None:
        for end in list(self._sockets):
            self._break(end)

    def _break(self, end: socket.socket) -> None:
        # A shutdown wakes the thread that reads it; a mere close would not.
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
        self._sockets.discard(end)
