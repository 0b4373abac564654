"""Ids that clients choose: a double click adds one row, and no id tells about another account."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.database import Database, make_product, make_user, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, token
from tests.rules import banned

TABLES = ["products", "scripts", "brand_rules", "brands"]
TAKEN = {
    "code": "already_exists",
    "message": "You have already added this.",
    "details": '{"field": "id"}',
    "hint": None,
}
WHOLE = "return=representation"


def row_of(db: Database, table: str, user: uuid.UUID, name: str = "Mug") -> dict[str, Any]:
    """A row that the account may add."""
    rows: dict[str, Any] = {
        "products": lambda: {"name": name, "source_url": "https://shop.example/mug"},
        "scripts": lambda: {"product_id": str(make_product(db, user)["id"]), "content": name},
        "brand_rules": lambda: {"rule_name": name, "rule_definition": banned("cure")},
        "brands": lambda: {"name": name},
    }
    row: dict[str, Any] = rows[table]()
    return row


def post(
    postgrest: RunningPostgrest, user: uuid.UUID, path: str, body: object, prefer: str = WHOLE
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token(user_claims(user))}", "Prefer": prefer}
    return httpx.post(
        f"{postgrest.url}/{path}", headers=headers, json=body, timeout=PATIENCE_SECONDS
    )


@pytest.mark.parametrize("table", TABLES)
def test_a_row_keeps_the_id_that_the_client_chose(
    db: Database, postgrest: RunningPostgrest, table: str
) -> None:
    user, chosen = make_user(db), str(uuid.uuid4())
    first = row_of(db, table, user) | {"id": chosen}
    answer = post(postgrest, user, table, first)
    assert (answer.status_code, answer.json()[0]["id"]) == (201, chosen)
    again = post(postgrest, user, table, first)
    assert (again.status_code, again.json()) == (409, TAKEN)


@pytest.mark.parametrize("table", TABLES)
def test_the_same_id_again_is_ignored_if_the_request_says_so(
    db: Database, postgrest: RunningPostgrest, table: str
) -> None:
    user = make_user(db)
    first = row_of(db, table, user) | {"id": str(uuid.uuid4())}
    prefer = f"{WHOLE},resolution=ignore-duplicates"
    answers = [post(postgrest, user, table, first, prefer) for _ in range(2)]
    assert [(answer.status_code, len(answer.json())) for answer in answers] == [(201, 1), (201, 0)]
    assert db.value(f"select count(*) from public.{table} where id = %s", first["id"]) == 1


def test_the_same_rule_again_is_merged_if_the_request_says_so(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user, chosen = make_user(db), str(uuid.uuid4())
    prefer = f"{WHOLE},resolution=merge-duplicates"
    rule = row_of(db, "brand_rules", user) | {"id": chosen}
    assert post(postgrest, user, "brand_rules", rule, prefer).status_code == 201
    renamed = post(postgrest, user, "brand_rules", rule | {"rule_name": "Cup"}, prefer)
    assert [(row["id"], row["rule_name"]) for row in renamed.json()] == [(chosen, "Cup")]
    # By name another id changes nothing: the first one is in use.
    other_id = rule | {"rule_name": "Cup", "id": str(uuid.uuid4())}
    path = "brand_rules?on_conflict=user_id,rule_name"
    assert [row["id"] for row in post(postgrest, user, path, other_id, prefer).json()] == [chosen]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("resolution", ["", ",resolution=ignore-duplicates"])
def test_the_id_of_another_account_is_answered_as_a_free_one(
    db: Database, postgrest: RunningPostgrest, table: str, resolution: str
) -> None:
    owner, other = make_user(db), make_user(db)
    taken = row_of(db, table, owner) | {"id": str(uuid.uuid4())}
    assert post(postgrest, owner, table, taken).status_code == 201
    before = db.row(f"select * from public.{table} where id = %s", taken["id"])
    answers = [
        post(
            postgrest,
            other,
            table,
            row_of(db, table, other, name) | {"id": chosen},
            f"return=minimal{resolution}",
        )
        for name, chosen in (("Cup", taken["id"]), ("Pot", str(uuid.uuid4())))
    ]
    assert [(a.status_code, a.content) for a in answers] == [(201, b"")] * 2
    assert db.row(f"select * from public.{table} where id = %s", taken["id"]) == before
    assert db.value(f"select count(*) from public.{table} where user_id = %s", other) >= 2


def test_a_double_click_adds_one_product_and_one_analysis(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    assert clicked(postgrest, user, "products", row_of(db, "products", user)) == [TAKEN] * 3
    assert db.value("select count(*) from public.jobs") == 1


@pytest.mark.parametrize("table", ["scripts", "brand_rules", "brands"])
def test_a_double_click_adds_one_row(db: Database, postgrest: RunningPostgrest, table: str) -> None:
    user = make_user(db)
    assert clicked(postgrest, user, table, row_of(db, table, user)) == [TAKEN] * 3
    assert db.value(f"select count(*) from public.{table} where user_id = %s", user) == 1


def clicked(
    postgrest: RunningPostgrest, user: uuid.UUID, table: str, row: dict[str, Any]
) -> list[dict[str, Any]]:
    """What those of four requests at once are told that add nothing."""
    body = row | {"id": str(uuid.uuid4())}
    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(lambda _: post(postgrest, user, table, body), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    return [answer.json() for answer in answers if answer.status_code == 409]
