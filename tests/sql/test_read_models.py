"""What a dashboard reads: one row per product, by indexes, and 304 for what it has already."""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from psycopg.types.json import Jsonb

from local.postgrest import RUNTIME
from tests.database import Database, Session, make_product, make_user, user_claims
from tests.jobs import end_all
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, serve, token, version
from tests.rows import make_brand, make_pack, make_result
from tests.rules import make_script
from tests.server import TestServer

CONFIGURATION: dict[str, object] = {
    "schema_version": "1.0",
    "headline": "A lamp",
    "score": {"band": "above"},
}
CONFIGURATION["freshness"] = {"expires_at": "2026-12-01T00:00:00Z"}
SENTIMENT: dict[str, object] = {
    "schema_version": "1.0",
    "overall": {"label": "positive", "net": 0.31},
}
SENTIMENT["subject"] = {"source_kind": "sample"}
OVERVIEW = "select * from public.product_overview order by created_at desc, id desc limit 20"
OBJECT = "application/vnd.pgrst.object+json"


def get(
    postgrest: RunningPostgrest, user: uuid.UUID | None, path: str, **headers: str
) -> httpx.Response:
    return ask(postgrest, user, "GET", path, **headers)


def ask(
    postgrest: RunningPostgrest, user: uuid.UUID | None, method: str, path: str, **headers: str
) -> httpx.Response:
    if user:
        headers["Authorization"] = f"Bearer {token(user_claims(user))}"
    return httpx.request(method, postgrest.url + path, headers=headers, timeout=PATIENCE_SECONDS)


def test_a_new_product_shows_its_job(db: Database) -> None:
    product = make_product(db, make_user(db))
    with db.as_user(product["user_id"]) as owner:
        row = owner.row(OVERVIEW)
        job = owner.row("select * from public.jobs")
    unknown = "pack_id pack_name pack_score score_band headline pack_created_at sentiment_label"
    unknown += " sentiment_net job_error_code job_error_message is_sample"
    unknown += " pack_expires_at previous_score source_kind"
    nothing = dict.fromkeys(unknown.split())
    assert row == product | nothing | {
        "job_id": job["id"],
        "job_kind": "analyze_product",
        "job_status": "queued",
        "job_stage": "queued",
        "job_progress": 0,
        "script_count": 0,
    }


def test_an_analyzed_product_shows_its_newest_scores(db: Database) -> None:
    product = make_product(db, make_user(db))
    owned = (db, product["user_id"])
    make_pack(*owned, product_id=product["id"], created_at="2025-01-01", score=10)
    make_pack(*owned, product_id=product["id"], created_at="2026-01-01", score=20)
    make_script(db, product)
    pack = make_pack(*owned, product_id=product["id"], configuration=Jsonb(CONFIGURATION))
    make_result(*owned, product_id=product["id"], content=Jsonb(SENTIMENT))
    with db.as_user(product["user_id"]) as owner:
        row = owner.row(OVERVIEW)
    expected = {
        "pack_id": pack["id"],
        "pack_name": pack["name"],
        "pack_score": pack["score"],
        "score_band": "above",
        "headline": "A lamp",
        "sentiment_label": "positive",
        "sentiment_net": 0.31,
        "pack_expires_at": datetime(2026, 12, 1, tzinfo=UTC),
        "previous_score": 20,
        "script_count": 1,
        "source_kind": "sample",
    }
    assert {name: row[name] for name in expected} == expected


def test_products_and_their_parts_come_together_without_a_hint(
    db: Database, postgrest: RunningPostgrest
) -> None:
    product = make_product(db, make_user(db))
    user, product_id = product["user_id"], {"id": str(product["id"])}
    make_pack(db, user, product_id=product["id"])
    make_result(db, user, product_id=product["id"])
    with db.as_user(user) as owner:
        owner.execute(
            "insert into public.scripts (product_id, content) values (%s, 'Look.')", product["id"]
        )
    for whole in ("products", "product_overview"):
        for part in ("scripts", "virality_packs", "analysis_results", "jobs"):
            part_id = {"id": str(db.value(f"select id from public.{part}"))}
            down = get(postgrest, user, f"/{whole}?select=id,{part}(id)").json()
            assert (whole, part, down) == (whole, part, [product_id | {part: [part_id]}])
            up = get(postgrest, user, f"/{part}?select=id,{whole}(id)").json()
            assert (part, whole, up) == (part, whole, [part_id | {whole: product_id}])


