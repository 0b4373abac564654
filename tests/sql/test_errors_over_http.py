"""What a frontend gets back through PostgREST when something is wrong: status and whole body."""

from __future__ import annotations

import json
import time
import uuid

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from postgrest import APIError

from tests.database import Database, make_product, make_user, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, as_here, token, version

MUG = {"name": "Mug", "source_url": "https://shop.example/mug"}


def why(field: str, reason: str) -> str:
    return f'{{"field": "{field}", "reason": "{reason}"}}'


NOT_SIGNED_IN = ("not_signed_in", "Sign in first: this needs an access token.")
INVALID_TOKEN = (
    "invalid_token",
    "This access token lacks an expiry, a subject or our audience, or lives too long.",
)

# A body that is no product → status, code, message, details.
WRONG_PRODUCTS = [
    ({}, 422, "invalid_name", "The product's name is missing.", why("name", "missing")),
    (
        {"name": "Mug"},
        422,
        "invalid_url",
        "The source URL is missing.",
        why("source_url", "missing"),
    ),
    (
        MUG | {"name": None},
        422,
        "invalid_name",
        "The product's name is missing.",
        why("name", "missing"),
    ),
    (
        MUG | {"name": {"x": 1}},
        422,
        "invalid_name",
        "The product's name must be text.",
        why("name", "not_text"),
    ),
    (
        MUG | {"name": ["Mug"]},
        422,
        "invalid_name",
        "The product's name must be text.",
        why("name", "not_text"),
    ),
    (
        MUG | {"name": "x" * 10_000_000},
        *(
            422,
            "invalid_name",
            "The product's name may have 200 characters at most.",
            '{"max": 200, "field": "name", "reason": "too_long"}',
        ),
    ),
    (
        MUG | {"name": "Mug\u0007"},
        *(
            422,
            "invalid_name",
            "The product's name may not contain control or invisible characters.",
            why("name", "control_characters"),
        ),
    ),
    (
        MUG | {"name": "Mug\u0000"},
        *(400, "22P05", "unsupported Unicode escape sequence"),
        "\\u0000 cannot be converted to text.",
    ),
    (
        MUG | {"source_url": "file:///etc/passwd"},
        *(
            422,
            "invalid_url",
            "The source URL must start with http:// or https://.",
            why("source_url", "no_scheme"),
        ),
    ),
    (
        MUG | {"source_url": ["https://shop.example/"]},
        *(
            422,
            "invalid_url",
            "The source URL must start with http:// or https://.",
            why("source_url", "no_scheme"),
        ),
    ),
    (
        MUG | {"source_url": "http://169.254.169.254/"},
        *(
            422,
            "invalid_url",
            "The source URL must point to a public web address.",
            why("source_url", "not_public"),
        ),
    ),
    (
        MUG | {"source_url": "https://a:b@shop.example/"},
        *(
            422,
            "invalid_url",
            "The source URL may not contain a user name or password.",
            why("source_url", "credentials"),
        ),
    ),
    (
        MUG | {"colour": "red"},
        *(400, "PGRST204", "Column 'colour' of relation 'products' does not exist", None),
    ),
    (
        MUG | {"user_id": "00000000-0000-4000-8000-000000000000"},
        *(403, "42501", "permission denied for table products", None),
    ),
    ([MUG, {"name": "Cup"}], 400, "PGRST102", "All object keys must match", None),
    (
        [MUG, {"name": "Cup", "source_url": ""}],
        *(
            422,
            "invalid_url",
            "The source URL is missing.",
            '{"row": 2, "field": "source_url", "reason": "missing"}',
        ),
    ),
]


def body(code: str, message: str, details: str | None = None, hint: str | None = None) -> dict:
    return {"code": code, "message": message, "details": details, "hint": hint}


def answer(response: httpx.Response) -> tuple[int, dict]:
    got = response.status_code, response.json()
    return as_here(*got) if response.is_error else got


