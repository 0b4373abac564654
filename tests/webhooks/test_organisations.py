"""Members act for their organisation: whose account, in which role, in how many seats."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from threading import Barrier
from typing import Any

import pytest

from core.config import ROLES, EdgeSettings
from tests.fakes import clerk
from tests.patience import PATIENCE_SECONDS
from tests.webhooks.edge import Edge, running
from tests.webhooks.test_session import claims_of
from webhooks.accounts import new_account_id

MEMBERS = "select person_id, role from private.memberships where user_id = %s"


def member(organisation: str = "org_acme", role: str = "member") -> dict[str, Any]:
    return {"o": {"id": organisation, "rol": role}}


def account_id(subject: str) -> str:
    return str(new_account_id(clerk.ISSUER, subject))


def test_a_member_acts_for_the_account_of_the_organisation(edge: Edge, db):
    answer = edge.session(**member())
    assert answer.json["user"] == {"id": account_id("user_alice")}
    assert answer.json["account"] == {
        "id": account_id("org_acme"), "kind": "organisation", "role": "editor",
    }  # fmt: skip
    claims = claims_of(edge, answer.json["access_token"])
    assert claims["sub"] == account_id("org_acme")
    assert claims["act"] == {"sub": account_id("user_alice")}
    assert (claims["account_role"], claims["session_iat"]) == ("editor", edge.now)
    assert db.rows("select id::text, kind from public.accounts order by kind") == [
        {"id": account_id("org_acme"), "kind": "organisation"},
        {"id": account_id("user_alice"), "kind": "person"},
    ]


def test_without_an_organisation_the_person_acts_for_their_own_account(edge: Edge, db):
    edge.session(**member())
    answer = edge.session()
    assert answer.json["account"] == {
        "id": account_id("user_alice"), "kind": "person", "role": "admin",
    }  # fmt: skip
    claims = claims_of(edge, answer.json["access_token"])
    assert (claims["sub"], "act" in claims) == (account_id("user_alice"), False)


def test_both_versions_of_clerks_claims_name_the_same_member(edge: Edge):
    first = edge.session(v=..., org_id="org_acme", org_role="org:admin")
    second = edge.session(**member(role="admin"))
    assert first.json["account"] == second.json["account"]
    assert first.json["account"]["role"] == "admin"


@pytest.mark.parametrize(
    ("clerks", "ours"),
    [("admin", "admin"), ("member", "editor"), ("viewer", "viewer"), ("owner", "viewer")],
)
def test_clerks_roles_become_ours_and_unknown_ones_viewers(edge: Edge, db, clerks, ours):
    assert edge.session(**member(role=clerks)).json["account"]["role"] == ours
    assert db.value("select role from private.memberships") == ours


def test_a_member_without_a_role_is_a_viewer(edge: Edge):
    assert edge.session(o={"id": "org_acme"}).json["account"]["role"] == "viewer"


def test_a_setting_maps_the_roles(settings: EdgeSettings):
    changed = EdgeSettings(**(settings.model_dump() | {"clerk_roles": "owner=admin"}))
    for edge in running(changed):
        assert edge.session(**member(role="owner")).json["account"]["role"] == "admin"
        assert edge.session(**member(role="admin")).json["account"]["role"] == "viewer"


@pytest.mark.parametrize("roles", ["owner", "owner=boss", "=admin"])
def test_a_setting_of_another_form_stops_the_start(settings: EdgeSettings, roles):
    with pytest.raises(ValueError, match="CLERK_ROLES"):
        EdgeSettings(**(settings.model_dump() | {"clerk_roles": roles}))


def test_members_see_who_acts_for_their_organisation(edge: Edge, db):
    edge.session(**member(role="admin"))
    edge.session("user_bob", **member())
    edge.session("user_carol", **member("org_other"))
    shown = "select person_id::text, role from public.members()"
    with db.as_user(account_id("org_acme"), act={"sub": account_id("user_bob")}) as bob:
        assert {(row["person_id"], row["role"]) for row in bob.rows(shown)} == {
            (account_id("user_alice"), "admin"), (account_id("user_bob"), "editor"),
        }  # fmt: skip
    with db.as_user(account_id("user_bob")) as own:
        assert own.rows(shown) == []


def test_a_deleted_person_acts_for_nobody(edge: Edge, db):
    edge.session(**member())
    edge.session("user_bob", **member())
    edge.tell({"type": "user.deleted", "data": {"id": "user_alice"}})
    assert edge.session(**member()).json["code"] == "account_deleted"
    assert db.rows(MEMBERS, uuid.UUID(account_id("org_acme"))) == [
        {"person_id": uuid.UUID(account_id("user_bob")), "role": "editor"}
    ]


ROUTES = [
    ("POST", "/subscriptions/create", "admin"),
    ("POST", "/subscriptions/portal", "admin"),
    ("POST", "/subscriptions/sync", "admin"),
    ("POST", "/tiktok/connect", "editor"),
    ("DELETE", "/tiktok/connect", "editor"),
    ("POST", "/tiktok/callback", "editor"),
]


@pytest.mark.parametrize(("method", "path", "needed"), ROUTES)
def test_a_route_asks_for_a_role_with_either_token(edge: Edge, method, path, needed):
    for role, ours in (("viewer", "viewer"), ("member", "editor"), ("admin", "admin")):
        clerks = edge.bearer(**member(role=role))
        own = {"Authorization": f"Bearer {edge.session(**member(role=role)).json['access_token']}"}
        for bearer in (clerks, own):
            answer = edge.client.open(path, method=method, headers=bearer, json={"plan": "creator"})
            is_refused = answer.status_code == 403 and answer.json["code"] == "role_not_allowed"
            assert is_refused == (ROLES.index(ours) < ROLES.index(needed)), (role, answer.json)


def test_a_token_of_ours_ends_with_the_membership(edge: Edge, db):
    token = edge.session(**member(role="admin")).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    path = "/subscriptions/sync"
    assert edge.client.post(path, headers=bearer).json["code"] == "billing_not_configured"
    db.execute("update private.memberships set revoked_at = to_timestamp(%s)", edge.now)
    assert edge.client.post(path, headers=bearer).json["code"] == "invalid_token"
    assert edge.session(**member()).json["code"] == "invalid_token"
    edge.now += 1
    assert edge.session(**member()).status_code == 200


REMOVED, CHANGED = "organizationMembership.deleted", "organizationMembership.updated"


def membership(
    kind: str, at: float, user: str = "user_alice", organisation: str = "org_acme"
) -> dict[str, Any]:
    """An event as Clerk documents it, as far as we read it."""
    data = {"organization": {"id": organisation}, "public_user_data": {"user_id": user}}
    return {"type": kind, "object": "event", "timestamp": int(at * 1000), "data": data}


@pytest.mark.parametrize("kind", [REMOVED, CHANGED])
def test_a_changed_membership_ends_session_tokens_from_before(edge: Edge, db, kind):
    assert edge.session(**member()).status_code == 200
    assert edge.tell(membership(kind, edge.now + 0.5)).status_code == 200
    assert edge.session(**member()).json["code"] == "invalid_token"
    # Another organisation, the person's own account and another member go on.
    assert edge.session(**member("org_other")).status_code == 200
    assert edge.session().status_code == 200
    assert edge.session("user_bob", **member()).status_code == 200
    edge.now += 1
    assert edge.session(**member(role="viewer")).json["account"]["role"] == "viewer"


def test_a_token_that_was_exchanged_after_the_removal_ends_too(edge: Edge, db):
    """The session token is from before; our own token's `iat` is from after."""
    bearer = edge.bearer(**member())
    edge.now += 50
    token = edge.client.post("/auth/session", headers=bearer).json["access_token"]
    edge.tell(membership(REMOVED, edge.now - 20))
    claims = claims_of(edge, token)
    assert claims["iat"] > edge.now - 20 > claims["session_iat"]
    own = {"Authorization": f"Bearer {token}"}
    assert edge.client.post("/subscriptions/sync", headers=own).json["code"] == "invalid_token"


