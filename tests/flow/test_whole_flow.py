"""From sign-in to the virality pack, through the gateway."""

from __future__ import annotations

import pytest

from local import clerk
from local.demo import flow
from tests.flow.shop import Shop
from tests.flow.stack import LocalStack, add_product, finished, wait_until

pytestmark = pytest.mark.flow


# supabase-py hands its own PostgREST client an argument that this client deprecates.
@pytest.mark.filterwarnings("ignore:The '(timeout|verify)' parameter:DeprecationWarning")
def test_a_product_added_with_supabase_py_gets_its_pack(stack: LocalStack, name: str):
    token = clerk.sign_in(stack.settings, stack.layout, name)
    client = flow.connect(stack.settings, stack.layout, token.text)
    product = flow._add(client)
    with stack.sign_in(name) as rest:
        job = wait_until(rest, product, finished)
    packs = client.table("products").select("name,virality_packs(user_id,job_id)").execute().data
    client.postgrest.aclose()
    assert packs == [
        {
            "name": flow.PRODUCT,
            "virality_packs": [{"user_id": token.user_id, "job_id": job["id"]}],
        }
    ]


def test_a_shops_page_is_fetched_and_analysed(stack: LocalStack, shop: Shop, name: str):
    with stack.sign_in(name) as client:
        product = add_product(client, shop.url("/products/bottle"))
        job = wait_until(client, product, finished)
        results = client.get("/analysis_results?select=type&order=type").json()
    assert (job["status"], job["error_code"], job["progress"]) == ("succeeded", None, 100)
    assert results == [{"type": "sentiment_summary"}, {"type": "virality_breakdown"}]


def test_the_same_person_keeps_one_account(stack: LocalStack, name: str):
    tokens = [clerk.sign_in(stack.settings, stack.layout, name) for _ in range(2)]
    assert tokens[0].user_id == tokens[1].user_id


def test_the_gateway_hides_the_counters_of_the_edge(stack: LocalStack, name: str):
    with stack.sign_in(name) as client:
        answers = [
            client.get(f"{stack.env[url]}/metrics").status_code for url in ("API_URL", "EDGE_URL")
        ]
    assert answers == [404, 200]
