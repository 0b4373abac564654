"""Members through the real API: what each role may do, and a membership that ends at once."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import httpx
import psycopg
import pytest

from core.config import ROLES
from tests import rows
from tests.database import Database, make_product, make_user, user_claims
from tests.jobs import wait_until_blocked
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, token
from tests.rules import banned
from tests.sql.test_isolation import TABLES, acting

LAMP = {"name": "Lamp", "source_url": "https://shop.example/lamp"}
RULE = {"rule_name": "No cure", "rule_definition": banned("cure")}
ENTER = "select private.enter_organisation(%s, %s, %s, to_timestamp(%s))"
REVOKE = "update private.memberships set revoked_at = to_timestamp(%s) where person_id = %s"


def make_organisation(db: Database) -> uuid.UUID:
    organisation = make_user(db)
    db.execute("update public.accounts set kind = 'organisation' where id = %s", organisation)
    db.execute("update public.plans set seats = 10")
    return organisation


@dataclass
class Member:
    """Requests of a person who acts for an organisation, as their browser sends them."""

    url: str
    organisation: uuid.UUID
    claims: dict[str, Any]

    def call(self, method: str, path: str, json: Any = None, **params: str) -> httpx.Response:
        bearer = token(user_claims(self.organisation) | self.claims)
        headers = {"Authorization": f"Bearer {bearer}", "Prefer": "return=representation"}
        return httpx.request(
            method, self.url + path, json=json, headers=headers, params=params,
            timeout=PATIENCE_SECONDS,
        )  # fmt: skip


@pytest.fixture
def member_of(db: Database, postgrest: RunningPostgrest):
    """Makes a person a member of an organisation; the person may be one already."""

    def make(organisation: uuid.UUID, role: str, person: uuid.UUID | None = None) -> Member:
        person = person or make_user(db)
        claims = acting(person, role)
        db.execute(ENTER, organisation, person, role, claims["session_iat"])
        return Member(postgrest.url, organisation, claims)

    return make


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


WRITES = [
    ("POST", "/products", LAMP),
    ("POST", "/brand_rules", RULE),
    ("POST", "/rpc/run_analysis", {"product_id": str(uuid.uuid4())}),
    ("POST", "/rpc/generate_script", {"product_id": str(uuid.uuid4())}),
    ("POST", "/rpc/cancel_job", {"job_id": str(uuid.uuid4())}),
    ("POST", "/rpc/adopt_starter_rules", {"pack": "ftc"}),
    ("POST", "/rpc/delete_account", {}),
]


def test_a_viewer_reads_and_writes_nothing(db: Database, member_of):
    organisation = make_organisation(db)
    product = make_product(db, organisation)
    viewer = member_of(organisation, "viewer")
    assert [row["id"] for row in viewer.call("GET", "/products").json()] == [str(product["id"])]
    assert viewer.call("POST", "/rpc/check_compliance", {"content": "Look."}).status_code == 200
    answers = [viewer.call(*write) for write in WRITES]
    assert {refusal(answer) for answer in answers} == {(403, "role_not_allowed")}
    assert answers[0].json() == {
        "code": "role_not_allowed",
        "message": "This needs the role editor, and yours is viewer.",
        "details": '{"role": "viewer", "needed": "editor"}',
        "hint": None,
    }
    for table in TABLES:
        for verb in ("PATCH", "DELETE"):
            answer = viewer.call(verb, f"/{table}", {"id": "x"}, id=f"eq.{product['id']}")
            assert refusal(answer) == (403, "role_not_allowed")
    assert db.value("select count(*) from public.products") == 1


def test_an_editor_writes_and_an_admin_alone_deletes_the_account(db: Database, member_of):
    organisation = make_organisation(db)
    editor, admin = member_of(organisation, "editor"), member_of(organisation, "admin")
    assert editor.call("POST", "/products", LAMP).status_code == 201
    assert editor.call("POST", "/brand_rules", RULE).status_code == 201
    refused = editor.call("POST", "/rpc/delete_account", {})
    assert refusal(refused) == (403, "role_not_allowed")
    assert refused.json()["message"] == "This needs the role admin, and yours is editor."
    assert admin.call("POST", "/rpc/delete_account", {}).status_code == 204
    assert refusal(admin.call("GET", "/products")) == (403, "account_deleted")
    # The person's own account is another one.
    person = uuid.UUID(admin.claims["act"]["sub"])
    assert db.value("select private.is_erased(%s)", person) is False


def test_acting_for_one_organisation_never_shows_the_other(db: Database, member_of):
    first, second, person = make_organisation(db), make_organisation(db), make_user(db)
    for owner in (first, second, person):
        rows.make_pack(db, owner)
        rows.make_notification(db, owner)
        rows.make_subscription(db, owner)
    for organisation in (first, second):
        member = member_of(organisation, "admin", person)
        for table in ("products", "virality_packs", "jobs", "notifications", "subscriptions"):
            found = member.call("GET", f"/{table}", select="user_id").json()
            assert {row["user_id"] for row in found} == {str(organisation)}
        [shown] = member.call("GET", "/accounts").json()
        assert (shown["id"], shown["kind"]) == (str(organisation), "organisation")


def test_a_removed_members_next_request_is_refused(db: Database, member_of):
    organisation = make_organisation(db)
    make_product(db, organisation)
    removed, other = member_of(organisation, "admin"), member_of(organisation, "admin")
    assert removed.call("GET", "/products").status_code == 200
    session_iat, person = removed.claims["session_iat"], removed.claims["act"]["sub"]
    db.execute(REVOKE, session_iat, person)
    for request in (("GET", "/products"), ("POST", "/products", LAMP), ("GET", "/jobs")):
        assert refusal(removed.call(*request)) == (401, "invalid_token")
    assert other.call("GET", "/products").status_code == 200
    # Who is back has a newer session token.
    removed.claims["session_iat"] = session_iat + 1
    assert removed.call("GET", "/products").status_code == 200


def test_a_token_of_nobodys_membership_is_refused(db: Database, member_of, postgrest):
    organisation = make_organisation(db)
    member = member_of(organisation, "admin")
    stranger = Member(postgrest.url, organisation, acting(make_user(db), "admin"))
    assert refusal(stranger.call("GET", "/products")) == (401, "invalid_token")
    for claims in ({"act": {}}, {"act": {"sub": "x"}}, {"act": "x"}, {"session_iat": None}):
        odd = Member(postgrest.url, organisation, member.claims | claims)
        assert refusal(odd.call("GET", "/products")) == (401, "invalid_token")


def test_the_end_of_a_persons_account_ends_their_memberships_at_once(db: Database, member_of):
    organisation = make_organisation(db)
    member = member_of(organisation, "admin")
    person = uuid.UUID(member.claims["act"]["sub"])
    with db.connect("postgres") as holder:
        # Somebody still holds the account's row, so that the erasure can't finish.
        holder.execute("begin; select from public.accounts for key share")
        db.execute("select private.erase_account(%s)", person)
        assert refusal(member.call("GET", "/products")) == (401, "invalid_token")
    with pytest.raises(psycopg.Error, match="account_deleted"):
        db.execute(ENTER, organisation, person, "admin", time.time())


@pytest.fixture
def races(db: Database) -> Iterator[list[psycopg.Connection]]:
    connections = [db.connect("postgres") for _ in range(2)]
    yield connections
    for connection in connections:
        connection.close()


def test_an_exchange_beside_the_end_of_its_person_leaves_no_membership(db: Database, races):
    organisation, person = make_organisation(db), make_user(db)
    exchange, erasure = races
    exchange.execute("begin")
    exchange.execute(ENTER, (organisation, person, "admin", time.time()))
    erasure.execute("set lock_timeout = '1ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        erasure.execute("select private.erase_account(%s)", (person,))
    exchange.execute("commit")
    erasure.execute("select private.erase_account(%s)", (person,))
    assert db.rows("select from private.memberships") == []


def make_members(db: Database, number: int) -> list[uuid.UUID]:
    people = [uuid.uuid4() for _ in range(number)]
    db.make_accounts(*people)
    return people


def enter(db: Database, organisation: uuid.UUID, person: uuid.UUID) -> str:
    """What one exchange ends with, on a connection of its own."""
    try:
        with db.connect("postgres") as connection:
            connection.execute(ENTER, (organisation, person, "editor", time.time()))
    except psycopg.Error as error:
        return json.loads(error.diag.message_primary or "")["code"]
    return "accepted"


def together(db: Database, organisation: uuid.UUID, people: list[uuid.UUID]) -> Counter[str]:
    start = Barrier(len(people))

    def exchange(person: uuid.UUID) -> str:
        start.wait()
        return enter(db, organisation, person)

    with ThreadPoolExecutor(len(people)) as pool:
        return Counter(pool.map(exchange, people))


@pytest.mark.parametrize("needed", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_sql_orders_the_roles_as_the_edge_does(db: Database, role: str, needed: str) -> None:
    organisation, person = make_organisation(db), make_user(db)
    with db.as_user(organisation, **acting(person, role)) as member:
        allowed = member.value("select private.has_role(%s)", needed)
    assert allowed == (ROLES.index(role) >= ROLES.index(needed))


def test_an_unknown_role_may_nothing(db: Database) -> None:
    organisation, person = make_organisation(db), make_user(db)
    with db.as_user(organisation, **acting(person, "owner")) as member:
        may = [member.value("select private.has_role(%s)", role) for role in (*ROLES, "owner")]
    assert may == [False] * 4


REVOKED = "select private.revoke_sessions(%s, %s, to_timestamp(%s), %s)"
TIMES = """
select extract(epoch from revoked_at)::int as revoked,
    extract(epoch from removed_at)::int as removed, extract(epoch from session_at)::int as session
