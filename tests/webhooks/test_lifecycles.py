"""Whatever the order, number and delay of events: our rows end as Stripe has them."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.billing_sync import parse_event, record, sync_event
from core.database import connect
from core.stripe_gateway import Gateway
from local.stripe import Fault
from tests.amount import rounds
from tests.webhooks.lifecycles import LIFECYCLES, Trial, rows, truth, unfinished


@pytest.fixture
def trial(db, fake_stripe):
    gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
    with (
        connect(db.url("webhook"), application_name="test") as webhook,
        connect(db.url("worker"), application_name="test") as worker,
    ):
        yield Trial(db, webhook, worker, fake_stripe, gateway)


@pytest.mark.parametrize("name", LIFECYCLES)
def test_shuffled_and_repeated_events_end_in_the_right_rows(trial, name):
    for seed in range(rounds(15, full=1000)):
        user_id, customer = trial.play(LIFECYCLES[name], random.Random(seed))
        assert rows(trial.db, user_id) == truth(trial.stripe, customer), f"seed {seed}"
    assert unfinished(trial.db) == 0


def test_concurrent_bursts_with_delays_end_in_the_right_rows(trial):
    for seed in range(rounds(6, full=300)):
        chance = random.Random(seed)
        trial.stripe.faults = lambda *_, chance=chance: Fault(
            delay_seconds=chance.random() * 0.02, after=True
        )
        user_id, customer = burst(trial, chance)
        assert rows(trial.db, user_id) == truth(trial.stripe, customer), f"seed {seed}"
    assert unfinished(trial.db) == 0


def burst(trial, chance):
    """Everything happens while eight workers already look."""
    user_id, customer = trial.make_customer()
    seen = len(trial.stripe.events)
    name = chance.choice(sorted(LIFECYCLES))
    with ThreadPoolExecutor(8) as workers:
        for _ in LIFECYCLES[name](trial.stripe, customer):
            for event in trial.stripe.events[seen:]:
                workers.submit(deliver_and_work, trial, event).add_done_callback(raise_error)
            seen = len(trial.stripe.events)
    return user_id, customer


def deliver_and_work(trial, event):
    parsed = parse_event(event, now=trial.stripe.now())
    with connect(trial.db.url("worker"), application_name="test") as worker:
        record(worker, parsed, body_sha256="0" * 64)
        sync_event(worker, trial.gateway, parsed.id)


def raise_error(future):
    future.result()


def test_one_look_covers_all_events_that_came_before_it(trial):
    _, customer = trial.make_customer()
    name = trial.stripe.subscribe(customer)["id"]
    for _ in range(5):
        trial.stripe.change(name)
    events = [parse_event(event, now=0) for event in trial.stripe.events]
    for event in events:
        record(trial.webhook, event, body_sha256="0" * 64)
    trial.stripe.requests.clear()
    outcomes = [sync_event(trial.worker, trial.gateway, event.id) for event in events]
    assert outcomes == ["done"] + ["already_done"] * 5
    assert len(trial.stripe.requests) == 2
