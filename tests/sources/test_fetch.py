"""The fetcher against a website on loopback: what it refuses, and what it says."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import zlib
from datetime import UTC, datetime

import pytest

from tests.fakes.website import serving
from tests.patience import PATIENCE_SECONDS
from workers.engine.errors import Reject, Retry
from workers.sources.web import fetch
from workers.sources.web.fetch import Page, PostFailed, open_fetcher

HTML = b"<html><h1>Mug</h1></html>"


async def rejected(fetcher, url):
    with pytest.raises(Reject) as caught:
        await fetcher.get(url)
    return caught.value.code


async def retried(fetcher, url):
    with pytest.raises(Retry) as caught:
        await fetcher.get(url)
    return caught.value.code, caught.value.after_seconds


def answering(*rounds):
    """A resolver that gives the next list of addresses at each question."""
    answers = iter(rounds)

    async def resolve(_host, _port):
        return next(answers)

    return resolve


class SlowNames:
    """A system's resolver that hangs for names of `slow.example`, as their name servers like."""

    def __init__(self, monkeypatch):
        self.asked, self.let_go = [], threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host, port, *_, **__):
        self.asked.append(host)
        if host.endswith("slow.example"):
            self.let_go.wait(PATIENCE_SECONDS)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port))]


async def test_slow_names_of_receivers_delay_nothing_else(monkeypatch):
    names = SlowNames(monkeypatch)
    urls = [f"https://{number}.slow.example/in" for number in range(100)]
    async with open_fetcher() as fetcher:

        async def post(url):
            with pytest.raises(PostFailed) as failed:
                await fetcher.post(url, b"", {}, seconds=1)
            return failed.value.problem

        assert {*await asyncio.gather(*map(post, urls))} == {"timeout"}
        # Neither the number of names nor that of attempts takes more threads.
        assert {*await asyncio.gather(*map(post, urls[:8] * 5))} == {"timeout"}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(names.asked) < fetch.MAX_LOOKUPS:  # noqa: ASYNC110 - of threads
                await asyncio.sleep(0.01)
        assert len(names.asked) == len({*names.asked}) == fetch.MAX_LOOKUPS
        async with asyncio.timeout(PATIENCE_SECONDS / 2):
            assert await asyncio.to_thread(lambda: "done") == "done"
            assert await rejected(fetcher, "https://quick.example/") == "url_not_allowed"
        names.let_go.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await post("https://quick.example/in") != "not_allowed":
                pass


async def test_a_page_comes_back_as_it_was_sent(website, fetcher):
    url = website.page("/mug", HTML)
    assert await fetcher.get(url) == Page(url=url, content=HTML, charset="utf-8")


async def test_the_website_sees_a_plain_client_without_cookies(website, fetcher):
    url = website.page("/mug", HTML, set_cookie="visit=1; Path=/")
    await fetcher.get(url)
    await fetcher.get(url)
    assert website.requests[1] == (
        f"GET /mug HTTP/1.1\r\nhost: 127.0.0.1:{website.port}\r\n"
        f"user-agent: {fetch.USER_AGENT}\r\naccept: text/html,application/xhtml+xml\r\n"
        "accept-language: en;q=0.9,*;q=0.5\r\naccept-encoding: gzip\r\n\r\n"
    )


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://shop.example/",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "//shop.example/",
        "not a url",
        "http://user:secret@shop.example/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
        "http://169.254.169.254/latest/meta-data/",
        "http://8.8.8.8:22/",
        "https://8.8.8.8:80/",
    ],
)
async def test_addresses_that_users_must_not_reach_are_refused(fetcher, url):
    assert await rejected(fetcher, url) == "url_not_allowed"


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
async def test_other_spellings_of_a_private_address_are_refused(host):
    async def resolve(name, _port):
        return [socket.inet_ntoa(socket.inet_aton(name))]  # as the system's resolver reads them

    async with open_fetcher(resolve=resolve) as fetcher:
        assert await rejected(fetcher, f"http://{host}/") == "url_not_allowed"


