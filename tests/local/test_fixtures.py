"""The fixtures themselves: each acts as the role that it says."""

from __future__ import annotations

import socket
import uuid

import pytest

from tests.database import Database, make_user
from tests.network import NetworkUsedError
from tests.postgrest import RunningPostgrest


def test_a_user_session_has_the_role_and_identity_of_its_user(db: Database):
    user_id = uuid.uuid4()
    with db.as_user(user_id) as user:
        assert user.row("select current_user::text as role, auth.uid() as id") == {
            "role": "authenticated",
            "id": user_id,
        }


def test_migrations_are_owned_by_the_non_superuser(db: Database):
    assert db.row(
        "select r.rolname, r.rolsuper from pg_class as c join pg_roles as r on r.oid = c.relowner"
        " where c.oid = 'public.jobs'::regclass"
    ) == {"rolname": "postgres", "rolsuper": False}


def test_logins_have_their_own_roles(db: Database):
    with db.as_worker() as worker, db.as_webhook() as webhook:
        assert [s.value("select current_user::text") for s in (worker, webhook)] == [
            "worker",
            "webhook",
        ]


def test_postgrest_answers_a_signed_in_user(db: Database, postgrest: RunningPostgrest):
    assert postgrest.as_user(make_user(db)).from_("jobs").select("*").execute().data == []


def test_tests_cannot_reach_the_network():
    with socket.socket() as outside, pytest.raises(NetworkUsedError, match=r"203\.0\.113\.1"):
        outside.connect(("203.0.113.1", 80))
