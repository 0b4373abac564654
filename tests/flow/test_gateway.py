"""The gateway passes on what browsers and clients need, unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.flow.stack import add_product

if TYPE_CHECKING:
    from tests.flow.shop import Shop
    from tests.flow.stack import LocalStack

pytestmark = pytest.mark.flow


def _preflight(url: str, method: str, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,apikey,content-type",
    }
    return httpx.options(url, headers=headers)


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
    answer = httpx.get(f"{stack.env['API_URL']}/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