def test_a_removal_before_the_first_exchange_counts(edge: Edge, db):
    edge.tell(membership(REMOVED, edge.now))
    assert edge.session(**member()).json["code"] == "invalid_token"
    with db.as_user(account_id("org_acme")) as organisation:
        assert organisation.rows("select * from public.members()") == []


def test_a_removed_member_is_no_longer_listed_until_they_are_back(edge: Edge, db):
    shown = "select role from public.members()"
    edge.session(**member())
    edge.tell(membership(REMOVED, edge.now))
    with db.as_user(account_id("org_acme")) as organisation:
        assert organisation.rows(shown) == []
    edge.now += 1
    edge.session(**member(role="viewer"))
    with db.as_user(account_id("org_acme")) as organisation:
        assert organisation.rows(shown) == [{"role": "viewer"}]


def test_a_deleted_organisation_is_erased_and_its_members_are_not(edge: Edge, db):
    edge.session(**member())
    edge.tell({"type": "organization.deleted", "data": {"id": "org_acme", "deleted": True}})
    assert edge.session(**member()).json["code"] == "account_deleted"
    assert edge.session().status_code == 200
    assert db.rows("select id::text from public.accounts") == [{"id": account_id("user_alice")}]
    assert db.rows("select from private.memberships") == []


ODD_DATA = [
    None, [], {}, {"organization": {"id": "org_acme"}}, {"organization": "org_acme"},
    {"organization": {"id": "user_alice"}, "public_user_data": {"user_id": "user_alice"}},
    {"organization": {"id": "org_acme"}, "public_user_data": {"user_id": None}},
]  # fmt: skip


