"""A webhook receiver on loopback: answers as a test says and keeps what was posted to it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from tests.fakes.website import accepted

OK = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


def answer(status: int, **headers: str) -> bytes:
    """A whole answer; header names are given with underscores."""
    lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
    return f"HTTP/1.1 {status} Told\r\n{lines}content-length: 0\r\n\r\n".encode()


@dataclass
class Message:
    """What came in one post."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`reply` is what it answers with; None leaves the sender hanging."""

    port: int = 0
    reply: bytes | None = OK
    messages: list[Message] = field(default_factory=list)
    connections: int = 0
    _server: asyncio.Server | None = None
    _connections: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    async def up(self) -> None:
        """Listens, at the same port each time."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuses connections from now on."""
        if self._server is not None:
            self._server.close()
            await accepted()
            for writer in self._connections:
                writer.close()
            ended = (writer.wait_closed() for writer in self._connections)
            await asyncio.gather(*ended, return_exceptions=True)
            self._connections.clear()
            await self._server.wait_closed()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._connections.append(writer)
        # A client that goes before it has asked leaves its connection to the end, too.
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._say(reader, writer)

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): text for name, text in lines}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.messages.append(Message(headers, body))
        if self.reply is not None:
            writer.write(self.reply)
            await writer.drain()
            writer.close()