@pytest.mark.parametrize(
    ("later", "here"),
    [
        ((401, body("PGRST303", "JWT expired")), (401, body("PGRST301", "JWT expired"))),
        (
            (404, body("PGRST205", "Could not find the table 'public.lamps' in the schema cache")),
            (404, body("42P01", 'relation "public.lamps" does not exist')),
        ),
        (
            (401, body("PGRST303", "JWT not yet valid")),
            (401, body("PGRST301", "JWTNotYetValid")),
        ),
        (
            (401, body("PGRST301", "No suitable key or wrong key type", "None of the keys fits.")),
            (401, body("PGRST301", "JWSError JWSInvalidSignature")),
        ),
        (
            (406, body("PGRST107", "None of these media types are available: text/xml")),
            (415, body("PGRST107", "None of these media types are available: text/xml")),
        ),
        (
            (406, body("PGRST106", "Invalid schema: pgmq", hint="Only these are exposed: public")),
            (406, body("PGRST106", "The schema must be one of the following: public")),
        ),
        (
            (
                400,
                body("PGRST204", "Could not find the 'a' column of 'products' in the schema cache"),
            ),
            (400, body("PGRST204", "Column 'a' of relation 'products' does not exist")),
        ),
        (
            (
                406,
                body("PGRST116", "Cannot coerce the result to a single JSON object", "0 rows"),
            ),
            (
                406,
                body("PGRST116", "JSON object requested, multiple (or no) rows returned", "0 rows"),
            ),
        ),
        (
            (401, body("22023", 'role "nobody" does not exist')),
            (400, body("22023", 'role "nobody" does not exist')),
        ),
        ((500, body("21000", "Twice.")), (400, body("21000", "Twice."))),
        ((403, body("42501", "No.", hint="Grant it.")), (403, body("42501", "No."))),
        ((500, body("57014", "Late.", hint="Wait.")), (500, body("57014", "Late.", hint="Wait."))),
        ((401, body("invalid_token", "No.")), (401, body("invalid_token", "No."))),
    ],
    ids=lambda answer: f"{answer[0]}-{answer[1]['code']}",
)
def test_what_later_versions_answer_is_known(later: tuple[int, dict], here: tuple[int, dict]):
    assert as_here(*later) == here


def products(db: Database) -> int:
    return db.value("select count(*) from public.products")


def test_a_wrong_product_is_answered_with_a_code_and_leaves_nothing(
    db: Database, postgrest: RunningPostgrest
):
    user = postgrest.as_user(make_user(db)).session
    for sent, status, *expected in WRONG_PRODUCTS:
        got = answer(user.post("/products", json=sent))
        assert (str(sent)[:80], got) == (str(sent)[:80], (status, body(*expected)))
    assert products(db) == db.value("select count(*) from pgmq.q_jobs") == 0


def test_a_body_that_is_no_json_is_refused(db: Database, postgrest: RunningPostgrest):
    user = postgrest.as_user(make_user(db)).session
    headers = {"Content-Type": "application/json"}
    for content in (b"", b'{"name":', b"\xff\xfe"):
        got = answer(user.post("/products", content=content, headers=headers))
        assert (content, got) == (content, (400, body("PGRST102", "Empty or invalid json")))
    assert products(db) == 0


def test_json_that_is_no_row_adds_nothing(db: Database, postgrest: RunningPostgrest):
    user = postgrest.as_user(make_user(db)).session
    headers = {"Content-Type": "application/json", "Prefer": "return=representation"}
    for content in (b"null", b"5", b'"Mug"', b"[]"):
        got = answer(user.post("/products", content=content, headers=headers))
        assert (content, got) == (content, (201, []))
    assert products(db) == 0


def test_the_client_library_reads_our_errors(db: Database, postgrest: RunningPostgrest):
    with pytest.raises(APIError) as refused:
        postgrest.as_user(make_user(db)).from_("products").insert({}).execute()
    assert refused.value.json() == body(
        "invalid_name", "The product's name is missing.", why("name", "missing")
    )