def test_a_brand_comes_with_its_product_and_its_name_is_never_stale(
    db: Database, postgrest: RunningPostgrest
) -> None:
    product = make_product(db, make_user(db))
    user = product["user_id"]
    brand = make_brand(db, user)
    with db.as_user(user) as owner:
        owner.execute(
            "update public.products set brand_id = %s where id = %s", brand["id"], product["id"]
        )
    path = "/products?select=brands(name)"
    first = get(postgrest, user, path)
    assert first.json() == [{"brands": {"name": "Acme"}}]
    assert get(postgrest, user, "/product_overview?select=brands(name)").json() == first.json()
    with db.as_user(user) as owner:
        owner.execute("update public.brands set name = 'Globex' where id = %s", brand["id"])
    again = get(postgrest, user, path, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.json()) == (200, [{"brands": {"name": "Globex"}}])


def test_a_read_gives_a_thousand_rows_at_most(db: Database, postgrest: RunningPostgrest) -> None:
    product = make_product(db, make_user(db))
    db.execute(
        "insert into public.scripts (user_id, product_id, content)"
        " select %s, %s, 'Look.' from generate_series(1, 1001)",
        *(product["user_id"], product["id"]),
    )
    answer = get(postgrest, product["user_id"], "/scripts?select=id")
    assert (answer.status_code, len(answer.json())) == (200, 1000)


def test_other_users_see_nothing(db: Database) -> None:
    make_product(db, make_user(db))
    with db.as_user(make_user(db)) as other:
        assert other.rows(OVERVIEW) == []


DETAIL = "/products?select=*,virality_packs(*)"
TAGGED = [
    ("/product_overview", {}),
    ("/product_overview?limit=20", {"Prefer": "count=exact"}),
    ("/product_overview", {"Range-Unit": "items", "Range": "0-9"}),
    ("/product_overview", {"Accept": "text/csv"}),
    (DETAIL, {}),
    (DETAIL, {"Accept": OBJECT}),
    (DETAIL, {"Accept": OBJECT, "Prefer": "handling=lenient"}),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("path", "headers"), TAGGED)
