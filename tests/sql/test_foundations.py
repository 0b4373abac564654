"""What every request meets first: who may come in at all, and how errors look."""

from __future__ import annotations

import json
import re
import time

import psycopg
import pytest

from local.profiles import HOSTED
from tests.database import Database, Session, make_user, user_claims
from tests.server import PROFILE, SCHEMAS

BEFORE_REQUEST = "select private.before_request()"
INVALID_TOKEN = {
    "status": 401,
    "headers": {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    "code": "invalid_token",
    "message": "This access token lacks an expiry, a subject or our audience, or lives too long.",
    "details": None,
    "hint": None,
}
NOT_SIGNED_IN = {
    "status": 401,
    "headers": {"WWW-Authenticate": "Bearer"},
    "code": "not_signed_in",
    "message": "Sign in first: this needs an access token.",
    "details": None,
    "hint": None,
}
WRONG_CLAIMS = [
    {"exp": None},
    {"exp": "2100-01-01"},
    {"aud": None},
    {"aud": ""},
    {"aud": []},
    {"aud": [""]},
    {"aud": "anon"},
    {"aud": "Authenticated"},
    {"aud": ["authenticated", "elsewhere"]},
    {"aud": [["authenticated"]]},
    {"aud": {"authenticated": "authenticated"}},
    {"sub": None},
    {"sub": ""},
    {"sub": "alice"},
    {"sub": 7},
    {"iat": None},
    {"iat": "2026-01-01"},
    # PostgREST remembers a token until it expires, whatever becomes of its key.
    {"iat": 0},
    {"exp": 4_102_444_800},
]


def refusal(session: Session, query: str) -> dict[str, object]:
    with pytest.raises(psycopg.Error) as refused:
        session.execute(query)
    diagnostics = refused.value.diag
    assert diagnostics.sqlstate == "PGRST", refused.value
    return json.loads(diagnostics.message_detail) | json.loads(diagnostics.message_primary)


def set_claims(session: Session, claims: dict[str, object] | None) -> None:
    text = json.dumps(claims) if claims is not None else ""
    session.execute("select set_config('request.jwt.claims', %s, true)", text)


def set_request(session: Session, request_line: str) -> None:
    method, path = request_line.split(" ")
    session.execute("select set_config('request.method', %s, true)", method)
    session.execute("select set_config('request.path', %s, true)", path)


@pytest.mark.parametrize(
    "request_line",
    ["GET /products", "GET /", "POST /rpc/run_analysis", "GET /plans/", "POST /plans", "GET "],
)
def test_strangers_are_asked_to_sign_in(db: Database, request_line: str):
    with db.acting_as("anon") as anon:
        set_request(anon, request_line)
        assert refusal(anon, BEFORE_REQUEST) == NOT_SIGNED_IN
        anon.connection.execute("rollback; begin")


def test_strangers_are_asked_to_sign_in_where_the_request_is_unknown(db: Database):
    with db.acting_as("anon") as anon:
        assert refusal(anon, BEFORE_REQUEST) == NOT_SIGNED_IN
        anon.connection.execute("rollback; begin")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_strangers_may_see_the_plans(db: Database, method: str):
    with db.acting_as("anon") as anon:
        set_request(anon, f"{method} /plans")
        assert anon.execute(BEFORE_REQUEST) == 1


@pytest.mark.parametrize("audience", ["authenticated", ["authenticated"]], ids=str)
def test_a_complete_token_comes_in(db: Database, audience: object):
    user_id = make_user(db)
    with db.as_user(user_id, aud=audience) as user:
        assert user.execute(BEFORE_REQUEST) == 1


def test_a_token_that_lacks_what_we_check_stays_out(db: Database):
    for wrong in WRONG_CLAIMS:
        left_out = {name for name, value in wrong.items() if value is None}
        claims = {
            name: value
            for name, value in (user_claims(make_user(db)) | wrong).items()
            if name not in left_out
        }
        assert (wrong, refused(db, claims)) == (wrong, INVALID_TOKEN)


def refused(db: Database, claims: dict[str, object] | None) -> dict[str, object]:
    with db.acting_as("authenticated") as user:
        set_claims(user, claims)
        answer = refusal(user, BEFORE_REQUEST)
        user.connection.execute("rollback; begin")
        return answer


@pytest.mark.parametrize("claims", [None, {}], ids=["no claims", "empty claims"])
def test_the_role_alone_is_no_token(db: Database, claims: dict[str, object] | None):
    assert refused(db, claims) == INVALID_TOKEN


def test_a_null_expiry_is_none(db: Database):
    claims = user_claims(make_user(db)) | {"exp": None}
    assert refused(db, claims) == INVALID_TOKEN


def test_the_service_comes_in_without_audience_and_expiry(db: Database):
    with db.acting_as("service_role") as service:
        assert service.execute(BEFORE_REQUEST) == 1


def test_the_check_writes_nothing_so_it_runs_in_read_only_requests(db: Database):
    user_id = make_user(db)
    with db.as_user(user_id) as user:
        user.execute("set transaction read only")
        assert user.execute(BEFORE_REQUEST) == 1


def test_an_error_carries_status_headers_and_text_details(db: Database):
    query = (
        "select private.fail(402, 'quota_exceeded', 'No more.', '{\"limit\": 5}', '{\"A\": \"b\"}')"
    )
    assert refusal(db, query) == {
        "status": 402,
        "headers": {"A": "b"},
        "code": "quota_exceeded",
        "message": "No more.",
        "details": '{"limit": 5}',
        "hint": None,
    }


def test_a_change_moves_updated_at_and_nothing_else(db: Database):
    db.execute("create table public.notes (text text, updated_at timestamptz default '2020-01-01')")
    db.execute(
        "create trigger notes_10_touch before update on public.notes"
        " for each row execute function private.touch_updated_at()"
    )
    db.execute("insert into public.notes (text) values ('a')")
    started = time.time()
    db.execute("update public.notes set text = 'b', updated_at = '2021-01-01'")
    note = db.row("select * from public.notes")
    assert note["text"] == "b"
    assert note["updated_at"].timestamp() >= started - 1


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (
            "worker",
            [
                "idle_in_transaction_session_timeout=15s",
                "lock_timeout=10s",
                "statement_timeout=30s",
            ],
        ),
        (
            "webhook",
            ["idle_in_transaction_session_timeout=5s", "lock_timeout=3s", "statement_timeout=5s"],
        ),
        (
            "authenticator",
            [
                *(["lock_timeout=8s"] if PROFILE is HOSTED else []),
                "pgrst.db_pre_request=private.before_request",
                "plan_cache_mode=force_generic_plan",
                "statement_timeout=8s",
            ],
        ),
    ],
)
def test_logins_have_limits(db: Database, role: str, expected: list[str]):
    query = "select unnest(rolconfig) as setting from pg_roles where rolname = %s order by 1"
    assert [row["setting"] for row in db.rows(query, role)] == expected


