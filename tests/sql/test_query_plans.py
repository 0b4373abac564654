"""The plans of every documented query, as PostgREST really sends it, among many accounts' rows.

PostgreSQL logs each plan with what it read (auto_explain), those of policies, of the pre-request
and of functions too. The tables hold 6,000 products and 60,000 results instead of the 100,000 and
the million that are promised; PROVE=1 fills them whole. What an index gives stays as much when
tables grow, and a sequential scan only costs more: a plan that avoids it here avoids it there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.amount import rounds
from tests.benchmarks.api import data
from tests.benchmarks.jobs.target import Target
from tests.database import Database, Row, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, serve, token
from tests.rules import banned
from tests.server import TestServer, migrate, prepare

ACCOUNTS = rounds(300, full=5000)
ACCOUNT = 17
OWNER = data.account_id(ACCOUNT)
PRODUCT = data.product_id(ACCOUNT, 3)
PRODUCTS = ",".join(data.product_id(ACCOUNT, number) for number in range(data.PRODUCTS_EACH))
# What an account has most of is results; nothing may look at more rows of one table than that.
MAX_ROWS = data.PRODUCTS_EACH * data.RESULTS_EACH
# A few rows, the same for everybody.
SMALL = {"plans", "queues", "job_kinds", "waiting_workers", "ids_in_flight"}

NEWEST = "order=created_at.desc,id.desc&limit=20"
BEFORE = f"created_at=lte.{{moment}}&or=(created_at.lt.{{moment}},id.lt.{PRODUCT})"
OF_PRODUCT = f"product_id=eq.{PRODUCT}"

READS = [
    f"/products?{NEWEST}",
    f"/products?{BEFORE}&{NEWEST}",
    f"/products?id=eq.{PRODUCT}&select=*,virality_packs(*)",
    f"/products?id=eq.{PRODUCT}&select=*,virality_packs(*),analysis_results(*),scripts(*),jobs(*)",
    (
        f"/products?id=eq.{PRODUCT}&select=*,virality_packs(*),analysis_results(*)"
        "&virality_packs.order=created_at.desc&virality_packs.limit=1"
        "&analysis_results.order=created_at.desc&analysis_results.limit=10"
    ),
    f"/product_overview?{NEWEST}",
    f"/product_overview?{BEFORE}&{NEWEST}",
    f"/product_overview?id=eq.{PRODUCT}",
    f"/analysis_results?{OF_PRODUCT}",
    f"/analysis_results?{OF_PRODUCT}&type=eq.sentiment_summary&order=created_at.desc&limit=1",
    "/analysis_results?order=created_at.desc&limit=20",
    f"/analysis_results?product_id=in.({PRODUCTS})&type=eq.sentiment_summary",
    f"/virality_packs?{OF_PRODUCT}&order=created_at.desc&limit=1",
    "/virality_packs?order=created_at.desc&limit=20",
    "/jobs?order=created_at.desc&limit=20",
    "/jobs?status=in.(queued,running,waiting)",
    f"/jobs?{OF_PRODUCT}&order=created_at.desc&limit=1",
    "/jobs?id=eq.{job}",
    "/scripts?order=created_at.desc&limit=20",
    f"/scripts?{OF_PRODUCT}&select=*,script_versions(*)",
    "/scripts?id=eq.{script}",
    "/script_versions?script_id=eq.{script}&order=version.desc",
    "/brand_rules?order=created_at.desc&limit=20",
    "/brand_rules?enabled=is.true",
    "/subscriptions",
    "/plans",
    "/rpc/account",
]
CALLS = {
    "/products": {"name": "Oak shelf", "source_url": "https://shop.example/oak"},
    "/rpc/run_analysis": {"product_id": PRODUCT},
    "/rpc/check_compliance": {"content": "Look at this lamp."},
}
_MORE = """
set session_replication_role = replica;
insert into public.brand_rules (user_id, rule_name, rule_definition)
select user_id, 'Rule ' || n, '{banned}'
from (select distinct user_id from public.products) as a, generate_series(1, 5) as n;
insert into public.brands (user_id, name)
select user_id, 'Brand ' || n
from (select distinct user_id from public.products) as a, generate_series(1, 10) as n;
insert into public.script_versions (script_id, user_id, version, content)
select id, user_id, n, content from public.scripts, generate_series(1, 3) as n;
insert into private.usage (user_id, metric, month, used)
select user_id, metric, date_trunc('month', now()), 1
from (select distinct user_id from public.products) as a, unnest('{analyses,scripts}'::text[])
    as metric;
