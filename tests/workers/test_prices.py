"""Prices: what the plans show is what Stripe charges, and the doctor names what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from core.billing_sync import sync_prices
from core.stripe_gateway import Gateway
from local import stripe
from tests.database import Database
from workers.jobs.billing import reconcile

SHOWN = """
select p.id || ' ' || string_agg(concat_ws(' ', x ->> 'interval', x ->> 'amount',
    x ->> 'currency', x ->> 'lookup_key'), ', ') as text
from public.plans as p, jsonb_array_elements(p.prices) as x group by p.id order by p.id
"""
SEED = [
    "agency month 19900 usd agency_monthly, year 199000 usd agency_yearly",
    "creator month 2900 usd creator_monthly, year 29000 usd creator_yearly",
]


@pytest.fixture
def fake() -> Iterator[stripe.FakeStripe]:
    with stripe.serving() as fake:
        yield fake


def shown(db: Database) -> list[str]:
    return [row["text"] for row in db.rows(SHOWN)]


def sync(db: Database, fake: stripe.FakeStripe) -> int:
    with db.connect("worker") as worker:
        return sync_prices(worker, Gateway("sk_test_1", api_base=fake.base))


def test_the_seed_shows_the_prices_of_each_plan(db: Database) -> None:
    assert shown(db) == SEED
    with db.acting_as("anon") as anon:
        assert anon.value("select prices from public.plans where id = 'free'") == []


def test_a_price_that_is_no_longer_offered_is_not_shown(db: Database) -> None:
    db.execute("update private.plan_prices set is_offered = false where plan = 'agency'")
    assert shown(db) == SEED[1:]


def test_of_two_keys_for_one_interval_the_one_that_checkout_takes_is_shown(db: Database) -> None:
    db.execute(
        "insert into private.plan_prices (lookup_key, plan, amount, currency)"
        " values ('agency_2027', 'agency', 100, 'eur')"
    )
    assert shown(db)[0] == "agency month 100 eur agency_2027, year 199000 usd agency_yearly"
    assert db.value("select (private.offered_prices('agency')) [1]") == "agency_2027"


def test_the_reconciliation_copies_what_stripe_charges(db: Database, fake) -> None:
    fake.offer()
    assert sync(db, fake) == 0
    [price] = fake.of("price", lookup_key="creator_yearly")
    price.update(unit_amount=24900, currency="eur")
    with db.connect("worker") as worker:
        reconcile(worker, Gateway("sk_test_1", api_base=fake.base))
    assert shown(db) == [SEED[0], SEED[1].replace("29000 usd", "24900 eur")]


@pytest.mark.parametrize(
    "odd",
    [
        {"active": False},
        {"unit_amount": None},
        {"recurring": {"interval": "week", "interval_count": 1}},
        {"recurring": {"interval": "month", "interval_count": 3}},
        {"recurring": None},
    ],
    ids=["inactive", "no amount", "weekly", "quarterly", "once"],
)
def test_an_odd_price_changes_nothing_and_the_doctor_names_it(db: Database, fake, odd) -> None:
    fake.offer()
    [price] = fake.of("price", lookup_key="agency_monthly")
    price.update({"unit_amount": 1} | odd)
    assert (sync(db, fake), shown(db)) == (0, SEED)
    [line] = [line for line in doctor(db, fake) if "agency_monthly" in line]
    assert line.endswith("Correct it at Stripe or in private.plan_prices.")


def doctor(db: Database, fake: stripe.FakeStripe) -> list[str]:
    """What the operator's doctor prints."""
    environment = {
        "DB_URL": db.url("postgres"),
        "STRIPE_SECRET_KEY": "sk_test_1",
        "STRIPE_API_BASE": fake.base,
    }
    done = subprocess.run(
        [sys.executable, "-m", "workers", "doctor"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    return done.stdout.splitlines()


def test_the_doctor_names_what_is_shown_and_not_charged(db: Database, fake) -> None:
    fake.offer()
    title = "FAIL the prices that are shown are charged"
    assert title not in doctor(db, fake)
    [price] = fake.of("price", lookup_key="creator_monthly")
    price["unit_amount"] = 3900
    lines = doctor(db, fake)
    assert title in lines
    assert (
        "     creator_monthly is shown as 2900 usd, and Stripe charges 3900 usd."
        " Correct it at Stripe or in private.plan_prices." in lines
    )


def test_the_doctor_says_that_stripe_does_not_answer(db: Database, fake) -> None:
    fake.faults = lambda *_: stripe.Fault(status=401)
    assert "     Stripe does not answer (misconfigured)." in doctor(db, fake)


def test_an_amount_without_a_currency_is_refused(db: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("update private.plan_prices set currency = null")
