"""Competitors: up to five of the account's own products beside one, with their latest numbers."""

from __future__ import annotations

import uuid

import pytest

from tests.database import Database, Row, make_product, make_user
from tests.history import analyse, sentiment, virality
from tests.jobs import in_background, wait_until_blocked
from tests.rows import make_subscription
from tests.rules import refusal

ADD = "insert into public.competitors (product_id, competitor_id) values (%s, %s)"
COMPARE = (
    "select name, is_competitor, stands_out, net, complaints from public.product_comparison"
    " where product_id = %s order by is_competitor, name"
)
NOT_FOUND = {
    "status": 404,
    "code": "not_found",
    "message": "There is no such product.",
    "details": None,
}


@pytest.fixture
def products(db: Database) -> list[Row]:
    """Eight products of one account."""
    user = make_user(db)
    make_subscription(db, user)
    return [make_product(db, user, f"Mug {number}") for number in range(8)]


def add(db: Database, product: Row, *competitors: Row) -> None:
    with db.as_user(product["user_id"]) as owner:
        for competitor in competitors:
            owner.execute(ADD, product["id"], competitor["id"])


def test_a_product_stands_beside_its_competitors_with_the_latest_numbers(
    db: Database, products: list[Row]
):
    mine, one, two, *_ = products
    add(db, mine, one, two)
    analyse(db, mine, [virality(value=40), sentiment(0.1)])
    analyse(db, one, [virality(value=70), sentiment(0.3, {"It breaks": 9})])
    db.execute("delete from public.competitors where competitor_id = %s", two["id"])
    add(db, mine, two)
    with db.as_user(mine["user_id"]) as owner:
        shown = [tuple(row.values()) for row in owner.rows(COMPARE, mine["id"])]
    assert shown == [
        ("Mug 0", False, 40, 0.1, []),
        ("Mug 1", True, 70, 0.3, ["It breaks"]),
        ("Mug 2", True, None, None, None),
    ]


def test_a_sixth_competitor_is_refused(db: Database, products: list[Row]):
    mine, *others = products
    add(db, mine, *others[:5])
    assert refusal(db, mine["user_id"], ADD, mine["id"], others[5]["id"]) == {
        "status": 422,
        "code": "too_many_competitors",
        "message": "A product may have 5 competitors at most.",
        "details": {"field": "competitor_id", "limit": 5},
    }
    many = f"{ADD}, (%s, %s)"
    both = (others[6]["id"], others[0]["id"], others[6]["id"], others[1]["id"])
    with db.as_user(mine["user_id"]) as owner:
        assert owner.execute(many, *both) == 2


def test_two_requests_at_once_add_no_sixth(db: Database, products: list[Row]):
    mine, *others = products
    add(db, mine, *others[:4])
    with db.connect("postgres") as first, db.connect("postgres") as second:
        insert = (
            "insert into public.competitors (user_id, product_id, competitor_id)"
            " values (%s, %s, %s)"
        )
        first.execute("begin")
        first.execute(insert, (mine["user_id"], mine["id"], others[4]["id"]))
        waiting = in_background(
            lambda: second.execute(insert, (mine["user_id"], mine["id"], others[5]["id"]))
        )
        wait_until_blocked(db, second)
        first.execute("commit")
        assert "too_many_competitors" in str(waiting.exception(30))
    assert db.value("select count(*) from public.competitors") == 5


def test_the_same_competitor_again_and_itself_are_refused(db: Database, products: list[Row]):
    mine, one, *_ = products
    add(db, mine, one)
    assert refusal(db, mine["user_id"], ADD, mine["id"], one["id"]) == {
        "status": 409,
        "code": "already_exists",
        "message": "You have already added this.",
        "details": {"field": "competitor_id"},
    }
    assert refusal(db, mine["user_id"], ADD, mine["id"], mine["id"]) == {
        "status": 422,
        "code": "invalid_competitor",
        "message": "A product can't compete with itself.",
        "details": {"field": "competitor_id"},
    }


def test_no_product_of_another_account_is_named(db: Database, products: list[Row]):
    mine, theirs = products[0], make_product(db, make_user(db))
    for product, competitor in (
        (mine["id"], theirs["id"]),
        (theirs["id"], mine["id"]),
        (mine["id"], uuid.uuid4()),
    ):
        assert refusal(db, mine["user_id"], ADD, product, competitor) == NOT_FOUND


def test_others_see_and_delete_nothing(db: Database, products: list[Row]):
    mine, one, *_ = products
    add(db, mine, one)
    with db.as_user(make_user(db)) as other:
        assert other.rows(COMPARE, mine["id"]) == []
        assert other.rows("select * from public.competitors") == []
        assert (
            other.execute("delete from public.competitors where product_id = %s", mine["id"]) == 0
        )
    with db.as_user(mine["user_id"]) as owner:
        assert (
            owner.execute("delete from public.competitors where product_id = %s", mine["id"]) == 1
        )


@pytest.mark.parametrize("gone", [0, 1], ids=["product", "competitor"])
def test_a_deleted_product_competes_with_nobody(db: Database, products: list[Row], gone: int):
    mine, one, *_ = products
    add(db, mine, one)
    with db.as_user(mine["user_id"]) as owner:
        owner.execute("delete from public.products where id = %s", products[gone]["id"])
        assert owner.rows("select * from public.competitors") == []
        assert owner.value("select count(*) from public.products") == 7
