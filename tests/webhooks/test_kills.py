"""kill -9 at every moment of the webhook and its job: redelivery ends right, told once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid

import pytest

from tests.amount import rounds
from tests.fakes import stripe
from tests.webhooks.edge import NOW
from tests.webhooks.lifecycles import rows, truth

pytestmark = pytest.mark.chaos

# Every how many moments to die: each is a process of its own.
STRIDE = rounds(3, full=1)


def die(work: str, at: int, given: dict) -> bool:
    """Whether the process died on the way; otherwise it has finished its work."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.webhooks.dying", work],
        env=os.environ | {"DIE_AT": str(at)},
        input=json.dumps(given),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode in {0, -9}, process.stderr
    return process.returncode == -9


def make_story(db, fake_stripe):
    """A customer whose trial ends soon, and the event that says so."""
    user_id = uuid.uuid4()
    db.execute(
        "insert into private.identities (issuer, subject, user_id) values ('i', %s, %s)",
        str(user_id),
        user_id,
    )
    customer = fake_stripe.customer(user_id=str(user_id))["id"]
    subscription = fake_stripe.subscribe(customer, status="trialing")
    event = fake_stripe.emit("customer.subscription.trial_will_end", subscription)
    return user_id, customer, event


def delivery(settings, event):
    body, signature = stripe.signed(event, now=NOW)
    plain = settings.model_dump(mode="json") | {
        "webhook_db_url": settings.webhook_db_url.get_secret_value(),
        "clerk_webhook_secrets": [],
        "stripe_webhook_secrets": [stripe.SECRET],
    }
    return {"settings": plain, "now": NOW, "signature": signature, "body": body.decode()}


def test_killed_in_the_webhook_the_event_is_there_once_or_comes_again(db, settings, fake_stripe):
    moments = 0
    while True:
        _, _, event = make_story(db, fake_stripe)
        given = delivery(settings, event)
        was_killed = die("webhook", moments, given)
        assert die("webhook", -1, given) is False
        found = "select count(*) from private.live_jobs where key = %s"
        assert db.value(found, event["id"]) == 1
        if not was_killed:
            break
        moments += 1
    assert moments == 2


def test_killed_in_the_job_the_row_is_right_and_the_account_is_told_once(db, fake_stripe):
    given = {"url": db.url("worker"), "owner_url": db.url("postgres"), "stripe": fake_stripe.base}
    moments = 0
    while True:
        user_id, customer, event = make_story(db, fake_stripe)
        with db.as_webhook() as webhook:
            record(webhook, event, customer)
        was_killed = die("job", moments, given)
        db.execute("update pgmq.q_billing set vt = now() - interval '1 second'")
        assert die("job", -1, given) is False
        assert rows(db, user_id) == truth(fake_stripe, customer)
        told = db.rows("select kind from private.billing_notices where user_id = %s", user_id)
        assert told == [{"kind": "customer.subscription.trial_will_end"}]
        if not was_killed:
            break
        moments += STRIDE
    assert moments >= 14


def record(webhook, event, customer):
    webhook.execute(
        "select private.record_stripe_event(%s, %s, %s, false, null, %s, null, '0', true)",
        event["id"],
        event["type"],
        NOW,
        customer,
    )
