"""Fetches a page that a user named, or posts to a URL of theirs, safe from SSRF.

It connects to public unicast addresses only, and checks addresses that are embedded in others.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

import httpx

from workers.engine.calls import measured
from workers.engine.errors import Reject, Retry

# Networks without shops. The registries call some of them global.
_NEVER = (
    ip_network("0.0.0.0/8"),
    ip_network("100.64.0.0/10"),  # carrier-grade NAT; Alibaba's metadata service lives here
    ip_network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata service lives here
    ip_network("192.88.99.0/24"),  # 6to4 relays
    ip_network("198.18.0.0/15"),  # benchmarking
    ip_network("168.63.129.16/32"),  # Azure's platform service, reachable from inside only
    ip_network("2001::/23"),  # Teredo and other protocol assignments
    ip_network("2001:db8::/32"),  # documentation
    ip_network("2002::/16"),  # 6to4 hides an IPv4 address
    ip_network("3fff::/20"),  # documentation
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

# The addresses of a host: `("shop.example", 443)` gives `["93.184.216.34"]`.
Resolve = Callable[[str, int], Awaitable[list[str]]]

MAX_BYTES = 5 * 1024 * 1024  # after decompression; the largest real product pages seen have 3 MB
MAX_REDIRECTS = 5
MAX_ADDRESSES = 3
MAX_WAIT_SECONDS = 3600.0
TOTAL_SECONDS = 25.0
USER_AGENT = "Mozilla/5.0 (compatible; CreatorsCook/1.0)"

_PORTS = {"http": 80, "https": 443}
_READABLE = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})
_LOCATION = "location"
# ValueError: httpx checks a host against IDNA only when the host is read.
_NO_URL = (httpx.InvalidURL, ValueError)
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


def is_public(address: str) -> bool:
    """Whether it is the address of an ordinary host on the public internet."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        embedded = _embedded_ipv4(ip)
        if embedded is None and ip not in _GLOBAL_UNICAST:
            return False
        ip = embedded or ip
    return (
        ip.is_global
        and not ip.is_multicast
        and not ip.is_reserved
        and not any(ip.version == net.version and ip in net for net in _NEVER)
    )


def _embedded_ipv4(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to a mapped or NAT64 address go to; None without one."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return None


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
        self, client: httpx.AsyncClient, resolve: Resolve, allowed: frozenset[str]
    ) -> None:
        self._client = client
        self._resolve = resolve
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
            async with asyncio.timeout(seconds), self._answer(_parse(url), request) as response:
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
            async with self._answer(url, request) as response:
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
        self, url: httpx.URL, request: Callable[[httpx.URL, str], httpx.Request]
    ) -> AsyncIterator[httpx.Response]:
        """Tries each checked address in turn, as browsers do."""
        addresses = await self._addresses(url)
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

    async def _addresses(self, url: httpx.URL) -> list[str]:
        port = url.port or _PORTS[url.scheme]
        named = f"{url.host}:{port}" in self._allowed
        if not named and port != _PORTS[url.scheme]:
            raise _not_allowed()
        try:
            addresses = await self._resolve(url.raw_host.decode("ascii"), port)
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
        yield Fetcher(client, resolve or _system_resolve, names)


async def _take_location(response: httpx.Response) -> None:
    """Takes the header away before httpx reads it: httpx raises for a URL that it can't parse."""
    if response.has_redirect_location:
        response.extensions[_LOCATION] = response.headers.pop("location")


async def _system_resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


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
    return Reject("url_not_allowed", "This address is not one that we can fetch pages from.")
