"""`make deploy-check` is green for a whole backend, and red for each thing that is broken."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from werkzeug.serving import make_server

from core.config import TargetSettings, load
from core.database import connect
from core.webhook_secrets import WebhookSecrets, register
from deploy import migrations
from local import stripe
from local.__main__ import main
from local.scratch import free_port
from local.tools import catalogue, deploy_check
from local.tools.deploy_check import CHECKS, Target
from tests.database import Database, make_user
from tests.fakes.clerk import WEBHOOK_SECRET
from tests.postgrest import serve
from tests.server import PLATFORM
from tests.webhooks.edge import signing_jwk
from tests.webhooks.served import edge

NAME = "deploy_check"
NOWHERE = "http://127.0.0.1:1"
ALL = {name for name, *_ in CHECKS}


@dataclass
class Whole:
    """A backend with everything, and what is needed to break it."""

    db: Database
    target: Target
    jwks: str
    folder: Any
    api: dict[str, Any]
    worker: psycopg.Connection

    def failed(self, target: Target | None = None) -> dict[str, str]:
        lines = deploy_check.run(target or self.target)
        assert {line.name for line in lines} == ALL
        return {line.name: line.found for line in lines if line.state == "FAIL"}


def with_history(host: str, port: int) -> Database:
    """A database of its own, made by the image's migrations."""
    superuser = {"host": host, "port": port, "user": "supabase_admin", "autocommit": True}
    with psycopg.connect(dbname="postgres", **superuser) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
        connection.execute(f"create database {NAME}")
    with psycopg.connect(dbname=NAME, **superuser) as connection:
        connection.execute(PLATFORM.read_bytes())
    db = Database(host, port, NAME)
    with connect(db.url("postgres"), application_name="migrations") as owner:
        applied = migrations.apply(owner)
        assert applied == migrations.files()
        assert migrations.apply(owner) == []
    return db


@contextmanager
def served_at(port: int, application: Any) -> Iterator[None]:
    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def api_of(api: dict[str, Any], client: httpx.Client) -> Any:
    """One address for the PostgREST of the moment and the edge; Supabase Auth if `api` has one."""

    def application(environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path == "/auth/v1/settings" and api["auth"] is not None:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(api["auth"]).encode()]
        is_rest = path.startswith("/rest/v1/")
        port = api["rest_port"] if is_rest else api["edge_port"]
        names = ("HTTP_AUTHORIZATION", "HTTP_ACCEPT_PROFILE")
        sent = {name[5:].replace("_", "-"): environ[name] for name in names if name in environ}
        url = f"http://127.0.0.1:{port}{path.removeprefix('/rest/v1')}"
        answer = client.get(url, headers=sent)
        kept = [(n, v) for n, v in answer.headers.items() if n in {"content-type", "server"}]
        start_response(f"{answer.status_code} {answer.reason_phrase}", kept)
        return [answer.content]

    return application