def test_a_number_is_a_name(db: Database, postgrest: RunningPostgrest):
    products = postgrest.as_user(make_user(db)).from_("products")
    [product] = products.insert(MUG | {"name": 1984}).execute().data
    assert product["name"] == "1984"


def test_what_is_not_yours_is_not_there(db: Database, postgrest: RunningPostgrest):
    product = make_product(db, make_user(db))
    products = postgrest.as_user(make_user(db)).from_("products")
    assert products.select("*").execute().data == []
    assert products.update({"name": "Mine"}).eq("id", product["id"]).execute().data == []
    assert products.delete().eq("id", product["id"]).execute().data == []
    assert db.row("select * from public.products") == product


def test_rpc_on_what_is_not_yours_is_404(db: Database, postgrest: RunningPostgrest):
    product = make_product(db, make_user(db))
    job_id = db.value("select id from public.jobs")
    other = postgrest.as_user(make_user(db)).session
    calls = {
        "run_analysis": ({"product_id": str(product["id"])}, "There is no such product."),
        "cancel_job": ({"job_id": str(job_id)}, "There is no such job."),
    }
    for name, (arguments, message) in calls.items():
        got = answer(other.post(f"/rpc/{name}", json=arguments))
        assert (name, got) == (name, (404, body("not_found", message)))
    assert db.rows("select id, status from public.jobs") == [{"id": job_id, "status": "queued"}]


def test_a_script_for_a_product_that_is_not_yours_is_404(db: Database, postgrest: RunningPostgrest):
    product = make_product(db, make_user(db))
    script = {"product_id": str(product["id"]), "content": "Look at this lamp."}
    got = answer(postgrest.as_user(make_user(db)).session.post("/scripts", json=script))
    details = '{"field": "product_id"}'
    assert got == (404, body("not_found", "There is no such product.", details))
    assert db.value("select count(*) from public.scripts") == 0


def test_a_read_starts_and_stops_nothing(db: Database, postgrest: RunningPostgrest):
    product = make_product(db, make_user(db))
    job = db.row("select * from public.jobs")
    owner = postgrest.as_user(product["user_id"]).session
    for call in (f"run_analysis?product_id={product['id']}", f"cancel_job?job_id={job['id']}"):
        response = owner.get(f"/rpc/{call}")
        assert (call, response.status_code, response.json()["code"]) == (call, 405, "25006")
    assert db.rows("select * from public.jobs") == [job]


def test_wrong_arguments_are_told_from_wrong_ids(db: Database, postgrest: RunningPostgrest):
    user = postgrest.as_user(make_user(db)).session
    assert [
        (arguments, response.status_code, response.json()["code"])
        for arguments in ({}, {"product_id": "mug"}, {"product_id": None}, {"product": "mug"})
        for response in [user.post("/rpc/run_analysis", json=arguments)]
    ] == [
        ({}, 404, "PGRST202"),
        ({"product_id": "mug"}, 400, "22P02"),
        ({"product_id": None}, 404, "not_found"),
        ({"product": "mug"}, 404, "PGRST202"),
    ]


def test_a_changed_schema_is_served_at_once(db: Database, postgrest: RunningPostgrest):
    user = postgrest.as_user(make_user(db)).session

    def seen() -> str:
        got = user.get("/rpc/colour").json()
        return got if got == "red" else got["code"]

    assert seen() == "PGRST202"
    changes = (
        ("create function public.colour() returns text language sql return 'red'", "42501"),
        ("grant execute on function public.colour to authenticated", "red"),
        ("drop function public.colour", "PGRST202"),
    )
    for statement, outcome in changes:
        db.execute(statement)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (got := seen()) != outcome:
            assert time.monotonic() < deadline, (statement, got)