def test_the_planners_setting_is_no_condition(db: Database):
    """Without the admin option of authenticator, the rest of the migration stands."""
    [file] = SCHEMAS.glob("*_before_request.sql")
    [block] = re.findall(r"^do \$\$\n(?:(?!^\$\$).*\n)*\$\$;", file.read_text(), re.MULTILINE)
    with db.as_superuser() as session:
        session.execute("revoke authenticator from postgres")
        session.execute("set local role postgres")
        session.execute(block)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("alter role authenticator set plan_cache_mode = 'auto'")
        session.connection.execute("rollback; begin")


def test_our_logins_can_do_nothing_beyond_logging_in(db: Database):
    assert db.rows(
        "select rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,"
        " rolreplication, rolbypassrls from pg_roles where rolname in ('worker', 'webhook')"
        " order by rolname"
    ) == [
        {
            "rolname": login,
            "rolsuper": False,
            "rolinherit": False,
            "rolcreaterole": False,
            "rolcreatedb": False,
            "rolcanlogin": True,
            "rolreplication": False,
            "rolbypassrls": False,
        }
        for login in ("webhook", "worker")
    ]


def test_operators_see_since_when_other_sessions_have_been_busy(db: Database):
    with db.connect("worker") as worker, worker.transaction():
        worker.execute("select 1")
        query = "select xact_start is not null from pg_stat_activity where pid = %s"
        assert db.value(query, worker.info.backend_pid)