@pytest.mark.parametrize(
    "location",
    [
        "javascript:alert(1)",
        "javascript://%0aalert(1)",
        "data:text/html,x",
        "http://xn--/",
        "http://xn--zzzzzz-\u00e9.example/",
        "http://" + "\u0661" * 70 + ".example/",
        "http://[::1",
        "http://shop.example:99999/",
        "http://shop\u2100.example/",
        "//",
        "http://a..b/",
    ],
)
async def test_a_redirect_to_what_is_no_address_is_refused_with_a_code(website, fetcher, location):
    url = website.page("/", "", status="302 Found", location=location)
    assert await rejected(fetcher, url) in {
        "url_not_allowed",
        "page_not_found",
        "page_not_readable",
    }


@pytest.mark.parametrize(
    "host", ["xn--", "xn--a.example", "xn--\u00e9", "\u2100", ".", "..", "a" * 64, "\u200d.example"]
)
async def test_a_host_that_no_name_can_be_is_refused_with_a_code(host):
    async def resolve(name, _port):
        name.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async with open_fetcher(resolve=resolve) as fetcher:
        found = await rejected(fetcher, f"http://{host}/")
    assert found in {"url_not_allowed", "page_not_found"}


async def test_a_proxy_of_the_environment_is_not_asked(website, monkeypatch):
    url = website.page("/mug", HTML)
    async with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with open_fetcher(allowed=(f"127.0.0.1:{website.port}",)) as fetcher:
            assert (await fetcher.get(url)).content == HTML
    assert (len(proxy.requests), len(website.requests)) == (0, 1)


async def test_one_private_address_among_public_ones_refuses_the_name(website):
    resolve = answering(["93.184.216.34", "10.0.0.1"])
    async with open_fetcher(resolve=resolve) as fetcher:
        assert await rejected(fetcher, "http://shop.example/") == "url_not_allowed"


async def test_the_connection_goes_to_the_address_that_was_checked(website):
    url = website.page("/mug", HTML).replace("127.0.0.1", "shop.example")
    # A second question would be answered with another machine.
    resolve = answering(["127.0.0.1"], ["127.0.0.2"])
    async with open_fetcher(allowed=(f"shop.example:{website.port}",), resolve=resolve) as fetcher:
        await fetcher.get(url)
    assert f"host: shop.example:{website.port}\r\n" in website.requests[0]


async def test_an_exception_is_for_one_host_and_port_only(website):
    async with serving() as other, open_fetcher(allowed=(f"127.0.0.1:{other.port}",)) as fetcher:
        assert await rejected(fetcher, website.page("/mug", HTML)) == "url_not_allowed"


async def test_a_dead_address_is_passed_over_for_the_next(website):
    url = website.page("/mug", HTML).replace("127.0.0.1", "shop.example")
    resolve = answering(["127.0.0.2", "127.0.0.1"])
    async with open_fetcher(allowed=(f"shop.example:{website.port}",), resolve=resolve) as fetcher:
        assert (await fetcher.get(url)).content == HTML


async def test_redirects_are_followed_to_the_end(website, fetcher):
    website.page("/old", "", status="301 Moved Permanently", location="/mug")
    url = website.page("/mug", HTML)
    assert (await fetcher.get(f"{website.origin}/old")).url == url


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "file:///etc/passwd", "http://127.0.0.1:1/"]
)
async def test_a_redirect_cannot_lead_where_a_user_may_not_go(website, fetcher, target):
    url = website.page("/go", "", status="302 Found", location=target)
    assert await rejected(fetcher, url) == "url_not_allowed"


async def test_endless_redirects_end(website, fetcher):
    url = website.page("/round", "", status="302 Found", location="/round")
    assert await rejected(fetcher, url) == "page_not_readable"
    assert len(website.requests) == fetch.MAX_REDIRECTS + 1


async def test_gzip_is_read(website, fetcher):
    url = website.page("/mug", gzip.compress(HTML), content_encoding="gzip")
    assert (await fetcher.get(url)).content == HTML


async def test_a_page_over_the_limit_is_too_large(website, fetcher):
    url = website.page("/long", b"x" * (fetch.MAX_BYTES + 1))
    assert await rejected(fetcher, url) == "page_too_large"


