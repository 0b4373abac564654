"""Quotas: what a plan allows is counted once, never oversold, and given back when it should be."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, Session, make_product, make_user
from tests.jobs import end_all
from tests.patience import PATIENCE_SECONDS
from tests.rows import make_pack
from tests.rules import banned, refusal

INSERT = "insert into public.products (name, source_url) values ('Lamp', 'https://shop.example/1')"
RUN = "select id from public.run_analysis(product_id => %s)"
NEXT_MONTH = "select private.next_month()"


def set_limits(db: Database, **limits: int) -> None:
    for name, value in limits.items():
        db.execute(f"update public.plans set {name} = %s where id = 'free'", value)


def usage(db: Database, user: uuid.UUID) -> dict[str, int]:
    with db.as_user(user) as owner:
        return owner.value("select usage from public.account()")


def together(db: Database, user: uuid.UUID, call: Callable[[Session], object]) -> Counter[str]:
    """How 64 requests that start at once end: accepted, or refused with which code."""
    start = Barrier(64)

    def request(_: int) -> str:
        try:
            with db.as_user(user) as session:
                start.wait(timeout=PATIENCE_SECONDS)
                call(session)
        except psycopg.Error as error:
            code: str = json.loads(error.diag.message_primary or "")["code"]
            return code
        return "accepted"

    with ThreadPoolExecutor(64) as clients:
        return Counter(clients.map(request, range(64)))


def test_64_parallel_clients_get_no_more_analyses_than_the_plan_includes(db: Database) -> None:
    user = make_user(db)
    set_limits(db, analyses_per_month=10, max_products=100)
    ends = together(db, user, lambda session: session.execute(INSERT))
    assert ends == {"accepted": 10, "quota_exceeded": 54}
    assert db.value("select count(*) from public.products") == 10
    assert db.value("select count(*) from public.jobs") == 10
    assert usage(db, user) == {"products": 10, "analyses": 10, "scripts": 0}


def test_64_parallel_clients_get_no_more_products_than_the_plan_includes(db: Database) -> None:
    user = make_user(db)
    set_limits(db, analyses_per_month=100, max_products=10)
    ends = together(db, user, lambda session: session.execute(INSERT))
    assert ends == {"accepted": 10, "quota_exceeded": 54}
    assert db.value("select count(*) from public.products") == 10


def test_the_same_analysis_asked_for_64_times_is_counted_once(db: Database) -> None:
    product = make_product(db, make_user(db))
    end_all(db, product["user_id"], "succeeded")
    ends = together(db, product["user_id"], lambda session: session.row(RUN, product["id"]))
    assert ends == {"accepted": 64}
    assert usage(db, product["user_id"])["analyses"] == 2


def test_an_analysis_too_many_is_refused_and_nothing_is_kept(db: Database) -> None:
    set_limits(db, analyses_per_month=0)
    user = make_user(db)
    assert refusal(db, user, INSERT) == {
        "status": 402,
        "code": "quota_exceeded",
        "message": "Your plan includes 0 analyses a month, and 0 are in use.",
        "details": {
            "metric": "analyses",
            "limit": 0,
            "used": 0,
            "plan": "free",
            "resets_at": db.value(NEXT_MONTH).isoformat(),
        },
    }
    assert usage(db, user) == {"products": 0, "analyses": 0, "scripts": 0}


def test_a_product_too_many_is_refused(db: Database) -> None:
    product = make_product(db, make_user(db))
    set_limits(db, max_products=1)
    assert refusal(db, product["user_id"], INSERT) == {
        "status": 402,
        "code": "quota_exceeded",
        "message": "Your plan includes 1 products, and 1 are in use.",
        "details": {
            "metric": "products",
            "limit": 1,
            "used": 1,
            "plan": "free",
            "resets_at": None,
        },
    }


BULK = (
    "insert into public.products (name, source_url)"
    " select 'Lamp', 'https://shop.example/1' from generate_series(1, %s)"
)


@pytest.mark.parametrize(
    ("limits", "message", "metric", "limit"),
    [
        (
            {"max_products": 50, "analyses_per_month": 100},
            "Your plan includes 50 products, and 1 are in use. You asked for 50 more.",
            "products",
            50,
        ),
        (
            {"max_products": 100, "analyses_per_month": 20},
            "Your plan includes 20 analyses a month, and 1 are in use. You asked for 50 more.",
            "analyses",
            20,
        ),
    ],
)
def test_a_bulk_insert_too_many_is_told_what_was_there_before(
    db: Database, limits: dict[str, int], message: str, metric: str, limit: int
) -> None:
    product = make_product(db, make_user(db))
    set_limits(db, **limits)
    refused = refusal(db, product["user_id"], BULK, 50)
    expected = {"metric": metric, "limit": limit, "used": 1, "requested": 50}
    assert refused["message"] == message
    assert {name: refused["details"][name] for name in expected} == expected
    assert db.value("select count(*) from public.products") == 1
    assert usage(db, product["user_id"])["analyses"] == 1


def test_what_a_plan_keeps_of_scripts_and_rules_is_limited(db: Database) -> None:
    product = make_product(db, make_user(db))
    set_limits(db, max_scripts=2, max_brand_rules=0)
    script = "insert into public.scripts (product_id, content) select %s, 'Look.'"
    with db.as_user(product["user_id"]) as owner:
        owner.execute(f"{script} from generate_series(1, 2)", product["id"])
    refused = refusal(db, product["user_id"], script, product["id"])
    assert (refused["code"], refused["message"]) == (
        "quota_exceeded",
        "Your plan includes 2 stored scripts, and 2 are in use.",
    )
    assert refused["details"]["metric"] == "stored_scripts"
    rule = "insert into public.brand_rules (rule_name, rule_definition) values ('No cure', %s)"
    refused = refusal(db, product["user_id"], rule, Jsonb(banned("cure")))
    assert refused["message"] == "Your plan includes 0 brand rules, and 0 are in use."


def test_a_script_that_would_be_one_too_many_is_not_written(db: Database) -> None:
    product = make_product(db, make_user(db))
    make_pack(db, product["user_id"], product_id=product["id"])
    set_limits(db, max_scripts=0)
    answer = refusal(
        db, product["user_id"], "select public.generate_script(%s, 'Funny.')", product["id"]
    )
    assert answer["details"]["metric"] == "stored_scripts"


def test_parallel_clients_keep_no_more_scripts_than_the_plan_includes(db: Database) -> None:
    product = make_product(db, make_user(db))
    set_limits(db, max_scripts=10)
    insert = "insert into public.scripts (product_id, content) values (%s, 'Look.')"
    ends = together(db, product["user_id"], lambda session: session.execute(insert, product["id"]))
    assert ends == {"accepted": 10, "quota_exceeded": 54}


def test_a_bulk_insert_names_the_row_that_is_wrong(db: Database) -> None:
    user = make_user(db)
    products = "insert into public.products (name, source_url) values (%s, %s), (%s, %s), (%s, %s)"
    good = ("Lamp", "https://shop.example/1")
    for rows, expected in (
        ((*good, *good, "", good[1]), {"field": "name", "reason": "missing", "row": 3}),
        ((*good, "Lamp", "shop", *good), {"field": "source_url", "reason": "no_scheme", "row": 2}),
        (("", good[1], *good, *good), {"field": "name", "reason": "missing"}),
    ):
        assert refusal(db, user, products, *rows)["details"] == expected
    rules = "insert into public.brand_rules (rule_name, rule_definition) values (%s, %s), (%s, %s)"
    wrong = ("A", Jsonb(banned("a")), "B", Jsonb({}))
    assert refusal(db, user, rules, *wrong)["details"]["row"] == 2
    product = make_product(db, user)
    scripts = "insert into public.scripts (product_id, content) values (%s, %s), (%s, %s)"
    wrong = (product["id"], "Look.", user, "Look.")
    assert refusal(db, user, scripts, *wrong) == {
        "status": 404,
        "code": "not_found",
        "message": "There is no such product.",
        "details": {"field": "product_id", "row": 2},
    }


def test_scripts_are_counted_too(db: Database) -> None:
    product = make_product(db, make_user(db))
    make_pack(db, product["user_id"], product_id=product["id"])
    set_limits(db, scripts_per_month=1)
    query = "select public.generate_script(%s, %s)"
    with db.as_user(product["user_id"]) as owner:
        owner.execute(query, product["id"], "Funny.")
    answer = refusal(db, product["user_id"], query, product["id"], "Sad.")
    assert (answer["code"], answer["details"]["metric"]) == ("quota_exceeded", "scripts")
    assert usage(db, product["user_id"])["scripts"] == 1


def test_deleting_a_product_frees_its_place_but_not_its_analysis(db: Database) -> None:
    product = make_product(db, make_user(db))
    with db.as_user(product["user_id"]) as owner:
        owner.execute("delete from public.products where id = %s", product["id"])
    assert usage(db, product["user_id"]) == {"products": 0, "analyses": 1, "scripts": 0}


@pytest.mark.parametrize(
    ("status", "code", "used"),
    [
        ("succeeded", None, 1),
        ("failed", "source_failed", 0),
        ("failed", "crashed", 0),
        ("failed", "page_not_found", 1),
        ("failed", "not_a_product", 0),
        ("cancelled", None, 0),
    ],
)
def test_what_failed_without_the_users_fault_is_given_back(
    db: Database, status: str, code: str | None, used: int
) -> None:
    product = make_product(db, make_user(db))
    end_all(db, product["user_id"], status, code)
    assert usage(db, product["user_id"])["analyses"] == used


def test_work_that_began_before_it_was_cancelled_stays_counted(db: Database) -> None:
    product = make_product(db, make_user(db))
    with db.as_worker() as worker:
        worker.row("select * from private.claim('ingestion', 1, 30)")
    end_all(db, product["user_id"], "cancelled")
    assert usage(db, product["user_id"])["analyses"] == 1


def test_a_use_is_given_back_once(db: Database) -> None:
    product = make_product(db, make_user(db))
    for status in ("failed", "queued", "failed"):
        db.execute("update public.jobs set status = %s, error_code = 'crashed'", status)
    assert usage(db, product["user_id"])["analyses"] == 0
    assert db.value("select used from private.usage") == 0


def test_last_months_use_does_not_count(db: Database) -> None:
    product = make_product(db, make_user(db))
    db.execute("update private.usage set month = month - interval '1 month'")
    assert usage(db, product["user_id"])["analyses"] == 0


def test_a_paid_plan_raises_the_limits(db: Database) -> None:
    user = make_user(db)
    set_limits(db, analyses_per_month=0)
    db.execute(
        "insert into public.subscriptions (user_id, stripe_subscription_id, plan, status)"
        " values (%s, 'sub_1', 'creator', 'active')",
        user,
    )
    make_product(db, user)
    assert usage(db, user)["analyses"] == 1


def test_an_account_without_a_subscription_is_on_the_free_plan(db: Database) -> None:
    product = make_product(db, make_user(db))
    with db.as_user(product["user_id"]) as owner:
        account = owner.row("select * from public.account()")
    assert account == {
        "plan": "free",
        "limits": {"products": 5, "analyses": 20, "scripts": 20, "requests_per_minute": 120},
        "usage": {"products": 1, "analyses": 1, "scripts": 0},
        "resets_at": db.value(NEXT_MONTH),
        "subscription": None,
        "tiktok": None,
        "role": "admin",
        "seats": None,
    }


def test_an_account_shows_its_own_subscription_only(db: Database) -> None:
    user, other = make_user(db), make_user(db)
    for owner_id, number in ((user, 1), (other, 2)):
        db.execute(
            "insert into public.subscriptions (user_id, stripe_subscription_id, plan, status)"
            " values (%s, %s, 'agency', 'past_due')",
            *(owner_id, f"sub_{number}"),
        )
    with db.as_user(user) as owner:
        account = owner.row("select plan, subscription from public.account()")
    assert account == {
        "plan": "free",
        "subscription": {
            "plan": "agency",
            "status": "past_due",
            "current_period_end": None,
            "cancel_at_period_end": False,
            "cancel_at": None,
        },
    }


def test_anonymous_has_no_account(db: Database) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"),
        db.acting_as("anon") as anon,
    ):
        anon.row("select * from public.account()")
