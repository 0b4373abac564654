"""What a dashboard reads: one row per product, by indexes, and 304 for what it has already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from psycopg.types.json import Jsonb

from tests.database import make_product, make_user, user_claims
from tests.postgrest import token
from tests.rows import make_pack, make_result

if TYPE_CHECKING:
    import uuid

    from tests.database import Database, Row, Session
    from tests.postgrest import RunningPostgrest

CONFIGURATION = {"schema_version": "1.0", "headline": "A lamp", "score": {"band": "above"}}
SENTIMENT = {"schema_version": "1.0", "overall": {"label": "positive", "net": 0.31}}
OVERVIEW = "select * from public.product_overview order by created_at desc, id desc limit 20"
QUERIES = {
    "list of products": OVERVIEW.replace("product_overview", "products"),
    "overview": OVERVIEW,
    "one product": "select * from public.product_overview where id = %s",
    "packs of a product": "select * from public.virality_packs where product_id = %s"
    " order by created_at desc limit 1",
    "results of a product": "select * from public.analysis_results where product_id = %s"
    " order by created_at desc limit 10",
    "jobs of a product": "select * from public.jobs where product_id = %s"
    " order by created_at desc limit 1",
    "scripts": "select * from public.scripts order by created_at desc limit 20",
    "rules": "select * from public.brand_rules order by created_at desc limit 20",
}


def get(
    postgrest: RunningPostgrest, user: uuid.UUID | None, path: str, **headers: str
) -> httpx.Response:
    if user:
        headers["Authorization"] = f"Bearer {token(user_claims(user))}"
    return httpx.get(postgrest.url + path, headers=headers)


def test_a_new_product_shows_its_job(db: Database) -> None:
    product = make_product(db, make_user())
    with db.as_user(product["user_id"]) as owner:
        row = owner.row(OVERVIEW)
        job = owner.row("select * from public.jobs")
    unknown = "pack_id pack_name pack_score score_band headline pack_created_at sentiment_label"
    unknown += " sentiment_net job_error_code job_error_message"
    nothing = dict.fromkeys(unknown.split())
    assert row == product | nothing | {
        "job_id": job["id"],
        "job_kind": "analyze_product",
        "job_status": "queued",
        "job_stage": "queued",
        "job_progress": 0,
    }


def test_an_analyzed_product_shows_its_newest_scores(db: Database) -> None:
    product = make_product(db, make_user())
    owned = (db, product["user_id"])
    make_pack(*owned, product_id=product["id"], created_at="2026-01-01")
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
    }
    assert {name: row[name] for name in expected} == expected


def test_other_users_see_nothing(db: Database) -> None:
    make_product(db, make_user())
    with db.as_user(make_user()) as other:
        assert other.rows(OVERVIEW) == []


def sequential_scans(session: Session, query: str, product_id: uuid.UUID) -> set[str]:
    parameters = [product_id] if "%s" in query else []
    [plan] = session.value("explain (format json) " + query, *parameters)

    def walk(node: Row) -> set[str]:
        found = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
        return found.union(*(walk(child) for child in node.get("Plans", [])))

    return walk(plan["Plan"])


FILL = """
insert into public.products (user_id, name, source_url)
select
    case n % 1000 when 0 then '{user}' else md5((n % 1000)::text)::uuid end,
    'Lamp', 'https://shop.example/' || n
from generate_series(1, 20000) as n;
insert into public.analysis_results (product_id, user_id, type, content, engine)
select id, user_id, 'sentiment_summary', '{"schema_version": 1}', 'embedded'
from public.products, generate_series(1, 5);
insert into public.virality_packs (product_id, user_id, name, configuration)
select id, user_id, name, '{"schema_version": 1}' from public.products;
insert into public.jobs (product_id, user_id, kind)
select id, user_id, 'analyze_product' from public.products;
insert into public.scripts (product_id, user_id, content)
select id, user_id, 'Look.' from public.products;
insert into public.brand_rules (user_id, rule_name, rule_definition)
select user_id, id::text, '{"severity": "error"}' from public.products;
analyze;
"""


def fill(db: Database, user: uuid.UUID) -> None:
    """20,000 products of 1,000 accounts with what hangs on them; one account is `user`."""
    with db.as_superuser() as session:
        session.execute("set local session_replication_role = replica")
        session.execute(FILL.replace("{user}", str(user)))


def test_what_a_dashboard_asks_is_answered_by_indexes(db: Database) -> None:
    user = make_user()
    fill(db, user)
    with db.as_user(user) as owner:
        one = owner.value("select id from public.products limit 1")
        scans = {name: sequential_scans(owner, query, one) for name, query in QUERIES.items()}
    assert scans == {name: set() for name in QUERIES}


@pytest.mark.parametrize("path", ["/products", "/product_overview"])
def test_what_did_not_change_is_not_sent_again(
    db: Database, postgrest: RunningPostgrest, path: str
) -> None:
    user = make_product(db, make_user())["user_id"]
    first = get(postgrest, user, path)
    again = get(postgrest, user, path, **{"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "change",
    [
        "update public.products set name = 'Chair'",
        "delete from public.products",
        "update public.jobs set progress = 50",
        "update public.jobs set status = 'succeeded', finished_at = now()",
        "update public.virality_packs set name = 'Renamed'",
        "delete from public.virality_packs",
        "update public.scripts set content = 'Look again.'",
        "delete from public.scripts",
    ],
)
def test_what_changed_is_sent(db: Database, change: str) -> None:
    product = make_product(db, make_user())
    make_pack(db, product["user_id"], product_id=product["id"])
    with db.as_user(product["user_id"]) as owner:
        owner.execute(
            "insert into public.scripts (product_id, content) values (%s, 'Look.')", product["id"]
        )
        before = owner.value("select private.read_tag()")
    db.execute(change)
    with db.as_user(product["user_id"]) as owner:
        assert owner.value("select private.read_tag()") != before


def test_work_that_began_and_failed_between_two_reads_is_sent(db: Database) -> None:
    product = make_product(db, make_user())
    end_jobs(db, "succeeded")
    with db.as_user(product["user_id"]) as owner:
        before = owner.value("select private.read_tag()")
    with db.as_user(product["user_id"]) as owner:
        owner.execute("select public.run_analysis(%s)", product["id"])
    end_jobs(db, "failed")
    assert db.value("select count(*) from public.jobs where status = 'failed'") == 1
    with db.as_user(product["user_id"]) as owner:
        assert owner.value("select private.read_tag()") != before


def end_jobs(db: Database, status: str) -> None:
    db.execute("select private.end_job(job_id, %s) from private.live_jobs", status)


def test_a_tag_of_another_account_is_no_excuse(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_product(db, make_user())["user_id"]
    tag = get(postgrest, make_user(), "/products").headers["ETag"]
    assert get(postgrest, user, "/products", **{"If-None-Match": tag}).status_code == 200


def test_reads_are_kept_by_nobody_else(db: Database, postgrest: RunningPostgrest) -> None:
    answer = get(postgrest, make_user(), "/brand_rules")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization"


def test_plans_may_be_kept(postgrest: RunningPostgrest) -> None:
    assert get(postgrest, None, "/plans").headers["Cache-Control"] == "public, max-age=300"
