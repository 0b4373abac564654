"""Members act for their organisation: whose account, in which role, in how many seats."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from core.config import ROLES, EdgeSettings
from tests.fakes import clerk
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
