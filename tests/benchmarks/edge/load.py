"""Requests at a steady rate over a few kept connections, each timed from when it was due.

Written on asyncio's streams: a whole HTTP client costs the machine more than the app it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

CLIENTS = 32
_TIMEOUT_SECONDS = 5
FAILED = 0  # instead of a status


def request(path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def drive(
    port: int, make: Callable[[int], bytes], *, rate: int, seconds: float
) -> list[tuple[float, int]]:
    """Milliseconds and status of each request; a slow answer delays no other request."""
    numbers = iter(range(int(rate * seconds)))
    started = time.perf_counter() + 0.2

    async def one_client() -> list[tuple[float, int]]:
        taken = []
        client = _Client(port)
        for number in numbers:
            content, due = make(number), started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            status = await client.ask(content)
            taken.append(((time.perf_counter() - due) * 1000, status))
        client.close()
        return taken

    every = await asyncio.gather(*(one_client() for _ in range(CLIENTS)))
    return [each for taken in every for each in taken]


class _Client:
    """One connection, made again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, content: bytes) -> int:
        was_kept = self._streams is not None
        try:
            return await asyncio.wait_for(self._exchange(content), _TIMEOUT_SECONDS)
        except (TimeoutError, OSError, EOFError):
            self.close()
            # A kept connection may end just when it is used again: clients try once more.
            return await self.ask(content) if was_kept else FAILED

    async def _exchange(self, content: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(content)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
