"""Fetches a page that a user named, or posts to a URL of theirs, safe from SSRF.

It connects to public unicast addresses only (core/addresses.py).
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Thread
from typing import Literal

import httpx

from core.addresses import is_public
from workers.engine.calls import measured
from workers.engine.errors import Reject, Retry

# The addresses of a host: `("shop.example", 443)` gives `["93.184.216.34"]`.
Resolve = Callable[[str, int], Awaitable[list[str]]]

MAX_BYTES = 5 * 1024 * 1024  # after decompression; the largest real product pages seen have 3 MB
MAX_REDIRECTS = 5
MAX_ADDRESSES = 3
MAX_LOOKUPS = 16  # at once, of pages and of receivers each
MAX_WAIT_SECONDS = 3600.0
TOTAL_SECONDS = 25.0
USER_AGENT = "Mozilla/5.0 (compatible; CreatorsCook/1.0)"

_PORTS = {"http": 80, "https": 443}
_READABLE = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})
_LOCATION = "location"
# ValueError: httpx checks a host against IDNA only when the host is read.
_NO_URL = (httpx.InvalidURL, ValueError)
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


@dataclass(frozen=True)
class FetchBounds:
    """What one fetch may take; `types` are media types, None accepts every one."""

    max_bytes: int = MAX_BYTES
    seconds: float = TOTAL_SECONDS
    types: frozenset[str] | None = _READABLE
    accept: str = "text/html,application/xhtml+xml"


PAGE_BOUNDS = FetchBounds()


@dataclass(frozen=True)
class Page:
    """An answer, decompressed but not decoded; `url` is the last one of the redirects."""

    url: str
    content: bytes
    charset: str | None


@dataclass(frozen=True)
class PostAnswer:
    """The answer to a post, without its body; `after_seconds` is its Retry-After, if any."""

    status: int
    after_seconds: float | None


class PostFailed(Exception):  # noqa: N818 - reads as an outcome
    """A post got no answer."""

    def __init__(self, problem: Literal["timeout", "unreachable", "not_allowed"]) -> None:
        super().__init__(problem)
        self.problem = problem


class Fetcher:
    """Fetches pages with one client; see `open_fetcher`."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        resolve: Resolve,
        resolve_receiver: Resolve,
        allowed: frozenset[str],
    ) -> None:
        """Names of pages and those of receivers are looked up apart: neither delays the other."""
        self._client = client
        self._resolve = resolve
        self._resolve_receiver = resolve_receiver
        self._allowed = allowed

    @measured("page", "get")
    async def get(self, url: str, bounds: FetchBounds = PAGE_BOUNDS) -> Page:
        """The page of `url`. Raises `Retry` or `Reject` with a sentence for the user."""
        try:
            async with asyncio.timeout(bounds.seconds):
                return await self._follow(_parse(url), bounds)
        except TimeoutError as error:
            raise Retry("page_unavailable", "The page took too long to answer.") from error
        except httpx.TransportError as error:
            raise Retry("page_unavailable", "The page's server could not be reached.") from error

    @measured("page", "post")
    async def post(
        self, url: str, content: bytes, headers: Mapping[str, str], *, seconds: float
    ) -> PostAnswer:
        """Posts to `url`. Reads no body and follows no redirect. Raises `PostFailed`."""
        request = partial(_pinned, method="POST", headers=headers, content=content)
        try:
            async with (
                asyncio.timeout(seconds),
                self._answer(_parse(url), request, self._resolve_receiver) as response,
            ):
                after = _retry_after(response.headers.get("retry-after"), datetime.now(UTC))
                return PostAnswer(response.status_code, after)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise PostFailed("timeout") from error
        except (httpx.TransportError, Retry) as error:
            raise PostFailed("unreachable") from error
        except Reject as error:
            is_private = error.code == "url_not_allowed"
            raise PostFailed("not_allowed" if is_private else "unreachable") from error

    async def _follow(self, url: httpx.URL, bounds: FetchBounds) -> Page:
        for _hop in range(MAX_REDIRECTS + 1):
            request = partial(_pinned, method="GET", headers=_reading(bounds.accept))
            async with self._answer(url, request, self._resolve) as response:
                location = response.extensions.get(_LOCATION)
                if location is None:
                    _check_status(response)
                    _check_type(response, bounds)
                    content = await _read(response, bounds.max_bytes)
                    return Page(url=str(url), content=content, charset=response.charset_encoding)
                url = _next_hop(url, location)
        raise Reject("page_not_readable", "The page redirects too many times.")

    @asynccontextmanager
    async def _answer(
        self,
        url: httpx.URL,
        request: Callable[[httpx.URL, str], httpx.Request],
        resolve: Resolve,
    ) -> AsyncIterator[httpx.Response]:
        """Tries each checked address in turn, as browsers do."""
        addresses = await self._addresses(url, resolve)
        for number, address in enumerate(addresses, start=1):
            try:
                response = await self._client.send(request(url, address), stream=True)
            except httpx.ConnectError:
                if number == len(addresses):
                    raise
                continue
            try:
                yield response
            finally:
                await response.aclose()
            return

    async def _addresses(self, url: httpx.URL, resolve: Resolve) -> list[str]:
        port = url.port or _PORTS[url.scheme]
        named = f"{url.host}:{port}" in self._allowed
        if not named and port != _PORTS[url.scheme]:
            raise _not_allowed()
        try:
            addresses = await resolve(url.raw_host.decode("ascii"), port)
        except (
            socket.gaierror,
            ValueError,
        ) as error:  # ValueError: a label is too long, or no host
            if getattr(error, "errno", None) == socket.EAI_AGAIN:
                message = "The page's address could not be looked up right now."
                raise Retry("page_unavailable", message) from error
            raise Reject("page_not_found", "There is no website at this address.") from error
        # A private address among public ones is a sign of DNS rebinding.
        if not named and not all(is_public(address) for address in addresses):
            raise _not_allowed()
        return addresses[:MAX_ADDRESSES]


