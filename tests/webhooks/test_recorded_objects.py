"""Objects that Stripe really sent, of two API versions: read without a gap."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.billing_sync import parse_event
from core.stripe_gateway import reference, subscription_seen

FOLDER = Path(os.environ.get("DATA", "../shared/data")) / "stripe_recorded_objects"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recorded objects in {FOLDER}"),
]


def recorded(kind):
    documents = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*__*.json"))]
    return [found for found in documents if found.get("object") == kind]


def test_every_recorded_subscription_has_a_period_and_a_status():
    seen = [subscription_seen(found) for found in recorded("subscription")]
    assert len(seen) == 18
    assert {one.status for one in seen} == {"active", "canceled", "incomplete", "trialing"}
    assert [one for one in seen if not one.current_period_start or not one.current_period_end] == []
    assert [one.pause_collection for one in seen if one.pause_collection] == ["void"]


def test_every_recorded_object_names_its_customer():
    for kind in ("subscription", "invoice"):
        for found in recorded(kind):
            document = {"object": "event", "id": "evt_1", "type": "a.b", "data": {"object": found}}
            event = parse_event(document, now=0)
            assert event.object_id == found["id"]
            assert event.customer_id == reference(found["customer"])
            assert event.customer_id.startswith("cus_")