from private.memberships
"""


def test_a_late_revocation_moves_no_time_back(db: Database) -> None:
    organisation, person = make_organisation(db), make_user(db)
    for at, is_removal in ((200, True), (100, True), (150, False)):
        db.execute(REVOKED, organisation, person, at, is_removal)
    assert db.row(TIMES) == {"revoked": 200, "removed": 200, "session": None}


def test_a_late_exchange_moves_no_time_back(db: Database) -> None:
    organisation, person = make_organisation(db), make_user(db)
    db.execute(ENTER, organisation, person, "editor", 300)
    db.execute(ENTER, organisation, person, "editor", 200)  # in the same month
    assert db.row(TIMES)["session"] == 300
    db.execute("update private.memberships set seen_at = seen_at - interval '2 months'")
    db.execute(ENTER, organisation, person, "editor", 200)  # the first of the month
    assert db.row(TIMES)["session"] == 300


@pytest.mark.parametrize("months", [0, 2])
def test_a_refused_exchange_leaves_the_membership_as_it_was(db: Database, months: int) -> None:
    organisation, person = make_organisation(db), make_user(db)
    db.execute(ENTER, organisation, person, "editor", 100)
    db.execute(REVOKED, *(organisation, person, 200, True))
    db.execute(
        "update private.memberships set seen_at = now() - make_interval(months => %s)", months
    )
    before = db.row("select * from private.memberships")
    with pytest.raises(psycopg.Error, match="invalid_token"):
        db.execute(ENTER, organisation, person, "admin", 200)
    assert db.row("select * from private.memberships") == before


SEATS = "select private.used_seats(%s)"


def test_the_second_to_take_a_seat_waits_for_the_first(db: Database, races) -> None:
    organisation, (first, second) = make_organisation(db), make_members(db, 2)
    one, other = races
    one.execute("begin")
    one.execute(ENTER, (organisation, first, "editor", 100))
    other.execute("set lock_timeout = '1ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        other.execute(ENTER, (organisation, second, "editor", 100))
    # Who has a seat waits for nobody.
    one.execute("commit; begin")
    one.execute(ENTER, (organisation, second, "editor", 100))
    other.execute(ENTER, (organisation, first, "editor", 100))
    one.execute("rollback")


def test_a_revocation_beside_an_exchange_is_seen(db: Database, races) -> None:
    organisation, person = make_organisation(db), make_user(db)
    db.execute(ENTER, organisation, person, "editor", 100)
    exchange, revocation = races
    revocation.execute("begin")
    revocation.execute(REVOKED, (organisation, person, 200, True))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(exchange.execute, ENTER, (organisation, person, "editor", 100))
        wait_until_blocked(db, exchange)
        revocation.execute("commit")
        with pytest.raises(psycopg.Error, match="invalid_token"):
            answer.result(PATIENCE_SECONDS)


def test_64_members_at_once_take_exactly_the_seats(db: Database) -> None:
    organisation = make_organisation(db)
    db.execute("update public.plans set seats = 5")
    people = make_members(db, 64)
    assert together(db, organisation, people) == {"accepted": 5, "quota_exceeded": 59}
    assert db.value(SEATS, organisation) == 5
    # Who was counted goes on, however often.
    counted = [row["person_id"] for row in db.rows("select person_id from private.memberships")]
    assert together(db, organisation, counted) == {"accepted": 5}
    with db.as_user(organisation) as member:
        shown = member.value("select seats from public.account()")
    assert shown == {"limit": 5, "used": 5}


def test_64_exchanges_of_one_member_take_one_seat(db: Database) -> None:
    organisation = make_organisation(db)
    [person] = make_members(db, 1)
    assert together(db, organisation, [person] * 64) == {"accepted": 64}
    assert db.value(SEATS, organisation) == 1


def test_seats_are_free_again_in_the_next_month(db: Database) -> None:
    organisation, people = make_organisation(db), make_members(db, 3)
    db.execute("update public.plans set seats = 2")
    assert [enter(db, organisation, person) for person in people] == [
        "accepted", "accepted", "quota_exceeded",
    ]  # fmt: skip
    db.execute("update private.memberships set seen_at = seen_at - interval '1 month'")
    assert enter(db, organisation, people[2]) == "accepted"
    assert db.value(SEATS, organisation) == 1


def test_a_member_keeps_the_seat_in_a_smaller_plan(db: Database) -> None:
    organisation, people = make_organisation(db), make_members(db, 3)
    assert {enter(db, organisation, person) for person in people} == {"accepted"}
    db.execute("update public.plans set seats = 1")
    assert {enter(db, organisation, person) for person in people} == {"accepted"}
    assert enter(db, organisation, *make_members(db, 1)) == "quota_exceeded"


def test_a_larger_plan_has_more_seats(db: Database) -> None:
    organisation = make_organisation(db)
    db.execute("update public.plans set seats = case id when 'agency' then 3 else 1 end")
    people = make_members(db, 4)
    assert [enter(db, organisation, person) for person in people[:2]] == [
        "accepted", "quota_exceeded",
    ]  # fmt: skip
    rows.make_subscription(db, organisation, plan="agency")
    assert [enter(db, organisation, person) for person in people[1:]] == [
        "accepted", "accepted", "quota_exceeded",
    ]  # fmt: skip