async def test_a_gzip_bomb_stops_at_the_limit(website, fetcher, monkeypatch):
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    inflated = []
    real = fetch._inflated

    def measured(inflate, chunk, have_bytes):
        inflated.append(real(inflate, chunk, have_bytes))
        return inflated[-1]

    monkeypatch.setattr(fetch, "_inflated", measured)
    url = website.page("/bomb", bomb, content_encoding="gzip")
    assert await rejected(fetcher, url) == "page_too_large"
    assert sum(map(len, inflated)) == fetch.MAX_BYTES + 1


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", "gzip"), (b"x", "br"), (gzip.compress(gzip.compress(HTML)), "gzip, gzip")],
    ids=["not gzip", "brotli", "gzip twice"],
)
async def test_pages_in_a_form_we_cannot_read(website, fetcher, body, encoding):
    url = website.page("/odd", body, content_encoding=encoding)
    assert await rejected(fetcher, url) == "page_not_readable"


async def test_a_page_cut_off_in_the_middle_is_tried_again(website, fetcher):
    url = website.page("/cut", zlib.compress(HTML)[:-6], content_encoding="deflate")
    assert await retried(fetcher, url) == ("page_unavailable", None)


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "application/json"])
async def test_files_are_not_pages(website, fetcher, content_type):
    url = website.page("/file", HTML, content_type=content_type)
    assert await rejected(fetcher, url) == "page_not_readable"


async def test_an_empty_page_is_not_readable(website, fetcher):
    assert await rejected(fetcher, website.page("/empty", b" \n")) == "page_not_readable"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("404 Not Found", "page_not_found"),
        ("410 Gone", "page_not_found"),
        ("401 Unauthorized", "page_blocked"),
        ("403 Forbidden", "page_blocked"),
        ("451 Unavailable For Legal Reasons", "page_blocked"),
        ("400 Bad Request", "page_not_readable"),
        ("304 Not Modified", "page_not_readable"),
    ],
)
async def test_answers_that_no_retry_would_change(website, fetcher, status, code):
    assert await rejected(fetcher, website.page("/", HTML, status=status)) == code


@pytest.mark.parametrize(
    ("status", "retry_after", "expected"),
    [
        ("429 Too Many Requests", "120", ("page_busy", 120.0)),
        ("429 Too Many Requests", "", ("page_busy", None)),
        ("429 Too Many Requests", "999999", ("page_busy", fetch.MAX_WAIT_SECONDS)),
        ("503 Service Unavailable", "0", ("page_busy", 1.0)),
        ("503 Service Unavailable", "nan", ("page_busy", None)),
        ("500 Internal Server Error", "", ("page_unavailable", None)),
    ],
)
async def test_answers_that_a_retry_may_change(website, fetcher, status, retry_after, expected):
    url = website.page("/", HTML, status=status, retry_after=retry_after)
    assert await retried(fetcher, url) == expected


def test_retry_after_may_be_a_date():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert fetch._retry_after("Sun, 22 Nov 2026 12:01:00 GMT", now) == 60.0


async def test_a_website_that_never_answers_is_given_up(website, fetcher, monkeypatch):
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 0.05)
    assert await retried(fetcher, f"{website.origin}/hangs") == ("page_unavailable", None)


async def test_a_closed_port_is_tried_again_later():
    async with open_fetcher(allowed=("127.0.0.1:1",)) as fetcher:
        assert await retried(fetcher, "http://127.0.0.1:1/") == ("page_unavailable", None)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (socket.EAI_NONAME, (Reject, "page_not_found")),
        (socket.EAI_AGAIN, (Retry, "page_unavailable")),
    ],
)
async def test_names_that_do_not_resolve(failure, expected):
    async def resolve(_host, _port):
        raise socket.gaierror(failure, "made up")

    async with open_fetcher(resolve=resolve) as fetcher:
        with pytest.raises((Reject, Retry)) as caught:
            await fetcher.get("https://shop.example/")
    assert (type(caught.value), caught.value.code) == expected


async def test_a_label_too_long_for_a_name_is_not_found(fetcher):
    assert await rejected(fetcher, f"http://{'a' * 70}.example/") == "page_not_found"


async def test_no_error_shows_the_url(website, fetcher):
    url = website.page("/canary-in-the-path", HTML, status="404 Not Found")
    with pytest.raises(Reject) as caught:
        await fetcher.get(url)
    assert "canary" not in str(caught.value)
