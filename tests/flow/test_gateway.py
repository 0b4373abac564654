"""The gateway passes on what browsers and clients need, unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from local import processes
from tests.flow.shop import Shop
from tests.flow.stack import LocalStack, add_product
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.flow


def _preflight(url: str, method: str, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,apikey,content-type",
    }
    return httpx.options(url, headers=headers, timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_browser_may_call_the_api(stack: LocalStack, method: str):
    answer = _preflight(f"{stack.rest}/products", method, stack.settings.app_url)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method in answer.headers["access-control-allow-methods"]


def test_a_browser_of_the_frontend_may_exchange_its_session(stack: LocalStack):
    url = f"{stack.env['API_URL']}/auth/session"
    allowed = [
        _preflight(url, "POST", origin).headers.get("access-control-allow-origin")
        for origin in (stack.settings.app_url, "https://evil.example")
    ]
    assert allowed == [stack.settings.app_url, None]


def test_every_verb_reaches_the_api(stack: LocalStack, shop: Shop, name: str):
    with stack.sign_in(name) as client:
        product = add_product(client, shop.url("/gateway"), name="Ärmel & Söhne")
        row = f"/products?id=eq.{product['id']}&select=name"
        counted = client.head("/products", headers={"Prefer": "count=exact"})
        read = client.get("/products?name=eq.Ärmel %26 Söhne&select=name").json()
        renamed = client.patch(row, json={"name": "Other"}).json()
        deleted = client.delete(row).json()
    assert (counted.status_code, counted.headers["content-range"]) == (200, "0-0/1")
    assert read == [{"name": "Ärmel & Söhne"}]
    assert (renamed, deleted) == ([{"name": "Other"}], [{"name": "Other"}])


def test_an_unknown_path_is_a_problem_document(stack: LocalStack):
    answer = httpx.get(f"{stack.env['API_URL']}/nowhere", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


_TOO_LARGE = b"x" * 10_000_000
_REFUSAL = {
    "type": "about:blank",
    "title": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase,
    "status": 413,
    "code": "body_too_large",
    "detail": "The request's body may have 1048576 bytes at most.",
    "message": "The request's body may have 1048576 bytes at most.",
    "details": None,
    "hint": None,
}


def _chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


@pytest.mark.parametrize("path", ["/rest/v1/products", "/auth/session"])
@pytest.mark.parametrize("length", ["known", "unknown"])
def test_a_body_that_is_too_large_is_refused(stack: LocalStack, path: str, length: str):
    content = _TOO_LARGE if length == "known" else _chunks(_TOO_LARGE)
    answer = httpx.post(stack.env["API_URL"] + path, content=content, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.json()) == (413, _REFUSAL)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_body_of_unknown_length_arrives_whole(stack: LocalStack, name: str):
    product = {"name": "Ä" * 100, "source_url": f"https://shop.example/?{'q' * 1500}"}
    with stack.sign_in(name) as client:
        headers = {"Content-Type": "application/json"}
        answer = client.post(
            "/products", content=_chunks(json.dumps(product).encode()), headers=headers
        )
    assert answer.status_code == 201
    assert answer.json()[0] | product == answer.json()[0]


def test_bodies_of_strangers_stop_nobody(stack: LocalStack, name: str):
    """Four of 10 MB at once were more than PostgREST's memory, and ended it."""
    url, before = f"{stack.rest}/products", _postgrest(stack)
    with stack.sign_in(name) as client, ThreadPoolExecutor(4) as strangers:
        posts = [
            strangers.submit(httpx.post, url, content=_TOO_LARGE, timeout=PATIENCE_SECONDS)
            for _ in range(8)
        ]
        while not all(post.done() for post in posts):
            assert client.get("/products").status_code == 200
    assert [post.result().status_code for post in posts] == [413] * 8
    assert _postgrest(stack) == before


def _postgrest(stack: LocalStack) -> list[int]:
    found = processes.of_stack(stack.layout.directory)
    return [process.pid for process in found if "postgrest" in Path(process.cmdline()[0]).name]


@pytest.mark.parametrize("path", ["/metrics", "/%6detrics", "/%256detrics", "//metrics/"])
def test_no_spelling_reaches_the_counters(stack: LocalStack, path: str):
    answer = httpx.get(stack.env["API_URL"] + path, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_what_is_not_utf8_is_refused(stack: LocalStack):
    answer = httpx.get(
        f"{stack.rest}/plans", headers={b"X-Note": b"caf\xe9"}, timeout=PATIENCE_SECONDS
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