def test_no_schema_but_the_public_one_is_served(db: Database, postgrest: RunningPostgrest):
    user = postgrest.as_user(make_user(db)).session
    refusal = body("PGRST106", "The schema must be one of the following: public")
    for schema in ("private", "pgmq", "auth", "extensions", "pg_catalog"):
        for header, method in (("Accept-Profile", "GET"), ("Content-Profile", "POST")):
            got = answer(user.request(method, "/jobs", headers={header: schema}, json={}))
            assert (schema, got) == (schema, (406, refusal))


def test_strangers_are_asked_to_sign_in_on_every_path(db: Database, postgrest: RunningPostgrest):
    stranger = postgrest.as_anon().session
    requests = [("GET", "/", None), *table_requests(db), *function_requests(db)]
    requests.remove(("GET", "/plans", {}))
    requests = [
        one for one in requests if one[0] != "POST" or not one[1].startswith("/rpc/shared_pack")
    ]
    assert len(requests) > 30
    for request in requests:
        method, path, arguments = request
        got = answer(stranger.request(method, path, json=arguments))
        assert (request, got) == (request, (401, body(*NOT_SIGNED_IN)))


def table_requests(db: Database) -> list[tuple[str, str, dict]]:
    query = (
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'm')"
    )
    verbs = {"GET": "", "POST": "", "PATCH": "?id=not.is.null", "DELETE": "?id=not.is.null"}
    return [
        (verb, f"/{row['relname']}{which}", {})
        for row in db.rows(query)
        for verb, which in verbs.items()
    ]


def function_requests(db: Database) -> list[tuple[str, str, dict]]:
    query = (
        "select proname, proargnames[1:pronargs] as arguments from pg_proc"
        " where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype"
    )
    return [
        ("POST", f"/rpc/{row['proname']}", dict.fromkeys(row["arguments"] or []))
        for row in db.rows(query)
    ]


def test_a_whole_and_fresh_token_comes_in(db: Database, postgrest: RunningPostgrest):
    product = make_product(db, make_user(db))
    for changes in ({}, {"aud": ["authenticated"]}, {"exp": time.time() + 60}):
        client = postgrest.as_user(product["user_id"], **changes)
        seen = client.from_("products").select("id").execute().data
        assert (changes, seen) == (changes, [{"id": str(product["id"])}])


def test_a_token_that_lacks_something_stays_out(db: Database, postgrest: RunningPostgrest):
    now = int(time.time())
    wrong = [
        ({"exp": None}, *INVALID_TOKEN),
        ({"aud": None}, *INVALID_TOKEN),
        ({"iat": None}, *INVALID_TOKEN),
        ({"exp": now + 1000}, *INVALID_TOKEN),
        ({"sub": None}, *INVALID_TOKEN),
        ({"sub": "alice"}, *INVALID_TOKEN),
        ({"aud": "elsewhere"}, *INVALID_TOKEN),
        ({"aud": ["elsewhere"]}, *INVALID_TOKEN),
        ({"aud": ["authenticated", "elsewhere"]}, *INVALID_TOKEN),
        # From 13 on an empty list passes PostgREST, and our own check refuses it.
        (
            {"aud": []},
            *(("PGRST301", "JWTNotInAudience") if version() < (13,) else INVALID_TOKEN),
        ),
        ({"exp": now - 60}, "PGRST301", "JWT expired"),
        ({"nbf": now + 600}, "PGRST301", "JWTNotYetValid"),
        ({"iat": now + 600}, "PGRST301", "JWTIssuedAtFuture"),
        ({"role": None}, *NOT_SIGNED_IN),
        ({"role": "anon"}, *NOT_SIGNED_IN),
    ]
    for changes, *expected in wrong:
        got = answer(postgrest.as_user(make_user(db), **changes).session.get("/products"))
        assert (changes, got) == (changes, (401, body(*expected)))