@pytest.mark.parametrize("data", ODD_DATA, ids=str)
def test_a_membership_event_that_names_nobody_ends_nothing(edge: Edge, db, data):
    edge.session(**member())
    assert edge.tell({"type": REMOVED, "data": data}).status_code == 200
    assert edge.session(**member()).status_code == 200
    assert db.rows("select outcome from private.clerk_events") == [{"outcome": "ignored"}]


@pytest.mark.parametrize("timestamp", [None, "1", True, -1, 10**30, 1.5])
def test_an_event_without_a_usable_time_counts_from_when_it_was_sent(edge: Edge, timestamp):
    edge.session(**member())
    edge.tell(membership(REMOVED, 0) | {"timestamp": timestamp})
    assert edge.session(**member()).json["code"] == "invalid_token"
    edge.now += 2
    assert edge.session(**member()).status_code == 200


@dataclass
class Life:
    """What happens to a member at Clerk, and how it ends."""

    events: list[dict[str, Any]]
    revoked_at: int
    is_erased: bool


def life(chance: random.Random, number: int, now: int) -> Life:
    user, organisation = f"user_{number}", f"org_{number}"
    kinds = [chance.choice([REMOVED, CHANGED]) for _ in range(chance.randint(1, 5))]
    times = sorted(chance.sample(range(now - 100, now), len(kinds)))
    events = [
        membership(kind, at, user, organisation) for kind, at in zip(kinds, times, strict=True)
    ]
    end = chance.choice(
        [None, None, ("user.deleted", user), ("organization.deleted", organisation)]
    )
    if end:
        events.append({"type": end[0], "timestamp": now * 1000, "data": {"id": end[1]}})
    return Life(events, times[-1], end is not None)


def shuffled(chance: random.Random, events: list[Any], ids: Iterator[int]) -> list[tuple[str, Any]]:
    """Each event once or more, any order; a copy has the same id, or is told as another message."""
    told = [(f"msg_{next(ids)}", event) for event in events]
    copies = [chance.choice(told) for _ in range(chance.randint(0, 4))]
    again = [(f"msg_{next(ids)}", event) for _, event in copies[:1]]
    chance.shuffle(all_ := told + copies + again)
    return all_


def test_events_that_come_doubled_and_in_any_order_end_right(edge: Edge, db):
    """300 lives, each with its own shuffle; half of the members sign in before, half after."""
    chance, ids, lives = random.Random(1), count(), []
    for number in range(300):
        one = life(chance, number, edge.now)
        if number % 2:
            early = edge.session(f"user_{number}", iat=edge.now - 200, **member(f"org_{number}"))
            assert early.status_code == 200
        for message_id, event in shuffled(chance, one.events, ids):
            assert edge.tell(event, message_id=message_id).status_code == 200
        lives.append(one)
    for number, one in enumerate(lives):
        for late, code in ((0, 401), (1, 200)):
            claims = member(f"org_{number}") | {"iat": one.revoked_at + late}
            answer = edge.session(f"user_{number}", **claims)
            assert answer.status_code == (403 if one.is_erased else code), (number, one)
    kept = db.value("select count(*) from private.memberships")
    assert kept == sum(not one.is_erased for one in lives)


def test_64_exchanges_at_once_take_exactly_the_seats(edge: Edge, db):
    """Sixty-four people of one organisation sign in at the same moment, five may."""
    db.execute("update public.plans set seats = 5")
    bearers = [edge.bearer(f"user_{number}", **member("org_full")) for number in range(64)]
    at_once = Barrier(64)

    def exchange(bearer: dict[str, str]) -> tuple[int, str]:
        at_once.wait(PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = edge.app.test_client().post("/auth/session", headers=bearer)
            # Where the machine is busy, some wait too long for a connection, and are told so.
            is_busy = answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            if not is_busy or time.monotonic() > deadline:
                return answer.status_code, answer.json.get("code", "")
            time.sleep(int(answer.headers["Retry-After"]))

    with ThreadPoolExecutor(64) as people:
        answers = Counter(people.map(exchange, bearers))
    assert answers == {(200, ""): 5, (402, "quota_exceeded"): 59}
    assert db.value("select count(*) from private.memberships where seen_at is not null") == 5
