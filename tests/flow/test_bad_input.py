"""What users get wrong, through the gateway: a stable code, a sentence, nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.flow.shop import Shop
from tests.flow.stack import LocalStack, add_product, finished, wait_until

pytestmark = pytest.mark.flow

_GOOD_URL = "https://shop.example/mug"
_SENTENCE = re.compile(r"[A-Z“].*[.!?]\Z", re.DOTALL)
_REFUSED = {
    "a malformed URL": ({"name": "Mug", "source_url": "http:/mug"}, 422, "invalid_url"),
    "a file": ({"name": "Mug", "source_url": "file:///etc/passwd"}, 422, "invalid_url"),
    "the cloud's metadata": (
        {"name": "Mug", "source_url": "http://169.254.169.254/latest/meta-data/"},
        422,
        "invalid_url",
    ),
    "a name of 1 MB": ({"name": "M" * 1_000_000, "source_url": _GOOD_URL}, 422, "invalid_name"),
    "an empty body": ({}, 422, "invalid_name"),
    "no URL": ({"name": "Mug"}, 422, "invalid_url"),
    "an empty name": ({"name": " ", "source_url": _GOOD_URL}, 422, "invalid_name"),
    "a name that is an object": (
        {"name": {"first": "Mug"}, "source_url": _GOOD_URL},
        422,
        "invalid_name",
    ),
    "a URL that is a list": ({"name": "Mug", "source_url": [_GOOD_URL]}, 422, "invalid_url"),
}


@pytest.fixture
def client(stack: LocalStack, name: str) -> Iterator[httpx.Client]:
    with stack.sign_in(name) as client:
        yield client


def _written(client: httpx.Client) -> dict[str, list[object]]:
    tables = ("products", "jobs", "scripts", "brand_rules")
    return {table: client.get(f"/{table}?select=id").json() for table in tables}


@pytest.mark.parametrize("mistake", _REFUSED)
def test_a_bad_product_is_refused_with_a_sentence(client: httpx.Client, mistake: str):
    body, status, code = _REFUSED[mistake]
    answer = client.post("/products", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert _SENTENCE.match(problem["message"])
    assert _written(client) == {"products": [], "jobs": [], "scripts": [], "brand_rules": []}


@pytest.mark.parametrize("body", [b"", b"{name: Mug", b"\xff"])
def test_bytes_that_are_no_json_are_refused(client: httpx.Client, body: bytes):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/products", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


def test_a_script_for_another_users_product_is_refused(
    stack: LocalStack, client: httpx.Client, shop: Shop
):
    with stack.sign_in("a-stranger-with-a-product") as stranger:
        product = add_product(stranger, shop.url("/theirs"))
        wait_until(stranger, product, finished)
    answer = client.post("/scripts", json={"product_id": product["id"], "content": "Hello."})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert _SENTENCE.match(answer.json()["message"])
    assert _written(client)["scripts"] == []


def test_a_page_on_a_private_network_is_refused_by_the_worker(client: httpx.Client):
    product = add_product(client, "http://localtest.example:1/")
    job = wait_until(client, product, finished)
    assert job["status"] == "failed"
    assert _SENTENCE.match(job["error_message"])
