"""The edge behind a pooler."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.pgbouncer import needs_pgbouncer, pooling
from tests.webhooks.edge import make_settings, running

pytestmark = needs_pgbouncer


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_every_sign_in_behind_a_pooler_succeeds(db, tmp_path, mode):
    with pooling(db, mode) as pooler:
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
