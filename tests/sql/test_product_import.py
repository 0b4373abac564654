"""rpc/import_products answers for each row: added, or why not."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, Row, make_product, make_user, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, token
from tests.rows import make_brand
from tests.rules import refusal
from tests.sql.test_quotas import set_limits, usage

LAMP = {"name": "Lamp", "source_url": "https://shop.example/lamp"}
TRY = "select * from public.import_products(%s)"
IMPORT = "select * from public.import_products(%s, %s)"


def imported(db: Database, user: uuid.UUID, *rows: object, all_or_none: bool = False) -> list[Row]:
    with db.as_user(user) as owner:
        return owner.rows(IMPORT, Jsonb(list(rows)), all_or_none)


def test_each_row_is_added_or_says_why_not(db: Database) -> None:
    user = make_user(db)
    mine, theirs = make_brand(db, user)["id"], make_brand(db, make_user(db))["id"]
    chosen, before = str(uuid.uuid4()), make_product(db, user)["id"]
    answers = imported(
        db,
        user,
        LAMP | {"id": chosen, "brand_id": str(mine), "tags": ["Sale"], "watch": "off"},
        {"name": "Lamp"},
        LAMP | {"brand_id": str(theirs)},
        LAMP | {"id": str(before)},
        LAMP | {"id": chosen},
        LAMP | {"id": "no uuid"},
        LAMP | {"user_id": str(user)},
        "Lamp",
        LAMP,
    )
    assert [answer["index"] for answer in answers] == list(range(9))
    assert [answer["code"] for answer in answers] == [
        None,
        "invalid_url",
        "not_found",
        "already_exists",
        "already_exists",
        "invalid_row",
        "invalid_row",
        "invalid_row",
        None,
    ]
    assert answers[1]["message"] == "The source URL is missing."
    assert answers[1]["details"]["field"] == "source_url"
    assert "row" not in answers[4]["details"], "index says which"
    added = [answer["id"] for answer in answers if answer["id"]]
    assert str(added[0]) == chosen
    product = db.row("select * from public.products where id = %s", chosen)
    assert (product["brand_id"], product["tags"], product["user_id"]) == (mine, ["sale"], user)
    jobs = "select count(*) from public.jobs where product_id = any (%s)"
    assert db.value(jobs, added) == len(added) == 2


def test_rows_beyond_the_plan_are_refused_one_by_one(db: Database) -> None:
    user = make_user(db)
    set_limits(db, max_products=3, analyses_per_month=10)
    answers = imported(db, user, *[LAMP] * 5)
    assert [answer["code"] for answer in answers] == [None] * 3 + ["quota_exceeded"] * 2
    assert answers[4]["details"]["used"] == 3
    assert usage(db, user) == {"products": 3, "analyses": 3, "scripts": 0}


def test_all_or_none_adds_none_and_says_what_is_wrong(db: Database) -> None:
    user = make_user(db)
    answers = imported(db, user, LAMP, {"name": "Lamp"}, all_or_none=True)
    assert [(answer["id"], answer["code"]) for answer in answers] == [
        (None, None),
        (None, "invalid_url"),
    ]
    assert usage(db, user) == {"products": 0, "analyses": 0, "scripts": 0}
    assert db.value("select count(*) from public.jobs") == 0
    assert None not in [row["id"] for row in imported(db, user, LAMP, LAMP, all_or_none=True)]


@pytest.mark.parametrize("rows", [{}, [], "lamp", None])
def test_what_is_no_list_is_refused(db: Database, rows: object) -> None:
    refused = refusal(db, make_user(db), TRY, Jsonb(rows))
    assert (refused["status"], refused["code"]) == (422, "invalid_row")


def test_500_rows_are_the_most_and_fit_into_one_request(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    set_limits(db, max_products=600, analyses_per_month=600)
    assert refusal(db, user, TRY, Jsonb([LAMP] * 501))["code"] == "too_many_rows"

    def post(path: str, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(user_claims(user))}"}
        return httpx.post(
            f"{postgrest.url}{path}", json=body, headers=headers, timeout=PATIENCE_SECONDS
        )

    answer = post("/rpc/import_products", {"rows": [LAMP] * 500})
    assert answer.status_code == 200
    assert [row["code"] for row in answer.json()] == [None] * 500
    assert db.value("select count(*) from public.jobs where user_id = %s", user) == 500
    # One request, however many jobs it starts.
    work = "select requests from private.request_counts where user_id = %s and cost_class = %s"
    assert [db.value(work, user, kind) for kind in ("work", "write")] == [1, 1]


def test_a_bulk_insert_counts_what_was_there_before_and_names_the_row(db: Database) -> None:
    user = make_user(db)
    make_product(db, user)
    insert = (
        "insert into public.products (name, source_url)"
        " select r.name, 'https://shop.example/1' from unnest(%s::text[]) as r (name)"
    )
    refused = refusal(db, user, insert, ["Lamp"] * 5)
    assert (refused["code"], refused["details"]["used"], refused["details"]["requested"]) == (
        "quota_exceeded",
        1,
        5,
    )
    refused = refusal(db, user, insert, ["Lamp", "Mug", " "])
    assert (refused["code"], refused["details"]["row"]) == ("invalid_name", 3)
