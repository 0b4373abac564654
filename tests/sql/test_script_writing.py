"""Having a script written: who may ask, what the worker gets, where the draft ends up."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, Row, make_product, make_user
from tests.rows import make_pack
from tests.rules import banned, make_rule, refusal

GENERATE = "select * from public.generate_script(product_id => %s, brief => %s)"
SAVE = "select private.save_script(%s, %s, %s, %s, %s)"


def ask(db: Database, product: Row, brief: str | None = "Make it funny.") -> Row:
    with db.as_user(product["user_id"]) as owner:
        return owner.row(GENERATE, product["id"], brief)


def claim(db: Database) -> Row:
    with db.as_worker() as worker:
        return worker.row("select * from private.claim('scripts', 1, 30)")


def save(db: Database, job: Row) -> bool:
    parameters = (job["msg_id"], job["read_ct"], job["job_id"], "Lamp", "Look at this lamp.")
    with db.as_worker() as worker:
        return worker.value(SAVE, *parameters)


def analyzed_product(db: Database) -> Row:
    product = make_product(db, make_user(db))
    make_pack(db, product["user_id"], product_id=product["id"])
    return product


def test_a_job_is_queued_with_the_brief(db: Database) -> None:
    product = analyzed_product(db)
    job = ask(db, product, " Make it funny.\n")
    expected = {
        "user_id": product["user_id"],
        "product_id": product["id"],
        "kind": "generate_script",
        "status": "queued",
    }
    assert {name: job[name] for name in expected} == expected
    assert claim(db)["arguments"] == {"brief": "Make it funny."}


def test_the_same_wish_in_flight_is_returned(db: Database) -> None:
    product = analyzed_product(db)
    first = ask(db, product)
    assert ask(db, product) == first
    assert ask(db, product, "Make it sad.")["id"] != first["id"]


@pytest.mark.parametrize("brief", [None, "", "  "])
def test_a_brief_is_optional(db: Database, brief: str | None) -> None:
    ask(db, analyzed_product(db), brief)
    assert claim(db)["arguments"] == {"brief": ""}


def test_a_brief_that_is_too_long_is_refused(db: Database) -> None:
    product = analyzed_product(db)
    assert refusal(db, product["user_id"], GENERATE, product["id"], "x" * 2001) == {
        "status": 422,
        "code": "invalid_brief",
        "message": "The brief is longer than 2000 characters.",
        "details": {"field": "brief", "reason": "too_long", "max": 2000},
    }


def test_another_users_product_is_not_found(db: Database) -> None:
    product = analyzed_product(db)
    expected = {
        "status": 404,
        "code": "not_found",
        "message": "There is no such product.",
        "details": None,
    }
    assert refusal(db, make_user(db), GENERATE, product["id"], "Funny") == expected
    assert refusal(db, make_user(db), GENERATE, uuid.uuid4(), "Funny") == expected


def test_a_product_without_a_pack_must_be_analyzed_first(db: Database) -> None:
    product = make_product(db, make_user(db))
    assert refusal(db, product["user_id"], GENERATE, product["id"], "Funny") == {
        "status": 409,
        "code": "not_analyzed",
        "message": "This product has no pack yet: wait for its analysis, or run one.",
        "details": None,
    }


def test_anonymous_may_not_ask(db: Database) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"),
        db.acting_as("anon") as anon,
    ):
        anon.row(GENERATE, uuid.uuid4(), "Funny")


def test_the_worker_gets_the_newest_pack_and_the_enabled_rules(db: Database) -> None:
    product = analyzed_product(db)
    newest = {"schema_version": "1.0", "headline": "Newest"}
    make_pack(db, product["user_id"], product_id=product["id"], configuration=Jsonb(newest))
    rule = make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    make_rule(db, make_user(db), "Not mine", banned("lamp"))
    job = ask(db, product)
    with db.as_worker() as worker:
        row = worker.row("select * from private.script_input(%s)", job["id"])
    definition = {"id": str(rule["id"]), "name": "No miracles", "definition": banned("miracle")}
    assert row == {
        "product_name": product["name"],
        "pack": newest,
        "rules": [definition],
    }


def test_the_draft_belongs_to_the_owner_of_the_product(db: Database) -> None:
    product = analyzed_product(db)
    ask(db, product)
    job = claim(db)
    assert save(db, job)
    with db.as_user(product["user_id"]) as owner:
        script = owner.row("select * from public.scripts")
    expected = {
        "user_id": product["user_id"],
        "product_id": product["id"],
        "job_id": job["job_id"],
        "title": "Lamp",
        "content": "Look at this lamp.",
        "status": "draft",
        "origin": "ai",
        "version": 1,
        "broken_rules": [],
    }
    assert {name: script[name] for name in expected} == expected


def test_a_draft_says_which_rules_it_breaks_until_it_is_edited(db: Database) -> None:
    product = analyzed_product(db)
    make_rule(db, product["user_id"], "No lamps", banned("lamp"))
    make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    ask(db, product)
    assert save(db, claim(db))
    broken = {"rule_name": "No lamps", "severity": "error", "message": "Don't say “lamp”."}
    with db.as_user(product["user_id"]) as owner:
        script = owner.row("select id, broken_rules from public.scripts")
        assert script["broken_rules"] == [broken]
        owner.execute("update public.scripts set content = 'Look.' where id = %s", script["id"])
        assert owner.value("select broken_rules from public.scripts") is None


def test_a_worker_that_lost_its_lease_saves_nothing(db: Database) -> None:
    ask(db, analyzed_product(db))
    job = claim(db)
    assert save(db, job | {"read_ct": job["read_ct"] - 1}) is False
    assert db.value("select count(*) from public.scripts") == 0


def test_a_deleted_product_gets_no_script(db: Database) -> None:
    product = analyzed_product(db)
    ask(db, product)
    job = claim(db)
    with db.as_user(product["user_id"]) as owner:
        owner.execute("delete from public.products where id = %s", product["id"])
    assert save(db, job) is False
