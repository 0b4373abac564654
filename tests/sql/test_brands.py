"""Brands: whose products and rules they are, what archiving means, which rules a script meets."""

from __future__ import annotations

import uuid
from collections import Counter

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, Row, Session, make_product, make_user
from tests.erasure import bury, finish_erasures, rows_about
from tests.jobs import end_all
from tests.rows import make_brand, make_pack
from tests.rules import banned, make_rule, make_script, refusal
from tests.sql.test_quotas import set_limits, together, usage

ADD = "insert into public.products (name, source_url, brand_id) values ('Lamp', %s, %s)"
URL = "https://shop.example/lamp"
NO_BRAND = {
    "status": 404,
    "code": "not_found",
    "message": "There is no such brand.",
    "details": {"field": "brand_id"},
}
ARCHIVE = "update public.products set archived_at = %s where id = %s returning *"
RUN = "select public.run_analysis(%s)"
FINISH = "update public.scripts set status = 'final' where id = %s"


def assign(db: Database, table: str, row: Row, brand: Row | None) -> None:
    with db.as_user(row["user_id"]) as owner:
        query = f"update public.{table} set brand_id = %s where id = %s"
        assert owner.execute(query, brand and brand["id"], row["id"]) == 1


def archive(db: Database, product: Row, at: str | None = "2020-01-01") -> Row:
    with db.as_user(product["user_id"]) as owner:
        return owner.row(ARCHIVE, at, product["id"])


def rules_met(db: Database, user: uuid.UUID, product: Row | None) -> set[str]:
    with db.as_user(user) as owner:
        query = "select rule_name from public.check_compliance('A miracle.', %s)"
        return {row["rule_name"] for row in owner.rows(query, product and product["id"])}


@pytest.mark.parametrize("whose", ["another account's", "nobody's"])
def test_a_brand_of_another_account_is_as_one_that_does_not_exist(db: Database, whose: str) -> None:
    product = make_product(db, make_user(db))
    rule = make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    brand = uuid.uuid4() if whose == "nobody's" else make_brand(db, make_user(db))["id"]
    user = product["user_id"]
    change = "update public.{} set brand_id = %s where id = %s"
    assert refusal(db, user, ADD, URL, brand) == NO_BRAND
    assert refusal(db, user, change.format("products"), brand, product["id"]) == NO_BRAND
    assert refusal(db, user, change.format("brand_rules"), brand, rule["id"]) == NO_BRAND


def test_not_even_the_owner_of_the_tables_can_mix_accounts(db: Database) -> None:
    product, brand = make_product(db, make_user(db)), make_brand(db, make_user(db))
    # Without the trigger the foreign key is left.
    db.execute("alter table public.products disable trigger user")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        db.execute(
            "update public.products set brand_id = %s where id = %s", brand["id"], product["id"]
        )


def test_a_script_meets_the_general_rules_and_those_of_its_brand(db: Database) -> None:
    user = make_user(db)
    ours, theirs = make_brand(db, user, "Acme"), make_brand(db, user, "Globex")
    product, other = make_product(db, user), make_product(db, user)
    assign(db, "products", product, ours)
    for name, brand in (("General", None), ("Acme", ours), ("Globex", theirs)):
        assign(db, "brand_rules", make_rule(db, user, name, banned("miracle")), brand)
    assert rules_met(db, user, product) == {"General", "Acme"}
    assert rules_met(db, user, other) == {"General"}
    assert rules_met(db, user, None) == {"General"}
    with db.as_user(user) as owner:
        owner.execute("update public.brands set archived_at = now() where id = %s", ours["id"])
    assert rules_met(db, user, product) == {"General"}


def test_a_check_for_a_product_of_another_account_finds_none(db: Database) -> None:
    product = make_product(db, make_user(db))
    found = refusal(
        db, make_user(db), "select public.check_compliance('A lamp.', %s)", product["id"]
    )
    assert (found["status"], found["code"]) == (404, "not_found")