insert into private.accounts (id, issuer, subject)
select gen_random_uuid(), 'https://clerk.example', 'user_' || n from generate_series(1, 10000) as n;
insert into public.accounts (id)
select id from private.accounts on conflict do nothing;
insert into private.live_jobs (job_id, msg_id, tenant, kind, key)
select id, row_number() over (), user_id, kind, product_id
from public.jobs where user_id <> '{owner}';
insert into private.tiktok_connections (
    user_id, open_id, scopes, access_token, refresh_token, access_ends_at, refresh_ends_at
)
select user_id, user_id, 'video.list', repeat('a', 200), repeat('r', 200), now(), now()
from (select distinct user_id from public.products) as a;
insert into public.subscriptions (user_id, stripe_subscription_id, plan, status)
select user_id, user_id, 'creator', 'active'
from (select distinct user_id from public.products) as a;
analyze;
"""
# What sleeps in the queue, and what is due in another one.
_MESSAGES_OF_OTHERS = """
insert into pgmq.q_jobs (message, headers, vt, enqueued_at)
select '{}', jsonb_build_object('queue', t.queue, 'tenant', n % 10), t.vt, clock_timestamp()
from generate_series(1, 3000) as n,
    (values ('ingestion', now() + interval '1 hour'), ('scripts', now())) as t (queue, vt)
"""
_LOGGING = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
}
_LOGGED = re.compile(r"LOG:  duration: [\d.]+ ms  plan:\n((?:\t.*\n)+)")


class Plans:
    """A PostgREST, and what PostgreSQL logged of the statements that it sent."""

    def __init__(self, db: Database, postgrest: RunningPostgrest, log: Path) -> None:
        self.db, self._url, self._log = db, postgrest.url, log
        self._headers = {"Authorization": f"Bearer {token(user_claims(OWNER))}"}

    def of(self, method: str, path: str, **request: object) -> list[Row]:
        """The plans of a request's statements, in the order in which they ended."""
        headers = self._headers | dict(request.pop("headers", {}))
        with self.logged() as plans:
            answer = httpx.request(
                method, self._url + path, headers=headers, timeout=PATIENCE_SECONDS, **request
            )
        assert answer.status_code < 300, answer.text
        assert any("pgrst_source" in plan["Query Text"] for plan in plans)
        return plans

    @contextmanager
    def logged(self) -> Iterator[list[Row]]:
        """The plans of what is done inside; filled at its end."""
        since, plans = self._log.stat().st_size, []
        yield plans
        with self._log.open() as log:
            log.seek(since)
            plans += [json.loads(text) for text in _LOGGED.findall(log.read())]

    def path(self, template: str) -> str:
        """With ids that the database chose."""
        one = "select id, created_at from public.{} where user_id = %s limit 1"
        job, script = (self.db.row(one.format(name), OWNER) for name in ("jobs", "scripts"))
        moment = self.db.value("select created_at from public.products where id = %s", PRODUCT)
        return (
            template.replace("{job}", str(job["id"]))
            .replace("{script}", str(script["id"]))
            .replace("{moment}", moment.isoformat().replace("+", "%2B"))
        )


@pytest.fixture(scope="module")
def plans(postgres_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plans]:
    host, port = postgres_server.host, postgres_server.port
    target = Target(host, port, "plans", None)
    with psycopg.connect(replace(target, database="postgres").url(), autocommit=True) as admin:
        admin.execute("create database plans")
    prepare(host, port, "plans")
    migrate(host, port, "plans")
    data.fill(target, data.Size(ACCOUNTS))
    with psycopg.connect(target.url(), autocommit=True) as admin:
        more = _MORE.replace("{banned}", json.dumps(banned("miracle"))).replace("{owner}", OWNER)
        admin.execute(more)
        for setting, value in _LOGGING.items():
            admin.execute(f"alter database plans set {setting} = '{value}'")
    db = Database(host, port, "plans")
    for postgrest in serve(db, tmp_path_factory.mktemp("plans")):
        yield Plans(db, postgrest, postgres_server.data_dir / "server.log")
    db.connection.close()


