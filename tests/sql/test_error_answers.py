"""Each code that docs/errors.md lists for PostgREST, produced there: status and whole body.

tests/docs/test_errors.py sees to it that no code of the page is missing here.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.database import Database, make_product, make_user, user_claims
from tests.jobs import end_all
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, as_here, token
from tests.rows import make_brand, make_pack, make_webhook
from tests.rules import banned, make_rule, make_script, rule

LAMP = {"name": "Lamp", "source_url": "https://shop.example/lamp"}
RULE = {"rule_name": "No miracles", "rule_definition": banned("miracle")}
NOWHERE = "00000000-0000-4000-8000-000000000000"


@dataclass
class Api:
    """The API for one user of its own."""

    db: Database
    url: str
    user: uuid.UUID

    def call(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {token(user_claims(self.user))}"}
        return httpx.request(
            method, self.url + path, json=json, headers=bearer | headers, timeout=PATIENCE_SECONDS
        )

    def post(self, path: str, json: Any) -> httpx.Response:
        return self.call("POST", path, json)

    def product(self) -> dict[str, Any]:
        return make_product(self.db, self.user)


Answer = tuple[int, str, str, str | None, str | None]
CASES: dict[str, tuple[Callable[[Api], httpx.Response], Answer]] = {}


def answers(
    status: int, code: str, message: str, details: str | None = None, hint: str | None = None
) -> Callable[..., Any]:
    """The function produces this code, with this body."""

    def note(produce: Callable[[Api], httpx.Response]) -> None:
        CASES[code] = produce, (status, code, message, details, hint)

    return note


@answers(401, "not_signed_in", "Sign in first: this needs an access token.")
def _(api: Api) -> httpx.Response:
    return httpx.get(f"{api.url}/products", timeout=PATIENCE_SECONDS)


@answers(
    401,
    "invalid_token",
    "This access token lacks an expiry, a subject or our audience, or lives too long.",
)
def _(api: Api) -> httpx.Response:
    claims = user_claims(api.user) | {"exp": None}
    headers = {"Authorization": f"Bearer {token(claims)}"}
    return httpx.get(f"{api.url}/products", headers=headers, timeout=PATIENCE_SECONDS)


@answers(
    401,
    "account_moved",
    "This account lives in another cell now. Get a new token, which says where.",
)
def _(api: Api) -> httpx.Response:
    api.db.execute("update private.accounts set cell_state = 'moved' where id = %s", api.user)
    return api.call("GET", "/products")


@answers(
    423,
    "account_moving",
    "This account is moving and can only be read for some seconds. Nothing was changed.",
    '{"retry_after_seconds": SECONDS}',
)
def _(api: Api) -> httpx.Response:
    api.db.execute("update private.accounts set cell_state = 'moving' where id = %s", api.user)
    return api.post("/products", LAMP)


@answers(401, "PGRST301", "JWT expired")
def _(api: Api) -> httpx.Response:
    claims = user_claims(api.user) | {"exp": int(time.time()) - 60}
    headers = {"Authorization": f"Bearer {token(claims)}"}
    return httpx.get(f"{api.url}/products", headers=headers, timeout=PATIENCE_SECONDS)


@answers(
    402,
    "quota_exceeded",
    "Your plan includes 5 products, and 5 are in use.",
    '{"plan": "free", "used": 5, "limit": 5, "metric": "products", "resets_at": null}',
)
def _(api: Api) -> httpx.Response:
    for _number in range(5):
        api.product()
    return api.post("/products", LAMP)


@answers(403, "account_deleted", "This account has been deleted.")
def _(api: Api) -> httpx.Response:
    api.post("/rpc/delete_account", {})
    return api.call("GET", "/products")


@answers(
    403,
    "role_not_allowed",
    "This needs the role editor, and yours is viewer.",
    '{"role": "viewer", "needed": "editor"}',
)
def _(api: Api) -> httpx.Response:
    claims = user_claims(api.user) | {"account_role": "viewer"}
    headers = {"Authorization": f"Bearer {token(claims)}"}
    return httpx.post(f"{api.url}/products", json=LAMP, headers=headers, timeout=PATIENCE_SECONDS)


@answers(404, "not_found", "There is no such product.")
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/run_analysis", {"product_id": NOWHERE})


@answers(
    409,
    "already_exists",
    "You already have a rule named “No miracles”.",
    '{"field": "rule_name"}',
)
def _(api: Api) -> httpx.Response:
    make_rule(api.db, api.user, "No miracles", banned("marvel"))
    return api.post("/brand_rules", RULE)


@answers(
    409,
    "brand_in_use",
    "“Acme” has products or rules. Move or delete them first, or archive the brand.",
)
def _(api: Api) -> httpx.Response:
    brand = make_brand(api.db, api.user)
    api.post("/products", LAMP | {"brand_id": str(brand["id"])})
    return api.call("DELETE", f"/brands?id=eq.{brand['id']}")


@answers(409, "product_archived", "This product is archived. Restore it first.")
def _(api: Api) -> httpx.Response:
    product = api.product()
    api.call("PATCH", f"/products?id=eq.{product['id']}", {"archived_at": "2026-11-30"})
    return api.post("/rpc/run_analysis", {"product_id": str(product["id"])})


@answers(409, "not_analyzed", "This product has no pack yet: wait for its analysis, or run one.")
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/generate_script", {"product_id": str(api.product()["id"])})


@answers(
    422, "too_many_rows", "One request may add 500 rows at most.", '{"row": 501, "limit": 500}'
)
def _(api: Api) -> httpx.Response:
    return api.post("/products", [LAMP] * 501)


@answers(
    422,
    "invalid_cursor",
    "The cursor is not one that an export has answered.",
    '{"field": "cursor"}',
)
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/export_account", {"cursor": "page 2"})


@answers(422, "invalid_row", "The rows must be a list with at least one.", '{"field": "rows"}')
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/import_products", {"rows": LAMP})


@answers(
    422,
    "invalid_expiry",
    "A link must end within a year, and not in the past.",
    '{"field": "expires_at", "max_days": 366}',
)
def _(api: Api) -> httpx.Response:
    pack = str(make_pack(api.db, api.user)["id"])
    return api.post("/rpc/share_pack", {"pack_id": pack, "expires_at": "2020-01-01"})


@answers(
    422,
    "too_many_shares",
    "A pack may have 10 links at most. Revoke one first.",
    '{"limit": 10}',
)
def _(api: Api) -> httpx.Response:
    pack = str(make_pack(api.db, api.user)["id"])
    for _number in range(10):
        api.post("/rpc/share_pack", {"pack_id": pack})
    return api.post("/rpc/share_pack", {"pack_id": pack})


@answers(
    403,
    "impersonation_not_allowed",
    "Somebody who signed in as another person may not do this. That person must.",
)
def _(api: Api) -> httpx.Response:
    claims = user_claims(api.user) | {"impersonator": {"sub": "user_support"}}
    headers = {"Authorization": f"Bearer {token(claims)}"}
    return httpx.post(
        f"{api.url}/rpc/create_api_key", headers=headers, timeout=PATIENCE_SECONDS,
        json={"name": "CI", "scopes": ["read"]},
    )  # fmt: skip


@answers(
    403,
    "api_key_not_allowed",
    "An API key may not do this. A person must sign in for it.",
)
def _(api: Api) -> httpx.Response:
    key = api.post("/rpc/create_api_key", {"name": "CI", "scopes": ["read"]}).json()["id"]
    claims = user_claims(api.user) | {"account_role": "viewer", "api_key": key}
    headers = {"Authorization": f"Bearer {token(claims)}"}
    return httpx.get(f"{api.url}/rpc/members", headers=headers, timeout=PATIENCE_SECONDS)


@answers(
    422,
    "invalid_scopes",
    "The scopes must be read, or read and write.",
    '{"field": "scopes", "reason": "not_allowed", "allowed": ["read", "write"]}',
)
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/create_api_key", {"name": "CI", "scopes": ["admin"]})


@answers(
    422,
    "too_many_keys",
    "An account may have 20 API keys at most. Revoke one first.",
    '{"limit": 20}',
)
def _(api: Api) -> httpx.Response:
    for _number in range(20):
        api.post("/rpc/create_api_key", {"name": "CI", "scopes": ["read"]})
    return api.post("/rpc/create_api_key", {"name": "CI", "scopes": ["read"]})


def hook(api: Api) -> str:
    return str(make_webhook(api.db, api.user)["id"])


@answers(409, "webhook_disabled", "This webhook endpoint is disabled. Enable it first.")
def _(api: Api) -> httpx.Response:
    endpoint = hook(api)
    api.call("PATCH", f"/webhook_endpoints?id=eq.{endpoint}", {"disabled_at": "now"})
    return api.post("/rpc/test_webhook", {"id": endpoint})


@answers(
    409,
    "webhook_without_secret",
    "This webhook endpoint has no secret yet. Make one first.",
)
def _(api: Api) -> httpx.Response:
    endpoint = hook(api)
    api.db.execute("delete from private.endpoint_secrets where endpoint_id = %s", endpoint)
    return api.post("/rpc/test_webhook", {"id": endpoint})


@answers(
    422,
    "invalid_kinds",
    "The webhook names a kind of notification that there is not.",
    '{"field": "kinds", "reason": "not_allowed", "allowed": ["analysis_done", "analysis_failed",'
    ' "back_in_stock", "breakout", "new_complaint", "payment_failed", "quota_nearly_used",'
    ' "score_changed", "sold_out", "watch_failing", "watch_stopped", "webhook_disabled"]}',
)
def _(api: Api) -> httpx.Response:
    url = "https://hooks.example/in"
    return api.post("/webhook_endpoints", {"url": url, "kinds": ["nothing"]})


@answers(
    422,
    "too_many_webhooks",
    "An account may have 10 webhook endpoints at most.",
    '{"limit": 10}',
)
def _(api: Api) -> httpx.Response:
    return api.post("/webhook_endpoints", [{"url": "https://hooks.example/in"}] * 11)


@answers(501, "webhooks_not_configured", "Webhooks are not set up on this server.")
def _(api: Api) -> httpx.Response:
    endpoint = hook(api)
    api.db.execute("delete from private.endpoint_secrets")
    api.db.execute("delete from private.endpoint_keys")
    return api.post("/rpc/rotate_webhook_secret", {"id": endpoint})


@answers(
    422, "invalid_tags", "The tags may not be empty.", '{"field": "tags", "reason": "missing"}'
)
def _(api: Api) -> httpx.Response:
    return api.post("/products", LAMP | {"tags": [" "]})


@answers(
    422,
    "invalid_watch",
    "The watch must be off, weekly or daily.",
    '{"field": "watch", "reason": "not_allowed", "allowed": ["off", "weekly", "daily"]}',
)
def _(api: Api) -> httpx.Response:
    return api.post("/products", LAMP | {"watch": "hourly"})


@answers(
    422,
    "invalid_competitor",
    "A product can't compete with itself.",
    '{"field": "competitor_id"}',
)
def _(api: Api) -> httpx.Response:
    product_id = str(api.product()["id"])
    return api.post("/competitors", {"product_id": product_id, "competitor_id": product_id})


@answers(
    422,
    "too_many_competitors",
    "A product may have 5 competitors at most.",
    '{"field": "competitor_id", "limit": 5}',
)
def _(api: Api) -> httpx.Response:
    api.db.execute("update public.plans set max_products = 7 where id = 'free'")
    product_id, *others = (str(api.product()["id"]) for _ in range(7))
    return api.post(
        "/competitors", [{"product_id": product_id, "competitor_id": other} for other in others]
    )


@answers(
    422, "invalid_name", "The product's name is missing.", '{"field": "name", "reason": "missing"}'
)
def _(api: Api) -> httpx.Response:
    return api.post("/products", {"source_url": LAMP["source_url"]})


@answers(
    422, "invalid_url", "The source URL is missing.", '{"field": "source_url", "reason": "missing"}'
)
def _(api: Api) -> httpx.Response:
    return api.post("/products", {"name": "Lamp"})


@answers(
    422,
    "invalid_rule",
    "The rule's params.max must be from 0 to 1000.",
    '{"max": 1000, "min": 0, "type": "integer", "field": "params.max", "reason": "invalid"}',
)
def _(api: Api) -> httpx.Response:
    body = {"rule_name": "Few emoji", "rule_definition": rule("emoji", max=-1)}
    return api.post("/brand_rules", body)


@answers(
    422,
    "invalid_script",
    "The script's text is missing or empty.",
    '{"field": "content", "reason": "missing"}',
)
def _(api: Api) -> httpx.Response:
    return api.post("/scripts", {"product_id": str(api.product()["id"])})


@answers(
    422,
    "invalid_brief",
    "The brief is longer than 2000 characters.",
    '{"max": 2000, "field": "brief", "reason": "too_long"}',
)
def _(api: Api) -> httpx.Response:
    brief = {"product_id": str(api.product()["id"]), "brief": "x" * 2001}
    return api.post("/rpc/generate_script", brief)


@answers(
    422,
    "invalid_pack",
    "The packs of starter rules are ftc and tiktok.",
    '{"field": "pack", "reason": "not_allowed", "allowed": ["ftc", "tiktok"]}',
)
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/adopt_starter_rules", {"pack": "gdpr"})


@answers(
    422,
    "script_not_compliant",
    "This script can't be final: it breaks “No miracles”.",
    '{"rules": [{"spans": [{"end": 9, "field": "body", "start": 2}], '
    '"message": "Don\'t say “m1racle”.", "rule_id": "RULE", "rule_name": "No miracles"}]}',
)
def _(api: Api) -> httpx.Response:
    make_rule(api.db, api.user, "No miracles", banned("miracle"))
    script = make_script(api.db, api.product(), "A m1racle!")
    return api.call("PATCH", f"/scripts?id=eq.{script['id']}", {"status": "final"})


@answers(
    429,
    "rate_limited",
    "That is more than 30 requests in a minute. Try again in SECONDS s.",
    '{"limit": 30, "retry_after_seconds": SECONDS}',
)
def _(api: Api) -> httpx.Response:
    product = {"product_id": str(api.product()["id"])}
    api.db.execute("update public.plans set analyses_per_month = 100 where id = 'free'")
    for _number in range(30):
        end_all(api.db, api.user, "cancelled")
        assert api.post("/rpc/run_analysis", product).status_code == 200
    end_all(api.db, api.user, "cancelled")
    return api.post("/rpc/run_analysis", product)


@answers(400, "PGRST102", "Empty or invalid json")
def _(api: Api) -> httpx.Response:
    return api.call("POST", "/products", **{"Content-Type": "application/json"})


@answers(
    416,
    "PGRST103",
    "Requested range not satisfiable",
    "An offset of 20 was requested, but there are only 0 rows.",
)
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products?offset=20", Prefer="count=exact")


@answers(415, "PGRST107", "None of these media types are available: application/xml", None, None)
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products", Accept="application/xml")


@answers(400, "PGRST204", "Column 'colour' of relation 'products' does not exist")
def _(api: Api) -> httpx.Response:
    return api.post("/products", LAMP | {"colour": "red"})


@answers(
    400,
    "PGRST100",
    '"failed to parse filter (lamp)" (line 1, column 1)',
    'unexpected "l" expecting "not" or operator (eq, gt, ...)',
)
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products?name=lamp")


@answers(
    400,
    "PGRST200",
    "Could not find a relationship between 'products' and 'plans' in the schema cache",
    "Searched for a foreign key relationship between 'products' and 'plans' in the schema"
    " 'public', but no matches were found.",
    "Perhaps you meant 'brands' instead of 'plans'.",
)
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products?select=*,plans(*)")


@answers(400, "42703", "column products.colour does not exist")
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products?select=colour")


@answers(400, "22P02", 'invalid input syntax for type uuid: "lamp"')
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products?id=eq.lamp")


@answers(
    400,
    "22P05",
    "unsupported Unicode escape sequence",
    "\\u0000 cannot be converted to text.",
)
def _(api: Api) -> httpx.Response:
    return api.post("/products", LAMP | {"name": "\x00"})


@answers(400, "22003", 'value "99999999999" is out of range for type integer')
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/restore_script_version", {"script_id": NOWHERE, "version": 99999999999})


@answers(
    400,
    "428C9",
    'cannot insert a non-DEFAULT value into column "severity"',
    'Column "severity" is a generated column.',
)
def _(api: Api) -> httpx.Response:
    return api.post("/brand_rules", RULE | {"severity": "info"})


@answers(
    400,
    "21000",
    "ON CONFLICT DO UPDATE command cannot affect row a second time",
    None,
    "Ensure that no rows proposed for insertion within the same command have duplicate"
    " constrained values.",
)
def _(api: Api) -> httpx.Response:
    path = "/brand_rules?on_conflict=user_id,rule_name"
    return api.call("POST", path, [RULE, RULE], Prefer="resolution=merge-duplicates")


@answers(
    500,
    "55000",
    'cannot insert into view "product_overview"',
    "Views that do not select from a single table or view are not automatically updatable.",
    "To enable inserting into the view, provide an INSTEAD OF INSERT trigger or an unconditional ON"
    " INSERT DO INSTEAD rule.",
)
def _(api: Api) -> httpx.Response:
    return api.post("/product_overview", LAMP)


@answers(403, "42501", "permission denied for table products")
def _(api: Api) -> httpx.Response:
    return api.post("/products", LAMP | {"user_id": str(api.user)})


@answers(
    404,
    "PGRST202",
    "Could not find the function public.analyze without parameters in the schema cache",
    "Searched for the function public.analyze without parameters or with a single unnamed json/"
    "jsonb parameter, but no matches were found in the schema cache.",
)
def _(api: Api) -> httpx.Response:
    return api.post("/rpc/analyze", {})


@answers(404, "42P01", 'relation "public.lamps" does not exist')
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/lamps")


@answers(405, "25006", "cannot execute SELECT FOR KEY SHARE in a read-only transaction")
def _(api: Api) -> httpx.Response:
    return api.call("GET", f"/rpc/run_analysis?product_id={NOWHERE}")


@answers(
    406,
    "PGRST116",
    "JSON object requested, multiple (or no) rows returned",
    "The result contains 0 rows",
)
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products", Accept="application/vnd.pgrst.object+json")


@answers(406, "PGRST106", "The schema must be one of the following: public")
def _(api: Api) -> httpx.Response:
    return api.call("GET", "/products", **{"Accept-Profile": "private"})


@answers(
    409,
    "23505",
    'duplicate key value violates unique constraint "brand_rules_user_id_rule_name_key"',
)
def _(api: Api) -> httpx.Response:
    # Without on_conflict the request resolves duplicates of the id only, so the name's index tells.
    api.post("/brand_rules", RULE)
    return api.call("POST", "/brand_rules", RULE, Prefer="resolution=merge-duplicates")


def wait_for_a_lock(db: Database) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    while not db.value(waiting):
        assert time.monotonic() < deadline


@answers(
    500,
    "40P01",
    "deadlock detected",
    "Process N waits for ShareLock on transaction N; blocked by process N.\n"
    "Process N waits for ShareLock on transaction N; blocked by process N.",
    "See server log for query details.",
)
def _(api: Api) -> httpx.Response:
    product = api.product()["id"]
    answered: list[httpx.Response] = []
    # Against the lock order: an account's counter, then its product. Who waits first gives way.
    with api.db.connect("supabase_admin") as other, other.transaction():
        other.execute("set local deadlock_timeout = '10s'")
        other.execute("select from private.accounts where id = %s for update", (api.user,))
        path = f"/products?id=eq.{product}"
        thread = threading.Thread(
            target=lambda: answered.append(api.call("PATCH", path, {"name": "Chair"}))
        )
        thread.start()
        wait_for_a_lock(api.db)
        other.execute("select from public.products where id = %s for update", (product,))
    thread.join()
    return answered[0]


@answers(500, "57014", "canceling statement due to statement timeout")
def _(api: Api) -> httpx.Response:
    with api.db.as_user(api.user) as owner:
        owner.execute(
            "insert into public.brand_rules (rule_name, rule_definition)"
            " select n::text, jsonb_build_object('kind', 'regex', 'severity', 'error', 'params',"
            " jsonb_build_object('pattern', format('(a|b)*?.{1,%s}', n)))"
            " from generate_series(100, 250) as n"
        )
    return api.post("/rpc/check_compliance", {"content": "a" * 10_000})


def test_each_code_is_answered_with_status_and_sentence(
    db: Database, postgrest: RunningPostgrest
) -> None:
    got, expected = {}, {}
    for code, (produce, answer) in CASES.items():
        api = Api(db, postgrest.url, make_user(db))
        response = produce(api)
        empty = {"code": None, "message": None, "details": None, "hint": None}
        status, body = as_here(response.status_code, empty | response.json())
        rules = db.rows("select id from public.brand_rules where user_id = %s", api.user)
        names = {str(rule["id"]): "RULE" for rule in rules}
        if seconds := response.headers.get("Retry-After"):
            assert 1 <= int(seconds) <= 60
            names |= {f"in {seconds} s": "in SECONDS s", f": {seconds}}}": ": SECONDS}"}
        texts = [body.pop(key) for key in ("code", "message", "details", "hint")]
        assert body == {}
        if code == "40P01":
            texts = [text and re.sub(r"\b\d+\b", "N", text) for text in texts]
        for value, name in names.items():
            texts = [text and text.replace(value, name) for text in texts]
        got[code], expected[code] = (status, *texts), answer
    assert got == expected


def test_what_has_not_changed_is_304_without_a_body(
    db: Database, postgrest: RunningPostgrest
) -> None:
    api = Api(db, postgrest.url, make_user(db))
    api.product()
    tag = api.call("GET", "/product_overview").headers["ETag"]
    again = api.call("GET", "/product_overview", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_monthly_quota_says_when_it_starts_again(
    db: Database, postgrest: RunningPostgrest
) -> None:
    api = Api(db, postgrest.url, make_user(db))
    product = {"product_id": str(api.product()["id"])}
    db.execute("update public.jobs set status = 'succeeded', finished_at = now()")
    db.execute("delete from private.live_jobs")
    db.execute("update private.usage set used = 20")
    answer = api.post("/rpc/run_analysis", product)
    now = datetime.now(UTC)
    month = f"{now.year + now.month // 12}-{now.month % 12 + 1:02}-01T00:00:00+00:00"
    assert (answer.status_code, answer.json()) == (
        402,
        {
            "code": "quota_exceeded",
            "message": "Your plan includes 20 analyses a month, and 20 are in use.",
            "details": '{"plan": "free", "used": 20, "limit": 20, "metric": "analyses",'
            f' "resets_at": "{month}"}}',
            "hint": None,
        },
    )
