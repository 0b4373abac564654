"""The fixtures themselves: each acts as the role that it says."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path

import httpx
import pytest

from tests.database import Database, UnfilteredChangeError, make_user
from tests.network import NetworkUsedError
from tests.postgrest import RunningPostgrest, serve


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


@pytest.mark.parametrize("login", ["a user's session", "authenticator"])
@pytest.mark.parametrize("change", ["update public.jobs set stage = 'a'", "DELETE FROM jobs"])
def test_a_statement_of_the_api_names_its_rows(db: Database, login: str, change: str):
    act = db.connect(login) if login == "authenticator" else db.as_user(uuid.uuid4())
    with pytest.raises(UnfilteredChangeError, match=change), act as session:
        session.execute(f"select 1 where true; {change}")


def test_a_request_to_postgrest_names_its_rows(db: Database, tmp_path: Path):
    paths = ["/products", "/products?select=id&limit=1&order=id", "/products?jobs.id=eq.1"]
    lifetime = serve(db, tmp_path)
    url = next(lifetime).url
    for path in [*paths, "/products?select=id&id=eq.1", "/products?or=(name.eq.a,name.eq.b)"]:
        httpx.patch(url + path, json={})
        httpx.delete(url + path)
    with pytest.raises(UnfilteredChangeError) as refused:
        next(lifetime)
    assert refused.value.args == tuple(f"{m} {path}" for path in paths for m in ("PATCH", "DELETE"))