def test_what_did_not_change_is_not_sent_again(
    db: Database, postgrest: RunningPostgrest, method: str, path: str, headers: dict[str, str]
) -> None:
    user = make_product(db, make_user(db))["user_id"]
    first = ask(postgrest, user, method, path, **headers)
    again = ask(
        postgrest, user, method, path, **headers, **{"If-None-Match": first.headers["ETag"]}
    )
    assert (first.is_success, again.status_code, again.content) == (True, 304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(("path", "headers"), TAGGED)
def test_what_changed_is_sent_again(
    db: Database, postgrest: RunningPostgrest, path: str, headers: dict[str, str]
) -> None:
    user = make_product(db, make_user(db))["user_id"]
    tag = ask(postgrest, user, "GET", path, **headers).headers["ETag"]
    db.execute("update public.products set name = 'Chair'")
    again = ask(postgrest, user, "GET", path, **headers, **{"If-None-Match": tag})
    assert again.is_success
    assert again.headers["ETag"] != tag
    assert "Chair" in again.text


def test_what_did_not_change_is_no_error_to_the_database(
    db: Database, postgrest: RunningPostgrest, postgres_server: TestServer
) -> None:
    user = make_product(db, make_user(db))["user_id"]
    tag = get(postgrest, user, "/products").headers["ETag"]
    log = postgres_server.data_dir / "server.log"
    since = log.stat().st_size
    assert get(postgrest, user, "/products", **{"If-None-Match": tag}).status_code == 304
    assert get(postgrest, user, "/products?nonsense=eq.1").status_code == 400
    errors = [line for line in log.read_text()[since:].splitlines() if "ERROR:" in line]
    assert len(errors) == 1, errors
    assert "nonsense" in errors[0]


def test_one_tag_of_several_is_enough(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_product(db, make_user(db))["user_id"]
    tag = get(postgrest, user, "/product_overview").headers["ETag"]
    tags = {"If-None-Match": f'"another", {tag}'}
    assert get(postgrest, user, "/product_overview", **tags).status_code == 304


def test_another_answer_to_the_same_path_has_another_tag(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_product(db, make_user(db))["user_id"]
    kinds = [{}, {"Accept": "text/csv"}, {"Prefer": "count=exact"}, {"Range": "0-0"}]
    tags = [get(postgrest, user, "/product_overview", **kind).headers["ETag"] for kind in kinds]
    assert len(set(tags)) == len(kinds)


def test_a_refused_read_has_no_tag(db: Database, postgrest: RunningPostgrest) -> None:
    answer = get(postgrest, make_user(db), "/product_overview?nonsense=eq.1")
    assert (answer.status_code, "ETag" in answer.headers) == (400, False)


def read_tag(db: Database, user_id: uuid.UUID) -> str:
    with db.as_user(user_id) as session:
        return tag_of(session)


def tag_of(session: Session) -> str:
    session.execute(
        "select set_config('request.method', 'GET', true),"
        " set_config('request.path', '/products', true), set_config('request.headers', '{}', true)"
    )
    session.execute("select private.before_request()")
    [tag] = session.value(
        "select jsonb_path_query_array(current_setting('response.headers')::jsonb, '$[*].ETag')"
    )
    return tag


@pytest.mark.parametrize(
    "change",
    [
        "update public.products set name = 'Chair'",
        "delete from public.products",
        "update public.products set last_analyzed_at = now()",
        "update public.jobs set progress = 50",
        "update public.jobs set status = 'succeeded', finished_at = now()",
        "update public.virality_packs set name = 'Renamed'",
        "delete from public.virality_packs",
        "update public.scripts set content = 'Look again.'",
        "delete from public.scripts",
    ],
)
def test_what_changed_is_sent(db: Database, change: str) -> None:
    product = make_product(db, make_user(db))
    make_pack(db, product["user_id"], product_id=product["id"])
    with db.as_user(product["user_id"]) as owner:
        owner.execute(
            "insert into public.scripts (product_id, content) values (%s, 'Look.')", product["id"]
        )
    before = read_tag(db, product["user_id"])
    db.execute(change)
    assert read_tag(db, product["user_id"]) != before


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_work_that_began_and_ended_between_two_reads_is_sent(db: Database, outcome: str) -> None:
    product = make_product(db, make_user(db))
    end_all(db, product["user_id"], "succeeded")
    before = read_tag(db, product["user_id"])
    with db.as_user(product["user_id"]) as owner:
        owner.execute("select public.run_analysis(%s)", product["id"])
    end_all(db, product["user_id"], outcome)
    assert db.value("select count(*) from public.jobs where status = %s", outcome) == 1
    assert read_tag(db, product["user_id"]) != before


def test_a_job_that_is_pruned_is_sent(db: Database) -> None:
    product = make_product(db, make_user(db))
    end_all(db, product["user_id"], "succeeded")
    db.execute("update public.jobs set created_at = now() - interval '31 days'")
    before = read_tag(db, product["user_id"])
    assert db.value("select private.prune_jobs()") == 1
    assert read_tag(db, product["user_id"]) != before


def test_a_tag_of_another_account_is_no_excuse(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_product(db, make_user(db))["user_id"]
    tag = get(postgrest, make_user(db), "/product_overview").headers["ETag"]
    answer = get(postgrest, user, "/product_overview", **{"If-None-Match": tag})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/products", "/brand_rules", "/jobs", "/rpc/account"])
def test_reads_are_kept_by_nobody_else(
    db: Database, postgrest: RunningPostgrest, path: str
) -> None:
    answer = get(postgrest, make_user(db), path)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_plans_may_be_kept(db: Database, postgrest: RunningPostgrest, method: str) -> None:
    answer = ask(postgrest, None, method, "/plans")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    # From 16 on PostgREST says what its own answers depend on.
    assert answer.headers.get("Vary") in (None, "Accept, Prefer, Range")


def test_plans_with_the_callers_subscription_in_them_are_kept_by_nobody_else(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    db.execute(
        "insert into public.subscriptions (user_id, stripe_subscription_id, plan, status)"
        " values (%s, 'sub_1', 'creator', 'active')",
        user,
    )
    answer = get(postgrest, user, "/plans?id=eq.creator&select=id,subscriptions(status)")
    assert answer.json() == [{"id": "creator", "subscriptions": [{"status": "active"}]}]
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert answer.headers["Vary"] == "Authorization"


def test_the_tokens_that_postgrest_remembers_have_a_limit(db: Database, tmp_path: Path) -> None:
    is_bounded = version() >= (14,)
    setting = {"jwt_cache_max_entries": "100"} if is_bounded else {"jwt_cache_max_lifetime": "300"}
    # Each some kB for ever, or until the process ends.
    outcome = nullcontext() if is_bounded else pytest.raises(httpx.TransportError)
    heap = RUNTIME if is_bounded else "-N1 -M12m"
    for postgrest in serve(db, tmp_path, heap, **setting):
        with outcome:
            show_tokens(postgrest, make_user(db), 5000)


def show_tokens(postgrest: RunningPostgrest, user: uuid.UUID, number: int) -> None:
    with httpx.Client(base_url=postgrest.url, timeout=PATIENCE_SECONDS) as client:
        for nonce in range(number):
            access_token = token(user_claims(user) | {"nonce": nonce})
            client.get("/plans", headers={"Authorization": f"Bearer {access_token}"})
