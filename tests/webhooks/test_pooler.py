"""The edge behind a pooler in transaction mode."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.pgbouncer import needs_pgbouncer, pooling
from tests.webhooks.edge import make_settings, running

pytestmark = needs_pgbouncer


def test_every_sign_in_behind_a_transaction_pooler_succeeds(db, tmp_path):
    with pooling(db) as pooler:
        for edge in running(
            make_settings(pooler.url("webhook"), tmp_path, sessions_per_minute=1000)
        ):

            def sign_in(number, edge=edge):
                client = edge.app.test_client()
                return client.post(
                    "/auth/session", headers=edge.bearer(f"user_{number}")
                ).status_code

            with ThreadPoolExecutor(16) as threads:
                assert Counter(threads.map(sign_in, range(320))) == {200: 320}