def test_an_account_that_never_signed_in_to_us_stays_out(db: Database, postgrest: RunningPostgrest):
    """On the platform, its own sign-in service signs such tokens too, for anybody."""
    claims = user_claims(uuid.uuid4()) | {"iss": "https://project.example/auth/v1"}
    bearer = {"Authorization": f"Bearer {token(claims)}"}
    stranger = postgrest.as_anon().session
    refusal = (401, body("invalid_token", "This access token is for no account of ours."))
    for method, path in (("GET", "/products"), ("POST", "/products"), ("GET", "/rpc/account")):
        got = stranger.request(method, path, headers=bearer, json=MUG)
        assert (method, path, answer(got)) == (method, path, refusal)
        assert got.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert products(db) == 0


def test_a_token_cannot_name_a_role_that_is_not_the_apis(db: Database, postgrest: RunningPostgrest):
    refusals = {
        "postgres": (403, body("42501", 'permission denied to set role "postgres"')),
        "worker": (403, body("42501", 'permission denied to set role "worker"')),
        "webhook": (403, body("42501", 'permission denied to set role "webhook"')),
        "authenticator": (403, body("42501", "permission denied for schema private")),
        "nobody": (400, body("22023", 'role "nobody" does not exist')),
    }
    for role, refusal in refusals.items():
        got = answer(postgrest.as_user(make_user(db), role=role).session.get("/plans"))
        assert (role, got) == (role, refusal)


def test_tokens_of_other_keys_are_refused(db: Database, postgrest: RunningPostgrest):
    claims, stranger = user_claims(make_user(db)), postgrest.as_anon().session
    tokens = {
        "JWSError JWSInvalidSignature": [
            jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
            jwt.encode(claims, "k" * 32, algorithm="HS256"),
            tampered(token(claims), {"sub": str(make_user(db))}),
        ],
        "JWSError JWSNoSignatures": [jwt.encode(claims, "", algorithm="none")],
    }
    for message, refused in tokens.items():
        for one in refused:
            headers = {"Authorization": f"Bearer {one}"}
            got = answer(stranger.get("/plans", headers=headers))
            assert got == (401, body("PGRST301", message))


def tampered(good: str, changes: dict[str, object]) -> str:
    header, payload, signature = good.split(".")
    claims = json.loads(jwt.utils.base64url_decode(payload)) | changes
    payload = jwt.utils.base64url_encode(json.dumps(claims).encode()).decode()
    return f"{header}.{payload}.{signature}"


def test_a_refusal_says_how_to_sign_in(db: Database, postgrest: RunningPostgrest):
    stranger = postgrest.as_anon().session.get("/products")
    incomplete = postgrest.as_user(make_user(db), exp=None).session.get("/products")
    assert [response.headers["WWW-Authenticate"] for response in (stranger, incomplete)] == [
        "Bearer",
        'Bearer error="invalid_token"',
    ]


def test_repeating_a_call_changes_nothing_more(db: Database, postgrest: RunningPostgrest):
    product = make_product(db, make_user(db))
    owner = postgrest.as_user(product["user_id"])
    arguments = {"product_id": str(product["id"])}
    first, second = (owner.rpc("run_analysis", arguments).execute().data for _ in range(2))
    assert first == second
    job = {"job_id": first["id"]}
    stopped = [owner.rpc("cancel_job", job).execute().data["status"] for _ in range(2)]
    assert stopped == ["cancelled", "cancelled"]
    assert uuid.UUID(first["id"]) == db.value("select id from public.jobs")


def test_the_token_of_a_deleted_account_is_worth_nothing(db: Database, postgrest: RunningPostgrest):
    client = postgrest.as_user(make_user(db))
    client.from_("products").insert(MUG).execute()
    client.rpc("delete_account", {}).execute()
    refusal = (403, body("account_deleted", "This account has been deleted."))
    assert answer(client.session.post("/products", json=MUG)) == refusal
    assert answer(client.session.get("/products")) == refusal
    assert products(db) == 0