def test_a_final_script_breaks_no_rule_of_its_brand(db: Database) -> None:
    user = make_user(db)
    brand, product = make_brand(db, user), make_product(db, user)
    rule = make_rule(db, user, "No miracles", banned("miracle"))
    assign(db, "brand_rules", rule, brand)
    script = make_script(db, product, "A miracle.")
    with db.as_user(user) as owner:
        assert owner.execute(FINISH, script["id"]) == 1
        owner.execute("update public.scripts set status = 'draft' where id = %s", script["id"])
    assign(db, "products", product, brand)
    refused = refusal(db, user, FINISH, script["id"])
    assert (refused["code"], refused["details"]["rules"][0]["rule_id"]) == (
        "script_not_compliant",
        str(rule["id"]),
    )


def test_a_worker_reads_and_applies_the_rules_of_the_brand(db: Database) -> None:
    user = make_user(db)
    product = make_product(db, user)
    make_pack(db, user, product_id=product["id"])
    brand, other = make_brand(db, user, "Acme"), make_brand(db, user, "Globex")
    assign(db, "products", product, brand)
    assign(db, "brand_rules", make_rule(db, user, "Acme", banned("miracle")), brand)
    assign(db, "brand_rules", make_rule(db, user, "Globex", banned("miracle")), other)
    job = db.value("select id from public.jobs where product_id = %s", product["id"])
    with db.as_worker() as worker:
        rules = worker.value("select rules from private.script_input(%s)", job)
        checked = worker.rows(
            "select rule_name from private.check_script(%s, 'A miracle.', %s)", user, product["id"]
        )
    assert [rule["name"] for rule in rules] == ["Acme"]
    assert [row["rule_name"] for row in checked] == ["Acme"]


@pytest.mark.parametrize("table", ["products", "brand_rules"])
def test_a_brand_in_use_is_kept(db: Database, table: str) -> None:
    user = make_user(db)
    brand = make_brand(db, user)
    row = (
        make_product(db, user)
        if table == "products"
        else make_rule(db, user, "No miracles", banned("miracle"))
    )
    assign(db, table, row, brand)
    delete = "delete from public.brands where id = %s"
    assert refusal(db, user, delete, brand["id"]) == {
        "status": 409,
        "code": "brand_in_use",
        "message": "“Acme” has products or rules. Move or delete them first, or archive the brand.",
        "details": None,
    }
    assign(db, table, row, None)
    with db.as_user(user) as owner:
        assert owner.execute(delete, brand["id"]) == 1


def test_a_brand_needs_a_name(db: Database) -> None:
    refused = refusal(db, make_user(db), "insert into public.brands (name) values (' ')")
    assert (refused["status"], refused["code"]) == (422, "invalid_name")
    assert refused["message"] == "The brand's name is missing."


def test_64_parallel_clients_get_no_more_brands_than_the_plan_includes(db: Database) -> None:
    user = make_user(db)
    set_limits(db, max_brands=10)
    insert = "insert into public.brands (name) values ('Acme')"
    ends = together(db, user, lambda session: session.execute(insert))
    assert ends == {"accepted": 10, "quota_exceeded": 54}


def test_an_erasure_takes_brands_with_their_products_and_rules(db: Database) -> None:
    user = make_user(db)
    brand, product = make_brand(db, user), make_product(db, user)
    assign(db, "products", product, brand)
    assign(db, "brand_rules", make_rule(db, user, "No miracles", banned("miracle")), brand)
    bury(db, user)
    finish_erasures(db, quantity=1)
    assert rows_about(db, user) == {}


def test_tags_are_kept_once_in_lower_case(db: Database) -> None:
    product = make_product(db, make_user(db))
    with db.as_user(product["user_id"]) as owner:
        changed = owner.row(
            "update public.products set tags = %s where id = %s returning tags",
            [" Summer  Sale", "summer sale", "Cafe\u0301", "b"],
            product["id"],
        )
    assert changed["tags"] == ["summer sale", "café", "b"]


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        ([" "], "may not be empty."),
        (["a", None], "must be a list of texts."),
        ([["a"], ["b"]], "must be a list of texts."),
        ([str(number) for number in range(21)], "may be 20 at most."),
        (["x" * 41], "may have 40 characters each at most."),
        (["a\u0007"], "may not contain control or invisible characters."),
    ],
)
def test_wrong_tags_are_refused(db: Database, tags: list[object], problem: str) -> None:
    product = make_product(db, make_user(db))
    query = "update public.products set tags = %s::text[] where id = %s"
    refused = refusal(db, product["user_id"], query, tags, product["id"])
    assert (refused["status"], refused["code"]) == (422, "invalid_tags")
    assert refused["message"] == f"The tags {problem}"
    assert refused["details"]["field"] == "tags"


