"""Request limits: requests that write are counted per account, through real PostgREST."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.database import make_product, make_user, user_claims
from tests.postgrest import serve, token
from tests.rules import banned

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from tests.database import Database
    from tests.postgrest import RunningPostgrest


def limit(db: Database, requests_per_minute: int) -> None:
    db.execute("update public.plans set requests_per_minute = %s", requests_per_minute)


def post(postgrest: RunningPostgrest, user: uuid.UUID, path: str, body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token(user_claims(user))}"}
    return httpx.post(postgrest.url + path, headers=headers, json=body, timeout=30)


def write(postgrest: RunningPostgrest, user: uuid.UUID, name: str) -> httpx.Response:
    rule = {"rule_name": name, "rule_definition": banned("miracle")}
    return post(postgrest, user, "/brand_rules", rule)


def test_one_write_too_many_waits_for_the_minute_to_end(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user()
    limit(db, 2)
    assert [write(postgrest, user, name).status_code for name in "ab"] == [201, 201]
    refused = write(postgrest, user, "c")
    seconds = int(refused.headers["Retry-After"])
    assert 0 < seconds <= 60
    assert (refused.status_code, refused.json()) == (
        429,
        {
            "code": "rate_limited",
            "message": f"That is more than 2 requests in a minute. Try again in {seconds} s.",
            "details": f'{{"limit": 2, "retry_after_seconds": {seconds}}}',
            "hint": None,
        },
    )


def test_a_minute_later_one_may_write_again(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user()
    limit(db, 1)
    assert [write(postgrest, user, name).status_code for name in "ab"] == [201, 429]
    db.execute("update private.request_counts set window_start = now() - interval '1 minute'")
    assert write(postgrest, user, "b").status_code == 201


def test_reads_refused_requests_and_checks_are_not_counted(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user()
    limit(db, 1)
    assert post(postgrest, user, "/rpc/check_compliance", {"content": "A lamp."}).status_code == 200
    assert write(postgrest, user, "").status_code == 422
    assert write(postgrest, user, "a").status_code == 201
    assert post(postgrest, user, "/rpc/check_compliance", {"content": "A lamp."}).status_code == 200


def test_each_account_has_its_own_count(db: Database, postgrest: RunningPostgrest) -> None:
    limit(db, 1)
    first, second = make_user(), make_user()
    assert [write(postgrest, user, "a").status_code for user in (first, second)] == [201, 201]


def test_work_may_be_a_quarter_of_all_requests(db: Database, postgrest: RunningPostgrest) -> None:
    product = make_product(db, make_user())
    limit(db, 8)
    run = {"product_id": str(product["id"])}
    answers = [post(postgrest, product["user_id"], "/rpc/run_analysis", run) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert write(postgrest, product["user_id"], "a").status_code == 201


@pytest.fixture
def second_gateway(
    db: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPostgrest]:
    yield from serve(db, tmp_path_factory.mktemp("second"))


def test_two_gateways_do_not_overshoot(
    db: Database, postgrest: RunningPostgrest, second_gateway: RunningPostgrest
) -> None:
    user = make_user()
    limit(db, 10)
    gateways = [postgrest, second_gateway] * 16

    def request(number: int) -> int:
        return write(gateways[number], user, str(number)).status_code

    with ThreadPoolExecutor(32) as clients:
        statuses = Counter(clients.map(request, range(32)))
    assert statuses == {201: 10, 429: 22}
