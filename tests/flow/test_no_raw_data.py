"""What was collected stays in memory: none of it is in a dump of the database nor in a log."""

from __future__ import annotations

import subprocess

import pytest

from local import postgres
from local.demo import flow
from tests.flow.shop import Shop
from tests.flow.stack import LocalStack, add_product, finished, wait_until
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.flow


def _dump(stack: LocalStack) -> str:
    """Everything: tables, queues, archives; as the superuser, past RLS."""
    server = postgres.start(stack.layout.data, stack.settings.db_port)
    command = [postgres.BIN_DIR / "pg_dump", server.superuser_url()]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    return done.stdout


@pytest.mark.parametrize("source", ["page", "captions and comments"])
def test_no_collected_text_is_stored_or_logged(
    stack: LocalStack, shop: Shop, canary: str, name: str, source: str
):
    url = shop.url("/canary") if source == "page" else flow.SOURCE_URL
    with stack.sign_in(name) as client:
        product = add_product(client, url, name=f"Kept {name}")
        job = wait_until(client, product, finished)
    dump = _dump(stack)
    assert job["status"] == "succeeded"
    # What the user wrote is there, so the dump does hold this run.
    assert f"Kept {name}" in dump
    assert canary not in dump
    assert job["id"] in stack.layout.log.read_text()
    assert canary not in stack.layout.log.read_text()
