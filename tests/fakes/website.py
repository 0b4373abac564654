"""A website on loopback that answers with exactly the bytes a test gives it, and keeps count."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Website:
    """`pages` maps a path to a whole HTTP answer; `requests` are the heads that came in."""

    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self, path: str, body: bytes | str, *, status: str = "200 OK", **headers: str) -> str:
        """Adds an answer; header names are given with underscores. Returns the page's URL."""
        content = body.encode() if isinstance(body, str) else body
        lines = {"content-type": "text/html; charset=utf-8"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        start = f"HTTP/1.1 {status}\r\n{head}content-length: {len(content)}\r\n\r\n"
        self.pages[path] = start.encode() + content
        return self.origin + path


async def accepted() -> None:
    """Lets the loop give each connection that it has accepted to its server's function."""
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Website]:
    """Serves until the block ends; a path without an answer is left hanging."""
    site = Website()
    connections: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        # A client that goes before it has asked leaves its connection to the end, too.
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            site.requests.append(head)
            content = site.pages.get(head.split(" ")[1])
            if content is not None:
                writer.write(content)
                await writer.drain()
                writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield site
        finally:
            server.close()
            await accepted()
            for writer in connections:
                writer.close()
            ended = (writer.wait_closed() for writer in connections)
            await asyncio.gather(*ended, return_exceptions=True)
