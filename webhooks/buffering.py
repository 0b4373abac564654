"""gunicorn's threaded worker, but a thread takes a request only once all of it has arrived.

The loop that waits for connections also reads them, threads never do. A slow client therefore
costs a file descriptor for a few seconds, not a thread. Where a request ends is an estimate here:
gunicorn's parser decides it.
"""

from __future__ import annotations

import re
import select
import selectors
import socket
import struct
import time
from concurrent import futures
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import http, util
from gunicorn.http.unreader import IterUnreader
from gunicorn.workers.gthread import ThreadWorker

READ_SECONDS = 10.0  # for a request to arrive, from the connection or, if kept, from its first byte
LINGER_SECONDS = 2.0  # in which a client must close after the last answer (RFC 9112, 9.6)
SEND_SECONDS = 5.0  # in which a client must read some of an answer
MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 1024 * 1024  # the app's limit; a longer body is not read to its end
MAX_HELD_BYTES = 64 * 1024 * 1024  # per process: of unfinished requests, and again of whole ones
PER_ADDRESS = 50

_RECEIVED_BYTES = 64 * 1024
_PIECE_BYTES = 8 * 1024  # as gunicorn reads a socket: it copies a whole piece for each chunk in it
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_MAX_CHUNK_LINE_BYTES = 1024
# A thread of its own answers it, also while all others wait.
_LIVENESS = b"GET /healthz "


