"""What holds for every route: declared auth, problems, headers, ids, limits, health, settings."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from core.config import EdgeSettings
from tests.fakes.clerk import ORIGIN
from tests.webhooks.edge import NOW, make_settings, running

AUTH = {
    "/auth/session": "clerk_session",
    "/subscriptions/create": "signed_in",
    "/subscriptions/portal": "signed_in",
    "/subscriptions/sync": "signed_in",
    "/subscriptions/webhook": "stripe_signature",
    "/clerk/webhook": "svix_signature",
    "/apify/webhook": "run_secret",
    "/tiktok/connect": "signed_in",
    "/tiktok/callback": "signed_in",
    "/.well-known/jwks.json": "public",
    "/.well-known/openid-configuration": "public",
    "/healthz": "public",
    "/readyz": "public",
    "/metrics": "public",
}

NOWHERE = "postgresql://nobody@127.0.0.1:1/none?sslmode=verify-full"


def test_every_route_declares_who_may_call_it(stateless_edge):
    app = stateless_edge.app
    declared = {
        rule.rule: getattr(app.view_functions[rule.endpoint], "auth", None)
        for rule in app.url_map.iter_rules()
    }
    assert {route: auth for route, auth in declared.items() if auth is None} == {}
    assert {route: declared.get(route) for route in AUTH} == AUTH


PROBLEMS = [
    ("GET", "/nowhere", 404, "not_found"),
    ("GET", "/auth/session", 405, "method_not_allowed"),
    ("DELETE", "/healthz", 405, "method_not_allowed"),
    ("POST", "/auth/session", 401, "invalid_token"),
    ("POST", "/subscriptions/webhook", 400, "invalid_signature"),
    ("POST", "/clerk/webhook", 400, "invalid_signature"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), PROBLEMS)
def test_every_error_is_a_problem_document(stateless_edge, method, path, status, code):
    answer = stateless_edge.client.open(path, method=method, headers={"X-Request-Id": "test-0001"})
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": f"urn:creatorscook:problem:{code}",
        "title": answer.json["title"],
        "status": status,
        "code": code,
        "detail": answer.json["detail"],
        "instance": "test-0001",
    }
    assert answer.status_code == status


def test_a_bug_is_a_problem_document_and_says_nothing(stateless_edge, monkeypatch, capsys):
    edge = stateless_edge.app.edge
    monkeypatch.setattr(type(edge.token_issuer), "keys", property(lambda _: {}["secret-detail"]))
    answer = stateless_edge.client.get("/.well-known/jwks.json")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret-detail" not in answer.text
    assert "unhandled_error" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/auth/session"])
def test_every_answer_carries_the_security_headers(stateless_edge, path):
    headers = stateless_edge.client.get(path, base_url="https://edge.example.test").headers
    expected = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Strict-Transport-Security": "max-age=31536000",
    }
    assert {name: headers.get(name) for name in expected} == expected
    assert "Server" not in headers


@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 65, "a b c d e f", 'id"with<quotes>', "é" * 9]
)
def test_a_strange_request_id_is_replaced(stateless_edge, offered):
    environ = {"HTTP_X_REQUEST_ID": offered}
    answer = stateless_edge.client.get("/healthz", environ_overrides=environ)
    assert len(answer.headers["X-Request-Id"]) == 36


def test_a_request_id_of_ours_is_kept(stateless_edge):
    answer = stateless_edge.client.get("/healthz", headers={"X-Request-Id": "abc-DEF_123"})
    assert answer.headers["X-Request-Id"] == "abc-DEF_123"


def test_our_frontends_may_call_from_a_browser(stateless_edge):
    preflight = stateless_edge.client.options(
        "/auth/session", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    )
    allowed = {k: v for k, v in preflight.headers.items() if k.startswith("Access-Control")}
    assert preflight.status_code == 204
    assert allowed == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Expose-Headers": "Retry-After, X-Request-Id",
        "Access-Control-Allow-Methods": "POST, GET, DELETE",
        "Access-Control-Allow-Headers": "authorization, content-type, x-request-id",
        "Access-Control-Max-Age": "600",
    }


CANARY = "canary"
ON_THIS_MACHINE = ["http://localhost:5173", "http://127.0.0.1:3001", "http://[::1]:4321"]


@pytest.mark.parametrize("origin", ON_THIS_MACHINE)
def test_in_development_every_server_of_this_machine_is_a_frontend(edge, tmp_path, origin):
    answer = edge.client.post("/auth/session", headers=edge.bearer(azp=origin) | {"Origin": origin})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
    production = {
        "app_env": "production",
        "app_url": "https://app.example.test",
        "stripe_secret_key": "sk_live_1",
    }
    for strict in running(make_settings(NOWHERE, tmp_path, **production)):
        refused = strict.client.post(
            "/auth/session", headers=strict.bearer(azp=origin) | {"Origin": origin}
        )
        assert refused.status_code == 401
        assert "Access-Control-Allow-Origin" not in refused.headers


FOREIGN = [
    ("/auth/session", "https://evil.example"),
    ("/auth/session", ORIGIN + ".evil.example"),
    ("/auth/session", "null"),
    ("/auth/session", "http://localhost:5173.evil.example"),
    ("/auth/session", "http://localhost.evil.example:5173"),
    ("/auth/session", "http://evil.example#http://localhost:5173"),
    ("/auth/session", "https://localhost:5173"),
    ("/subscriptions/create", ORIGIN.upper()),
    ("/clerk/webhook", ORIGIN),
    ("/healthz", ORIGIN),
]


@pytest.mark.parametrize(("path", "origin"), FOREIGN)
def test_nobody_else_may(stateless_edge, path, origin):
    for method in ("OPTIONS", "POST"):
        answer = stateless_edge.client.open(path, method=method, headers={"Origin": origin})
        assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []


def test_answers_to_frontends_vary_by_origin(stateless_edge):
    assert "Origin" in stateless_edge.client.post("/auth/session").headers["Vary"]


@pytest.mark.parametrize("path", ["/subscriptions/webhook", "/clerk/webhook"])
def test_a_body_over_a_megabyte_is_not_read(stateless_edge, path):
    answer = stateless_edge.client.post(path, data=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_the_exchange_takes_no_body(stateless_edge):
    answer = stateless_edge.client.post(
        "/auth/session", data=b"{}", headers=stateless_edge.bearer()
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


SCHEMES = [
    "Basic {}",
    "{}",
    "Token {}",
    "Bearer",
    "Bearer ",
    "Bearer {} {}",
    "Bearer {}, Bearer {}",
]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_one_bearer_token_counts(stateless_edge, scheme):
    token = stateless_edge.clerk.token(NOW)
    header = scheme.replace("{}", token)
    answer = stateless_edge.client.post("/auth/session", headers={"Authorization": header})
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")


def test_a_cookie_is_no_sign_in(stateless_edge):
    stateless_edge.client.set_cookie("__session", stateless_edge.clerk.token(NOW))
    assert stateless_edge.client.post("/auth/session").status_code == 401
    stateless_edge.client.delete_cookie("__session")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_may_be_written_in_any_case(edge, scheme):
    header = {"Authorization": f"{scheme} {edge.clerk.token(NOW)}"}
    assert edge.client.post("/auth/session", headers=header).status_code == 200


def test_a_database_that_is_gone_is_told_with_a_hint(stateless_edge):
    answer = stateless_edge.session()
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"


def test_alive_is_not_ready(stateless_edge):
    alive, ready = (stateless_edge.client.get(path) for path in ("/healthz", "/readyz"))
    assert (alive.status_code, alive.json) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json["detail"]) == (503, "Not ready: database.")


def test_ready_with_a_database_and_keys(edge):
    answer = edge.client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_too_many_refused_tokens_have_to_wait_but_good_ones_pass(edge):
    edge.app.edge.settings.__dict__["refusals_per_minute"] = 2
    refused = [edge.client.post("/auth/session").status_code for _ in range(4)]
    assert refused == [401, 401, 429, 429]
    assert edge.session().status_code == 200


def test_one_person_cannot_ask_for_tokens_without_end(edge):
    edge.app.edge.settings.__dict__["sessions_per_minute"] = 2
    assert [edge.session().status_code for _ in range(3)] == [200, 200, 429]
    assert edge.session("user_bob").status_code == 200


def test_counts_say_what_happened_and_nothing_personal(edge):
    edge.session("user_canary")
    edge.client.post("/auth/session")
    text = edge.client.get("/metrics").text
    assert 'edge_token_verify_total{result="accepted"}' in text
    assert 'edge_token_verify_total{result="no_bearer_token"}' in text
    assert "user_canary" not in text


def test_events_of_nobodys_customer_are_counted(edge, db):
    db.execute(
        "insert into private.stripe_events (id, type, status, created, is_live, body_sha256)"
        " values ('evt_1', 'invoice.paid', 'orphan', now(), false, '')"
    )
    assert "edge_stripe_orphan_events 1.0" in edge.client.get("/metrics").text


def test_counts_are_told_without_a_database_too(stateless_edge):
    assert "edge_token_verify_total" in stateless_edge.client.get("/metrics").text


def test_log_lines_are_json_without_secrets(edge, capsys):
    token = edge.clerk.token(NOW, "user_canary")
    edge.client.post("/auth/session?token=canary", headers={"Authorization": f"Bearer {token}"})
    edge.client.post("/auth/session", headers={"Authorization": f"Bearer {token}x"})
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert {json.loads(line)["event"] for line in lines} == {"request"}
    assert [word for word in (token[-40:], "canary", "sess_2abc") if word in "".join(lines)] == []


def test_public_keys_are_cacheable_and_checked_by_etag(edge):
    first = edge.client.get("/.well-known/jwks.json")
    again = edge.client.get(
        "/.well-known/jwks.json", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert (again.status_code, again.data) == (304, b"")


def test_only_named_hosts_are_served(tmp_path):
    from webhooks.app import create_app  # noqa: PLC0415

    settings = make_settings(
        "postgresql://nobody@127.0.0.1:1/x", tmp_path, trusted_hosts="edge.test"
    )
    client = create_app(settings).test_client()
    assert client.get("/healthz", headers={"Host": "edge.test"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "evil.test"}).status_code == 400


def refused(tmp_path, **changes):
    with pytest.raises(ValidationError) as caught:
        make_settings("postgresql://x", tmp_path, **changes)
    return str(caught.value)


def test_a_live_stripe_key_needs_a_production_issuer(tmp_path):
    text = refused(
        tmp_path, stripe_secret_key="sk_live_1", clerk_issuer="https://x.clerk.accounts.dev"
    )
    assert "production CLERK_ISSUER" in text
    assert "sk_live_1" not in text


def test_in_production_stripes_events_need_stripes_key(tmp_path):
    production = {"app_env": "production", "app_url": "https://app.test"}
    assert "STRIPE_SECRET_KEY must be set" in refused(tmp_path, **production)
    both = make_settings(NOWHERE, tmp_path, **production, stripe_secret_key="sk_live_1")
    neither = make_settings(NOWHERE, tmp_path, **production, stripe_webhook_secrets="")
    assert (both.is_stripe_live, neither.is_stripe_live) == (True, False)


def test_all_that_is_missing_is_named_at_once(tmp_path):
    text = refused(
        tmp_path, app_env="production", clerk_webhook_secrets="", clerk_jwt_key=None,
        clerk_authorized_parties="",
    )  # fmt: skip
    names = ("CLERK_WEBHOOK_SECRETS", "CLERK_JWKS_URL", "CLERK_AUTHORIZED_PARTIES", "APP_URL")
    assert [name for name in names if name not in text] == []


def test_secrets_do_not_show_in_the_settings(tmp_path):
    settings = make_settings(
        f"postgresql://u:{CANARY}@h/d", tmp_path, stripe_secret_key=f"sk_test_{CANARY}"
    )
    assert "canary" not in repr(settings)


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    for name, value in {
        "WEBHOOK_DB_URL": "postgresql://x",
        "EDGE_ISSUER": "https://e",
        "EDGE_SIGNING_KEYS_FILE": str(tmp_path),
        "CLERK_ISSUER": "https://c",
        "CLERK_AUTHORIZED_PARTIES": "https://a, https://b",
        "CLERK_JWKS_URL": "https://c/jwks",
        "STRIPE_WEBHOOK_SECRETS": "whsec_new,whsec_old",
    }.items():
        monkeypatch.setenv(name, value)
    settings = EdgeSettings()
    assert settings.clerk_authorized_parties == ("https://a", "https://b")
    secrets = [secret.get_secret_value() for secret in settings.stripe_webhook_secrets]
    assert secrets == ["whsec_new", "whsec_old"]