def test_an_archived_product_takes_no_slot_and_comes_back_if_one_is_free(db: Database) -> None:
    product = make_product(db, make_user(db))
    user = product["user_id"]
    set_limits(db, max_products=1)
    archived = archive(db, product)
    assert archived["archived_at"] == db.value(
        "select updated_at from public.products where id = %s", product["id"]
    ), "the server's clock counts"
    assert archive(db, product)["archived_at"] == archived["archived_at"]
    assert usage(db, user)["products"] == 0
    second = make_product(db, user)
    refused = refusal(db, user, ARCHIVE, None, product["id"])
    assert (refused["status"], refused["code"]) == (402, "quota_exceeded")
    assert refused["details"]["used"] == 1
    archive(db, second)
    assert archive(db, product, None)["archived_at"] is None
    assert usage(db, user)["products"] == 1


def test_64_parallel_clients_restore_no_more_products_than_the_plan_includes(db: Database) -> None:
    user = make_user(db)
    set_limits(db, max_products=64, analyses_per_month=100)
    products = [archive(db, make_product(db, user)) for _ in range(64)]
    set_limits(db, max_products=10)
    ends = together(db, user, lambda session: session.execute(ARCHIVE, None, products.pop()["id"]))
    assert ends == Counter(accepted=10, quota_exceeded=54)
    assert usage(db, user)["products"] == 10


def test_restoring_and_adding_at_once_oversells_nothing(db: Database) -> None:
    user = make_user(db)
    set_limits(db, max_products=32, analyses_per_month=100)
    products = [archive(db, make_product(db, user)) for _ in range(32)]
    set_limits(db, max_products=10)

    def act(owner: Session) -> None:
        try:
            product = products.pop()
        except IndexError:
            owner.execute(ADD, URL, None)
        else:
            owner.execute(ARCHIVE, None, product["id"])

    assert together(db, user, act) == Counter(accepted=10, quota_exceeded=54)
    assert usage(db, user)["products"] == 10


def test_an_archived_product_is_not_analysed(db: Database) -> None:
    product = make_product(db, make_user(db))
    end_all(db, product["user_id"], "succeeded")
    make_pack(db, product["user_id"], product_id=product["id"])
    archive(db, product)
    for query in (RUN, "select public.generate_script(%s)"):
        refused = refusal(db, product["user_id"], query, product["id"])
        assert (refused["status"], refused["code"]) == (409, "product_archived")
    archive(db, product, None)
    with db.as_user(product["user_id"]) as owner:
        owner.row(RUN, product["id"])


def test_a_watch_rests_while_its_product_is_archived(db: Database) -> None:
    db.execute("update public.plans set watch = 'daily' where id = 'free'")
    product = make_product(db, make_user(db))
    with db.as_user(product["user_id"]) as owner:
        owner.execute("update public.products set watch = 'daily' where id = %s", product["id"])
    watches = "select count(*) from private.watches where product_id = %s"
    assert db.value(watches, product["id"]) == 1
    archive(db, product)
    assert db.value(watches, product["id"]) == 0
    assert archive(db, product, None)["watch"] == "daily"
    assert db.value(watches, product["id"]) == 1


def test_rules_for_a_brand_can_be_saved_by_name(db: Database) -> None:
    user = make_user(db)
    brand = make_brand(db, user)
    with db.as_user(user) as owner:
        row = owner.row(
            "insert into public.brand_rules (rule_name, rule_definition, brand_id)"
            " values ('No miracles', %s, %s) on conflict (user_id, rule_name)"
            " do update set brand_id = excluded.brand_id returning brand_id",
            Jsonb(banned("miracle")),
            brand["id"],
        )
    assert row["brand_id"] == brand["id"]