class Incoming:
    """The bytes of a request so far."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.data = bytearray()
        self.is_too_large = False  # its head is longer than MAX_HEAD_BYTES
        self.was_asked_on = False
        self._body_at = 0
        self._end: int | None = None
        self._chunk_at: int | None = None

    def add(self, data: bytes) -> None:
        searched = max(0, len(self.data) - len(_END_OF_HEAD) + 1)
        self.data += data
        if self._body_at:
            return
        found = self.data.find(_END_OF_HEAD, searched)
        if found < 0:
            self.is_too_large = len(self.data) > MAX_HEAD_BYTES
            return
        self._body_at = found + len(_END_OF_HEAD)
        length = _LENGTH.search(self.data, 0, self._body_at)
        if _CHUNKED.search(self.data, 0, self._body_at):
            self._chunk_at = self._body_at
        else:
            self._end = self._body_at + (int(length[1]) if length else 0)

    @property
    def waits_for_go(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return bool(self._body_at and _EXPECT.search(self.data, 0, self._body_at))

    def is_whole(self) -> bool:
        """Whether all of it has arrived, or enough to refuse it."""
        if not self._body_at:
            return False
        if self._chunk_at is not None:
            self._follow_chunks()
        beyond = self._body_at + MAX_BODY_BYTES
        return len(self.data) >= (beyond if self._end is None else self._end) or (
            self._end is not None and self._end > beyond
        )

    def _follow_chunks(self) -> None:
        """Walks from chunk size to chunk size, each read once. A malformed size is the end."""
        at = self._chunk_at
        while at is not None and self._end is None:
            line_end = self.data.find(b"\r\n", at, at + _MAX_CHUNK_LINE_BYTES)
            if line_end < 0:
                if len(self.data) - at >= _MAX_CHUNK_LINE_BYTES:
                    self._end = at
                break
            size = _CHUNK_SIZE.match(self.data, at, line_end)
            if size is None:
                self._end = at
            elif int(size[0], 16) == 0:
                trailers_end = self.data.find(_END_OF_HEAD, line_end)
                if trailers_end >= 0:
                    self._end = trailers_end + len(_END_OF_HEAD)
                elif len(self.data) - line_end > MAX_HEAD_BYTES:
                    self._end = at
                break
            else:
                at = line_end + 2 + int(size[0], 16) + 2
                if at > self._body_at + MAX_BODY_BYTES:
                    at = None
        self._chunk_at = at


class _Received(IterUnreader):  # type: ignore[misc]
    """The bytes of a request; `was_short` once a parser has asked for more."""

    was_short = False

    def __init__(self, data: bytes) -> None:
        super().__init__(data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES))

    def chunk(self, size_hint: int | None = None) -> bytes:
        data: bytes = super().chunk(size_hint)
        self.was_short = self.was_short or not data
        return data

    def put_back(self) -> None:
        """Puts unread bytes, the start of the next request, into `buf`, where gunicorn looks."""
        held = self.take_buffered()
        self.buf.write(held + b"".join(self.iter or ()))


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """Limits how long a client may send, its connections, and the answers that it does not read."""

    read_seconds = READ_SECONDS
    per_address: int | None = PER_ADDRESS  # waiting connections; None behind a proxy

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Both: oldest first.
        self._reading: dict[Any, Incoming] = {}
        self._closing: dict[Any, float] = {}
        self._held_bytes = 0
        self._waiting: dict[Any, int] = {}  # bytes of whole requests until they are answered
        self._liveness = futures.ThreadPoolExecutor(1)

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl or cfg.http2_cleartext != "off":
            raise ValueError("BufferingWorker speaks HTTP/1.1 without TLS: a proxy must end TLS")

    def accept(self, listener: Any) -> None:
        if self.nr_conns >= self.worker_connections - 1:
            self._make_room()
        super().accept(listener)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """When stopping, takes the connections that the kernel holds, then closes the listener.

        An open listener would accept further connections and reset them at the end.
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                while _is_ready(listener, select.POLLIN):
                    self.accept(listener)
                listener.close()

    def enqueue_req(self, conn: Any) -> None:
        """Called by gunicorn for a new connection, and when a kept one sends its next request."""
        incoming = Incoming(time.monotonic() + self.read_seconds)
        if conn.parser is None:
            # The kernel's time limit for sending. The socket stays blocking for writers.
            seconds = struct.pack("ll", int(SEND_SECONDS), 0)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
            self._bound_address(conn.client)
        conn.sock.settimeout(0)
        self._reading[conn] = incoming
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read, conn))
        if conn.parser is not None and (held := conn.parser.unreader.take_buffered()):
            incoming.add(held)
            self._held_bytes += len(held)
            self._go_on(conn, incoming)

    def finish_request(self, conn: Any, fs: futures.Future[Any]) -> None:
        """Called by gunicorn after an answer. Its own waits in the loop for the client to close."""
        self._waiting.pop(conn, None)
        is_kept = not fs.cancelled() and fs.exception() is None and fs.result()
        # After a request that was cut short, the next bytes don't start a request.
        if is_kept and not conn.parser.unreader.was_short:
            conn.parser.unreader.put_back()
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def murder_pending(self) -> None:
        """Called by gunicorn at least every second: ends what has waited for too long."""
        now = time.monotonic()
        while self._reading and (oldest := next(iter(self._reading))):
            if self._reading[oldest].deadline > now:
                break
            self._give_up(oldest)
        while self._closing and (oldest := next(iter(self._closing))):
            if self._closing[oldest] > now:
                break
            self._close(oldest)

    def _read(self, conn: Any, _sock: object) -> None:
        try:
            data = conn.sock.recv(_RECEIVED_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._close(conn)
            return
        incoming = self._reading[conn]
        if not data:  # the client has closed its side; it may still wait for an answer
            if incoming.data:
                self._refuse(conn, 400, "Bad Request")
            else:
                self._close(conn)
            return
        incoming.add(data)
        self._held_bytes += len(data)
        while self._held_bytes > MAX_HELD_BYTES and (oldest := next(iter(self._reading))) != conn:
            self._give_up(oldest)
        self._go_on(conn, incoming)

    def _go_on(self, conn: Any, incoming: Incoming) -> None:
        if incoming.is_too_large:
            self._refuse(conn, 431, "Request Header Fields Too Large")
        elif incoming.is_whole():
            self._dispatch(conn, incoming)
        elif incoming.waits_for_go and not incoming.was_asked_on:
            incoming.was_asked_on = True
            with suppress(OSError):  # the next read finds out
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _dispatch(self, conn: Any, incoming: Incoming) -> None:
        if not _is_ready(conn.sock, select.POLLOUT):  # it does not read its answers
            self._close(conn)
            return
        size = len(incoming.data)
        if self._waiting and sum(self._waiting.values()) + size > MAX_HELD_BYTES:
            self._refuse(conn, 503, "Service Unavailable")
            return
        self._forget(conn)
        self._waiting[conn] = size
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, [], conn.client)
            conn.initialized = True
        conn.parser.unreader = _Received(bytes(incoming.data))
        conn.data_ready = True
        pool = self._liveness if incoming.data.startswith(_LIVENESS) else self.tpool
        future = pool.submit(self.handle, conn)
        future.add_done_callback(partial(self.method_queue.defer, self.finish_request, conn))

    def _make_room(self) -> None:
        """Closes the connection that has waited longest."""
        if self.keepalived_conns:
            self.keepalived_conns[0].timeout = 0
            self.murder_keepalived()
        elif self._closing:
            self._close(next(iter(self._closing)))
        elif self._reading:
            self._give_up(next(iter(self._reading)))

    def _bound_address(self, client: Any) -> None:
        if self.per_address is None or not isinstance(client, tuple):
            return
        same = [conn for conn in self._reading if conn.client[0] == client[0]]
        if len(same) >= self.per_address:
            self._give_up(same[0])

    def _give_up(self, conn: Any) -> None:
        if self._reading[conn].data:
            self._refuse(conn, 408, "Request Timeout")
        else:
            self._close(conn)

    def _refuse(self, conn: Any, status: int, reason: str) -> None:
        self._forget(conn)
        try:
            util.write_error(conn.sock, status, reason, "")
        except OSError:
            self._close(conn)
        else:
            self._linger(conn)

    def _linger(self, conn: Any) -> None:
        """Closes our side and discards what arrives until the client closes its side."""
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError):
            self._close(conn)
        else:
            self._closing[conn] = time.monotonic() + LINGER_SECONDS

    def _discard(self, conn: Any, _sock: object) -> None:
        try:
            has_more = bool(conn.sock.recv(_RECEIVED_BYTES))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            has_more = False
        if not has_more:
            self._close(conn)

    def _close(self, conn: Any) -> None:
        self._forget(conn)
        self._closing.pop(conn, None)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: Any) -> None:
        if (incoming := self._reading.pop(conn, None)) is not None:
            self._held_bytes -= len(incoming.data)
        with suppress(KeyError, ValueError, OSError):  # the poller does not know it
            self.poller.unregister(conn.sock)


def _is_ready(sock: Any, event: int) -> bool:
    poll = select.poll()
    poll.register(sock.fileno(), event)
    return bool(poll.poll(0))