@asynccontextmanager
async def open_fetcher(
    *, allowed: tuple[str, ...] = (), resolve: Resolve | None = None
) -> AsyncIterator[Fetcher]:
    """A fetcher; `allowed` are `host:port` exceptions from the address rules (FETCH_ALLOW)."""
    async with httpx.AsyncClient(
        trust_env=False,  # a proxy of the environment would resolve the names
        follow_redirects=False,
        timeout=httpx.Timeout(10.0),
        # No kept connections: one of a name must not serve another name at the same address.
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # stores none
        event_hooks={"response": [_take_location]},
    ) as client:
        names = frozenset(name.lower() for name in allowed)
        yield Fetcher(client, resolve or Lookups(), resolve or Lookups(), names)


async def _take_location(response: httpx.Response) -> None:
    """Takes the header away before httpx reads it: httpx raises for a URL that it can't parse."""
    if response.has_redirect_location:
        response.extensions[_LOCATION] = response.headers.pop("location")


class Lookups:
    """Looks names up with the system's resolver, in threads of its own, `MAX_LOOKUPS` at once.

    The resolver blocks, for as long as a stranger's name server likes, and cannot be stopped. So a
    lookup takes no thread of the default executor, where other work waits. One name takes one
    thread, however often it is asked for. The threads are daemons: the worker ends without them.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MAX_LOOKUPS)
        self._running: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        """Its addresses. Who waits may give up; the lookup then goes on alone."""
        key = (host, port)
        if key not in self._running:
            await self._free.acquire()
            if key in self._running:  # another caller has begun meanwhile
                self._free.release()
            else:
                self._begin(key)
        return await asyncio.shield(self._running[key])

    def _begin(self, key: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[str]] = loop.create_future()
        self._running[key] = found

        def look_up() -> None:
            try:
                entries = socket.getaddrinfo(*key, type=socket.SOCK_STREAM)
                addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
                end = partial(found.set_result, addresses)
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                end = partial(found.set_exception, error)
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(self._end, key, end)

        Thread(target=look_up, name="lookup", daemon=True).start()

    def _end(self, key: tuple[str, int], end: Callable[[], None]) -> None:
        found = self._running.pop(key)
        self._free.release()
        end()
        found.exception()  # read, in case nobody waits any more


def _parse(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
        is_fine = url.scheme in _PORTS and url.host and not url.userinfo
        url = url.copy_with(fragment=None)
    except _NO_URL as error:
        raise _not_allowed() from error
    if not is_fine:
        raise _not_allowed()
    return url


def _next_hop(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return _parse(str(url.join(location)))
    except _NO_URL as error:
        raise _not_allowed() from error


def _reading(accept: str) -> dict[str, str]:
    return {
        "user-agent": USER_AGENT,
        "accept": accept,
        "accept-language": "en;q=0.9,*;q=0.5",
        "accept-encoding": "gzip",
    }


def _pinned(
    url: httpx.URL,
    address: str,
    *,
    method: str,
    headers: Mapping[str, str],
    content: bytes | None = None,
) -> httpx.Request:
    """A request to the checked address that names the host in HTTP and TLS.

    httpx verifies the certificate for `sni_hostname`, so TLS is as safe as without pinning.
    """
    return httpx.Request(
        method,
        url.copy_with(host=address),
        headers={"host": url.netloc.decode("ascii"), **headers},
        content=content,
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    if status in {404, 410}:
        raise Reject("page_not_found", "There is no page at this address.")
    if status in {401, 402, 403, 407, 451} or "cf-mitigated" in response.headers:
        raise Reject("page_blocked", "The website does not let us read this page.")
    if status == httpx.codes.TOO_MANY_REQUESTS or "retry-after" in response.headers:
        after_seconds = _retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        raise Retry("page_busy", "The website asks us to come back later.", after_seconds)
    if status in {408, 425} or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Retry("page_unavailable", "The website has a problem right now.")
    raise Reject("page_not_readable", "The website answered, but not with a page.")


def _retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds of a header that holds seconds or a date, at most MAX_WAIT_SECONDS."""
    if header is None:
        return None
    try:
        seconds = (
            float(header)
            if header.isdecimal()
            else (parsedate_to_datetime(header) - now).total_seconds()
        )
    except (TypeError, ValueError, OverflowError, IndexError):  # TypeError: without a time zone
        return None
    return min(max(seconds, 1.0), MAX_WAIT_SECONDS)


