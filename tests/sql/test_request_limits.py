"""Request limits: requests that write are counted per account, through real PostgREST."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from itertools import islice

import httpx
import pytest

from tests.database import Database, make_product, make_user, user_claims
from tests.jobs import end_all
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, serve, token
from tests.rules import banned


def read(postgrest: RunningPostgrest, user: uuid.UUID) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token(user_claims(user))}"}
    return httpx.get(postgrest.url + "/brand_rules", headers=headers, timeout=PATIENCE_SECONDS)


def limit(db: Database, requests_per_minute: int) -> None:
    db.execute("update public.plans set requests_per_minute = %s", requests_per_minute)


def post(postgrest: RunningPostgrest, user: uuid.UUID, path: str, body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token(user_claims(user))}"}
    return httpx.post(postgrest.url + path, headers=headers, json=body, timeout=PATIENCE_SECONDS)


def write(postgrest: RunningPostgrest, user: uuid.UUID, name: str) -> httpx.Response:
    rule = {"rule_name": name, "rule_definition": banned("miracle")}
    return post(postgrest, user, "/brand_rules", rule)


def test_one_write_too_many_waits_for_the_minute_to_end(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
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
    user = make_user(db)
    limit(db, 1)
    assert [write(postgrest, user, name).status_code for name in "ab"] == [201, 429]
    db.execute("update private.request_counts set window_start = now() - interval '1 minute'")
    assert write(postgrest, user, "b").status_code == 201


def test_reads_refused_requests_and_checks_are_not_counted(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    limit(db, 1)
    assert post(postgrest, user, "/rpc/check_compliance", {"content": "A lamp."}).status_code == 200
    assert write(postgrest, user, "").status_code == 422
    assert write(postgrest, user, "a").status_code == 201
    assert post(postgrest, user, "/rpc/check_compliance", {"content": "A lamp."}).status_code == 200


def test_each_account_has_its_own_count(db: Database, postgrest: RunningPostgrest) -> None:
    limit(db, 1)
    first, second = make_user(db), make_user(db)
    assert [write(postgrest, user, "a").status_code for user in (first, second)] == [201, 201]


def analyzed(db: Database, user: uuid.UUID) -> dict[str, str]:
    """The arguments that start an analysis of a new product."""
    product = make_product(db, user)
    end_all(db, user, "succeeded")
    return {"product_id": str(product["id"])}


@pytest.mark.parametrize("path", ["/rpc/run_analysis", "/rpc/run%5Fanalysis"])
def test_work_may_be_a_quarter_of_all_requests(
    db: Database, postgrest: RunningPostgrest, path: str
) -> None:
    user = make_user(db)
    runs = [analyzed(db, user) for _ in range(3)]
    limit(db, 8)
    assert [post(postgrest, user, path, run).status_code for run in runs] == [200, 200, 429]
    assert write(postgrest, user, "a").status_code == 201


@pytest.mark.parametrize("path", ["/products", "/%70roducts"])
def test_new_products_are_work(db: Database, postgrest: RunningPostgrest, path: str) -> None:
    user = make_user(db)
    limit(db, 8)
    lamp = {"name": "Lamp", "source_url": "https://shop.example/lamp"}
    answers = [post(postgrest, user, path, each).status_code for each in ([lamp, lamp], lamp, lamp)]
    assert answers == [201, 201, 429]


def test_a_call_that_starts_nothing_is_no_work(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user(db)
    run = analyzed(db, user)
    limit(db, 8)
    answers = [post(postgrest, user, "/rpc/run_analysis", run).status_code for _ in range(4)]
    assert answers == [200] * 4


def test_the_count_lasts_a_whole_minute(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user(db)
    limit(db, 1)
    assert write(postgrest, user, "a").status_code == 201
    # Long past, but for a test that takes half a minute from here.
    db.execute("update private.request_counts set window_start = now() - interval '30 seconds'")
    refused = write(postgrest, user, "b")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 30


@contextmanager
def slots_taken(db: Database, user: uuid.UUID, *slots: int) -> Iterator[None]:
    """As long as the block runs, requests of the account run in these slots."""
    with db.connect("postgres") as holder:
        for slot in slots:
            holder.execute("select pg_advisory_lock(uuid_hash_extended(%s, %s))", (user, slot))
        yield


def test_four_writes_of_an_account_run_at_once_and_two_more_reads(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user, other = make_user(db), make_user(db)
    crowd = {
        "code": "rate_limited",
        "message": "Too many requests of this account are running. Try again in 1 s.",
        "details": '{"retry_after_seconds": 1}',
        "hint": None,
    }
    with slots_taken(db, user, 0, 1, 2, 3):
        refused = write(postgrest, user, "a")
        assert (refused.status_code, refused.json()) == (429, crowd)
        assert refused.headers["Retry-After"] == "1"
        assert read(postgrest, user).status_code == 200
        assert write(postgrest, other, "a").status_code == 201
        with slots_taken(db, user, 4, 5):
            check = post(postgrest, user, "/rpc/check_compliance", {"content": "A lamp."})
            for answer in (read(postgrest, user), check):
                assert (answer.status_code, answer.json()) == (429, crowd)
            assert read(postgrest, other).status_code == 200
    assert write(postgrest, user, "a").status_code == 201


def test_a_read_of_tables_ends_after_three_seconds(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    request = "select set_config('request.method', %s, true), set_config('request.path', %s, true)"
    limits = {}
    for method, path in (("GET", "/brand_rules"), ("GET", "/rpc/account"), ("PATCH", "/products")):
        with db.as_user(user) as session:
            session.execute(request, method, path)
            session.execute("select private.before_request()")
            limits[path] = session.value("show statement_timeout")
    assert limits["/brand_rules"] == "3s"
    assert limits["/rpc/account"] == limits["/products"] != "3s"
    with db.connect("postgres") as holder:
        holder.execute("begin; lock table public.brand_rules")
        assert read(postgrest, user).json()["code"] == "57014"


def test_an_account_whose_writes_wait_leaves_connections_to_others(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user, other = make_user(db), make_user(db)
    assert write(postgrest, user, "a").status_code == 201
    with (
        ThreadPoolExecutor(8) as clients,
        slots_taken(db, user, 0),
        db.connect("postgres") as slow,
    ):
        slow.execute("begin; select from private.request_counts for update")
        # PostgREST has four connections here: without slots, all of them would wait.
        writes = [clients.submit(write, postgrest, user, name) for name in "bcdefghi"]
        refused = [each.result().status_code for each in islice(as_completed(writes), 5)]
        assert refused == [429] * 5
        assert read(postgrest, other).status_code == 200
        assert write(postgrest, other, "a").status_code == 201
        slow.execute("commit")
        assert Counter(each.result().status_code for each in writes) == {429: 5, 201: 3}


def test_requests_without_a_token_leave_connections_to_accounts(
    db: Database, postgrest: RunningPostgrest
) -> None:
    def plans() -> httpx.Response:
        return httpx.get(postgrest.url + "/plans", timeout=PATIENCE_SECONDS)

    with ThreadPoolExecutor(8) as clients, db.connect("postgres") as slow:
        slow.execute("begin; lock table public.plans")
        # PostgREST has four connections here. Where one reads slowly, three wait at most.
        reads = [clients.submit(plans) for _ in range(8)]
        refused = [each.result() for each in islice(as_completed(reads), 5)]
        assert {each.status_code for each in refused} == {429}
        assert refused[0].json()["message"] == (
            "Too many requests without a token are running. Try again in 1 s."
        )
        assert read(postgrest, make_user(db)).status_code == 200
        slow.execute("commit")
        assert Counter(each.result().status_code for each in reads) == {429: 5, 200: 3}


def test_a_write_that_fails_gives_its_slot_back(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user(db)
    assert [write(postgrest, user, "").status_code for _ in range(8)] == [422] * 8
    assert db.value("select count(*) from pg_locks where locktype = 'advisory'") == 0


@pytest.fixture
def second_gateway(
    db: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPostgrest]:
    yield from serve(db, tmp_path_factory.mktemp("second"))


def test_two_gateways_do_not_overshoot(
    db: Database, postgrest: RunningPostgrest, second_gateway: RunningPostgrest
) -> None:
    user = make_user(db)
    limit(db, 10)
    # A minute that lasts as long as the test: so many requests may take longer.
    db.execute(
        "insert into private.request_counts (user_id, cost_class, window_start, requests)"
        " values (%s, 'write', now() + interval '1 hour', 0)",
        user,
    )
    gateways = [postgrest, second_gateway] * 32

    def request(number: int) -> int:
        return write(gateways[number], user, str(number)).status_code

    with ThreadPoolExecutor(32) as clients:
        statuses = Counter(clients.map(request, range(32)))
    # Some of them found no slot free.
    for number in range(32, 64):
        statuses[request(number)] += 1
    assert statuses == {201: 10, 429: 54}