def scans(plan: Row) -> Iterator[tuple[str, str, int]]:
    """Each scan of a table: how, which, and how many rows it looked at in all."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        seen = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        rows = round(seen * plan["Actual Loops"])
        yield plan["Node Type"], plan["Relation Name"], rows
    for child in plan.get("Plans", []):
        yield from scans(child)


def costly(logged: list[Row]) -> list[str]:
    """Scans that grow with other accounts' rows."""
    found = [
        (f"{how} of {table}: {rows} rows for {plan['Query Text']}", how, table, rows)
        for plan in logged
        for how, table, rows in scans(plan["Plan"])
        if table not in SMALL
    ]
    return [text for text, how, _, rows in found if how == "Seq Scan" or rows > MAX_ROWS]


@pytest.mark.parametrize("path", READS)
def test_a_read_looks_at_the_accounts_own_rows_only(plans: Plans, path: str) -> None:
    assert costly(plans.of("GET", plans.path(path))) == []


@pytest.mark.parametrize("path", ["/product_overview?limit=20", f"/products?id=eq.{PRODUCT}"])
def test_so_does_what_makes_a_tag(plans: Plans, path: str) -> None:
    logged = plans.of("GET", path)
    assert any("md5" in plan["Query Text"] for plan in logged)
    assert costly(logged) == []


@pytest.mark.parametrize("path", CALLS)
def test_a_call_looks_at_the_accounts_own_rows_only(plans: Plans, path: str) -> None:
    assert costly(plans.of("POST", path, json=CALLS[path])) == []


def test_an_overview_looks_up_one_row_of_each_kind_for_each_product(plans: Plans) -> None:
    older = plans.path("/product_overview?created_at=lt.{moment}&order=created_at.desc&limit=10")
    [query] = [plan for plan in plans.of("GET", older) if "pgrst_source" in plan["Query Text"]]
    assert {table: (how, rows) for how, table, rows in scans(query["Plan"])} == {
        "products": ("Index Scan", 10),
        "virality_packs": ("Index Scan", 10),
        "analysis_results": ("Index Scan", 10),
        "jobs": ("Index Scan", 10),
        "scripts": ("Index Scan", 1),
    }


@pytest.mark.parametrize("path", [READS[0], READS[5]])
def test_a_page_further_on_begins_where_the_last_one_ended(plans: Plans, path: str) -> None:
    moment = "created_at=lte.2026-01-01"
    [query] = [
        plan for plan in plans.of("GET", f"{path}&{moment}") if "pgrst_source" in plan["Query Text"]
    ]
    assert [rows for _, table, rows in scans(query["Plan"]) if table == "products"] == [0]


def test_a_table_without_an_index_would_be_noticed(plans: Plans) -> None:
    path = "/analysis_results?engine=eq.embedded&user_id=not.is.null"
    assert costly(plans.of("GET", path)) == []
    index = "public.analysis_results_user_id_created_at_idx"
    made = plans.db.value("select pg_get_indexdef(%s::regclass)", index)
    plans.db.execute(f"drop index {index}")
    try:
        assert costly(plans.of("GET", path)) != []
    finally:
        plans.db.execute(made)


def test_a_claim_looks_at_what_it_takes_only(plans: Plans) -> None:
    """Whatever else is there. Its plans are kept: those of an empty queue, those of a full one."""
    with plans.db.connect("worker") as worker:
        claimed(worker)
        plans.db.execute(
            "select private.enqueue('analyze_product', u.user_id) from generate_series(1, 50),"
            " (select user_id from public.products group by 1 order by 1 limit 100) as u"
        )
        plans.db.execute(_MESSAGES_OF_OTHERS)
        plans.db.execute("analyze")
        with plans.logged() as kept:
            assert len(claimed(worker)) == 40
    with plans.db.connect("worker") as worker, plans.logged() as made:
        assert len(claimed(worker)) == 40
    for logged in (kept, made):
        assert any("pgmq.q_jobs" in plan["Query Text"] for plan in logged)
        assert costly(logged) == []


def claimed(worker: psycopg.Connection[Row]) -> list[Row]:
    """What four claims take, each after all that the one before took was completed."""
    cursor, taken = None, []
    claim = "select msg_id, read_ct, cursor::text from private.claim('ingestion', 10, 30, %s)"
    for _ in range(4):
        rows = worker.execute(claim, (cursor,)).fetchall()
        for row in rows:
            worker.execute("select private.complete(%s, %s)", (row["msg_id"], row["read_ct"]))
        taken += rows
        cursor = rows[-1]["cursor"] if rows else None
    return taken