def _check_type(response: httpx.Response, bounds: FetchBounds) -> None:
    content_type = response.headers.get("content-type", "text/html").split(";")[0]
    if bounds.types is not None and content_type.strip().lower() not in bounds.types:
        raise Reject("page_not_readable", "There is a file at this address, not a web page.")


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    """Inflates at most the bytes that are left below `max_bytes`, so a bomb fills no memory."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", "deflate"}:
        raise Reject("page_not_readable", "The page comes in a form that we cannot read.")
    inflate = None if encoding == "identity" else zlib.decompressobj(_GZIP_OR_ZLIB)
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk if inflate is None else _inflated(inflate, chunk, max_bytes - len(content))
        if len(content) > max_bytes:
            raise Reject("page_too_large", "The page is too large for us to read.")
    if inflate is not None and not inflate.eof:
        raise Retry("page_unavailable", "The page arrived incomplete.")
    if not content.strip():
        raise Reject("page_not_readable", "The page is empty.")
    return bytes(content)


def _inflated(inflate: zlib._Decompress, chunk: bytes, left_bytes: int) -> bytes:
    try:
        return inflate.decompress(chunk, left_bytes + 1)
    except zlib.error as error:
        raise Reject("page_not_readable", "The page arrived damaged.") from error


def _not_allowed() -> Reject:
    return Reject("url_not_allowed", "We read public web pages only, and this address is not one.")