@pytest.fixture(scope="module")
def whole(postgres_server, tmp_path_factory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("target")
    db = with_history(postgres_server.host, postgres_server.port)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    expected = catalogue_of(db)
    with (
        edge(folder, db.url("webhook"), EDGE_ISSUER=url) as served,
        psycopg.connect(db.url("worker"), application_name="worker", autocommit=True) as worker,
    ):
        jwks = folder / "public.json"
        [key] = json.loads((folder / "edge.json").read_text())["keys"]
        public = {name: key[name] for name in key if name != "d"} | {"alg": "ES256"}
        jwks.write_text(json.dumps({"keys": [public]}))
        api = {"rest_port": 0, "edge_port": served.port, "auth": None}
        running = serve(db, folder, jwt_secret=f"@{jwks}", jwt_aud="authenticated")
        api["rest_port"] = int(next(running).url.rpartition(":")[2])
        settings = load(
            TargetSettings,
            api_url=url,
            edge_url=f"http://127.0.0.1:{served.port}",
            db_url=db.url("postgres"),
            worker_db_url=db.url("worker"),
            webhook_db_url=db.url("webhook"),
            edge_issuer=url,
            edge_signing_keys_file=folder / "edge.json",
            clerk_webhook_secrets=WEBHOOK_SECRET,
            stripe_webhook_secrets=stripe.SECRET,
        )
        environment = {
            "WORKER_DB_URL": db.url("worker"),
            "WEBHOOK_DB_URL": db.url("webhook"),
            "EDGE_ISSUER": url,
            "EDGE_SIGNING_KEYS_FILE": str(folder / "edge.json"),
            "CLERK_ISSUER": "https://clerk.test",
            "CLERK_JWKS_URL": "https://clerk.test/jwks",
            "CLERK_AUTHORIZED_PARTIES": "https://app.test",
        }
        target = Target(settings, environment, expected=lambda: expected)
        with httpx.Client(timeout=60) as client, served_at(port, api_of(api, client)):
            whole = Whole(db, target, str(jwks), folder, api, worker)
            yield whole
            whole.worker.close()  # a test replaces it
        running.close()
        target.http.close()
    db.connection.close()


def catalogue_of(db: Database) -> frozenset[str]:
    with connect(db.url("postgres"), application_name="tests") as owner:
        return catalogue.lines(owner)


def test_a_whole_backend_is_green(whole):
    lines = deploy_check.run(whole.target)
    assert {line.name: line.found for line in lines if line.state == "FAIL"} == {}
    unchecked = {line.name for line in lines if line.state == "-"}
    assert unchecked == {"edge metrics", "sign-ups", "webhook keys"}
    assert deploy_check.shown(lines).endswith(f"0 of {len(CHECKS)} checks failed.")


def test_it_writes_no_row(whole):
    tables = "select count(*) from private.{}"
    before = [whole.db.value(tables.format(name)) for name in ("stripe_events", "clerk_events")]
    whole.failed()
    after = [whole.db.value(tables.format(name)) for name in ("stripe_events", "clerk_events")]
    assert before == after == [0, 0]


SQL = [
    ("migrations", "update supabase_migrations.schema_migrations set version = '1'", None),
    (
        "catalogue",
        "grant select on public.products to anon",
        "revoke select on public.products from anon",
    ),
    (
        "catalogue",
        "alter table public.scripts disable row level security",
        "alter table public.scripts enable row level security",
    ),
    (
        "catalogue",
        "grant execute on function private.queue_metrics to webhook",
        "revoke execute on function private.queue_metrics from webhook",
    ),
    (
        "catalogue",
        "alter function private.live_job_states security definer",
        "alter function private.live_job_states security invoker",
    ),
    (
        "catalogue",
        "grant update (user_id) on public.products to authenticated",
        "revoke update (user_id) on public.products from authenticated",
    ),
    (
        "catalogue",
        "create policy everybody on public.products using (true)",
        "drop policy everybody on public.products",
    ),
    (
        "catalogue",
        "create function public.left_over() returns int language sql as 'select 1'",
        "drop function public.left_over()",
    ),
    (
        "catalogue",
        "alter role worker set statement_timeout = '1s'",
        "alter role worker set statement_timeout = '30s'",
    ),
    (
        "queues",
        "update private.queues set is_paused = true where queue = 'billing'",
        "update private.queues set is_paused = false where queue = 'billing'",
    ),
    (
        "queues",
        "update private.schedules set problem = 'no such kind' where name = 'prune_jobs'",
        "update private.schedules set problem = null where name = 'prune_jobs'",
    ),
    (
        "connections",
        "alter role webhook connection limit 3",
        "alter role webhook connection limit -1",
    ),
]


@pytest.mark.parametrize(("line", "broken", "mended"), SQL, ids=[f"{each[1][:48]}" for each in SQL])
def test_a_broken_database_is_red(whole, line, broken, mended):
    version = whole.db.value("select max(version) from supabase_migrations.schema_migrations")
    whole.db.execute(broken)
    try:
        assert set(whole.failed()) == {line}
    finally:
        whole.db.execute(
            mended or f"update supabase_migrations.schema_migrations set version = '{version}'"
        )
    assert whole.failed() == {}


def changed(**settings: Any) -> Callable[[Whole], Target]:
    return lambda whole: replace(
        whole.target, settings=whole.target.settings.model_copy(update=settings)
    )


def secrets(**lists: tuple[str, ...]) -> Callable[[Whole], Target]:
    return changed(**{name: tuple(map(SecretStr, each)) for name, each in lists.items()})


def with_parameter(url: str, parameter: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{parameter}"


def test_a_certificate_that_only_the_processes_have_is_taken_from_the_owners_url(whole):
    def urls(parameters: dict[str, str]) -> Target:
        settings = whole.target.settings
        given = {
            name: SecretStr(
                with_parameter(getattr(settings, name).get_secret_value(), f"sslrootcert={path}")
            )
            for name, path in parameters.items()
        }
        return changed(**given)(whole)

    ours = whole.folder / "ca.crt"
    ours.touch()
    target = urls({"db_url": str(ours), "worker_db_url": "/run/ca/ca.crt"})
    url = deploy_check._from_here(target, target.settings.worker_db_url.get_secret_value())
    assert conninfo_to_dict(url)["sslrootcert"] == str(ours)
    theirs = whole.folder / "other.crt"
    theirs.touch()
    for kept in (str(theirs), "system"):
        target = urls({"db_url": str(ours), "worker_db_url": kept})
        url = target.settings.worker_db_url.get_secret_value()
        assert deploy_check._from_here(target, url) == url


def test_a_file_that_is_not_there_is_named(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["local", "deploy-check", "nowhere/production.env"])
    assert main() == 1
    assert capsys.readouterr().err == "There is no file nowhere/production.env.\n"


def test_the_settings_come_from_the_file_as_they_stand_there(whole, tmp_path, monkeypatch):
    file = tmp_path / "production.env"
    url = with_parameter(whole.db.url("worker"), "sslmode=verify-full&sslrootcert=/run/ca/ca.crt")
    file.write_text(f"WORKER_DB_URL={url}\nEDGE_PUBLIC_URL=https://edge.test\n")
    seen: list[Target] = []
    monkeypatch.setattr(deploy_check, "run", lambda target: seen.append(target) or [])
    monkeypatch.setattr(deploy_check, "shown", lambda _lines: "")
    for name in ("EDGE_URL", "WORKER_DB_URL", "API_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DB_URL", "WEBHOOK_DB_URL"):
        monkeypatch.setenv(name, whole.db.url("postgres"))
    monkeypatch.setenv("API_URL", "https://api.test")
    monkeypatch.setattr(sys, "argv", ["local", "deploy-check", str(file)])
    assert main() == 0
    [target] = seen
    assert target.settings.worker_db_url.get_secret_value() == url
    assert (target.edge, target.rest) == ("https://edge.test", "https://api.test/rest/v1")


def other_key(whole: Whole) -> Target:
    file = whole.folder / "another.json"
    file.write_text(json.dumps({"keys": [signing_jwk("edge-2")]}))
    return changed(edge_signing_keys_file=file)(whole)


def production_here(whole: Whole) -> Target:
    return replace(whole.target, environment={**whole.target.environment, "APP_ENV": "production"})


def webhook_as_worker(whole: Whole) -> Target:
    url = whole.target.settings.webhook_db_url
    return changed(worker_db_url=url)(whole)


def late(whole: Whole) -> Target:
    clock = whole.target.now
    return replace(whole.target, now=lambda: clock() - 10)


TARGETS = [
    ("another issuer", changed(edge_issuer="https://other.test"), {"keys"}),
    ("another signing key", other_key, {"keys", "api keys"}),
    ("no signing key", changed(edge_signing_keys_file=None), {"api keys"}),
    ("another secret of Stripe", secrets(stripe_webhook_secrets=("whsec_x",)), {"stripe webhook"}),
    ("no secret of Stripe", secrets(stripe_webhook_secrets=()), {"stripe webhook"}),
    ("another secret of Clerk", secrets(clerk_webhook_secrets=("whsec_eHh4",)), {"clerk webhook"}),
    ("no secret of Clerk", secrets(clerk_webhook_secrets=()), {"clerk webhook"}),
    ("another login", webhook_as_worker, {"logins"}),
    ("more replicas than connections", changed(worker_replicas=500), {"connections"}),
    (
        "no edge",
        changed(edge_url=NOWHERE),
        {"edge", "keys", "stripe webhook", "clerk webhook", "clocks"},
    ),
    (
        "no API",
        changed(api_url=NOWHERE),
        {"api", "api schemas", "api guard", "api keys", "sign-ups", "clocks"},
    ),
    ("unsafe settings", production_here, {"settings"}),
    ("a clock that is off", late, {"clocks"}),
]


@pytest.mark.parametrize(
    ("change", "lines"), [each[1:] for each in TARGETS], ids=[each[0] for each in TARGETS]
)
def test_a_target_that_does_not_fit_is_red(whole, change, lines):
    assert set(whole.failed(change(whole))) == lines


def foreign_keys(whole: Whole) -> dict[str, str]:
    key = signing_jwk("edge-9")
    file = whole.folder / "foreign.json"
    file.write_text(json.dumps({"keys": [{n: key[n] for n in key if n != "d"}]}))
    return {"jwt_secret": f"@{file}"}


APIS = [
    ("foreign keys", foreign_keys, {"api keys"}),
    ("two schemas", lambda _: {"db_schemas": "public,private"}, {"api schemas"}),
    ("no pre-request", lambda _: {"db_config": "false"}, {"api guard", "api keys"}),
]


@pytest.mark.parametrize(
    ("settings", "lines"), [each[1:] for each in APIS], ids=[each[0] for each in APIS]
)
def test_an_api_that_is_set_otherwise_is_red(whole, tmp_path, settings, lines):
    given = {"jwt_secret": f"@{whole.jwks}", "jwt_aud": "authenticated"} | settings(whole)
    running = serve(whole.db, tmp_path, **given)
    usual = whole.api["rest_port"]
    whole.api["rest_port"] = int(next(running).url.rpartition(":")[2])
    try:
        assert set(whole.failed()) == lines
    finally:
        whole.api["rest_port"] = usual
        running.close()


AUTH = [({"disable_signup": True}, set()), ({"disable_signup": False}, {"sign-ups"})]


@pytest.mark.parametrize(("auth", "lines"), AUTH, ids=["off", "on"])
def test_sign_ups_at_supabase_auth_must_be_off(whole, auth, lines):
    whole.api["auth"] = auth
    try:
        assert set(whole.failed()) == lines
    finally:
        whole.api["auth"] = None


def test_webhooks_without_their_key_are_red(whole):
    line = {"webhook keys"}
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    user = make_user(whole.db)
    with whole.db.as_user(user) as owner:
        endpoint = owner.value(
            "insert into public.webhook_endpoints (url) values ('https://a.example/in')"
            " returning id"
        )
    try:
        assert set(whole.failed()) == line
        both = secrets(webhook_secret_keys=tuple(keys))(whole)
        assert set(whole.failed(both)) == line
        register(whole.db.connection, WebhookSecrets(keys).newest)
        assert whole.failed(both) == {}
        with whole.db.as_user(user) as owner:
            owner.execute("select public.rotate_webhook_secret(%s)", endpoint)
        assert whole.failed(both) == {}
        register(whole.db.connection, WebhookSecrets(keys[1:]).newest)
        [found] = whole.failed(secrets(webhook_secret_keys=(keys[1],))(whole)).values()
        assert "lacks" in found
    finally:
        whole.db.execute("delete from private.endpoint_secrets")
        whole.db.execute("delete from public.webhook_endpoints")
        whole.db.execute("delete from private.endpoint_keys")


def test_no_worker_is_red(whole):
    whole.worker.close()
    try:
        assert whole.failed() == {"workers": "no worker is connected"}
    finally:
        url = whole.db.url("worker")
        whole.worker = psycopg.connect(url, application_name="worker", autocommit=True)


OLD = [("OLDEST_POSTGRESQL", 990000, "database"), ("OLDEST_PGMQ", (99,), "database")]
OLD += [("OLDEST_POSTGREST", (99,), "api")]


@pytest.mark.parametrize(("name", "oldest", "line"), OLD, ids=[each[0] for each in OLD])
def test_an_old_version_is_red(whole, monkeypatch, name, oldest, line):
    monkeypatch.setattr(deploy_check, name, oldest)
    assert set(whole.failed()) == {line}


def test_metrics_that_the_internet_can_read_are_red(whole, monkeypatch):
    monkeypatch.setattr(Target, "is_here", property(lambda _self: False))
    assert set(whole.failed()) == {"edge metrics", "settings"}


def test_every_red_line_says_what_to_do(whole):
    lines = deploy_check.run(changed(edge_url=NOWHERE, api_url=NOWHERE)(whole))
    table = deploy_check.shown(lines)
    advice = {line.advice for line in lines if line.state == "FAIL"}
    assert len(advice) > 8
    assert [each for each in advice if f"→ {each}" not in table] == []
    assert [each for _, _, each in CHECKS if not each] == []
