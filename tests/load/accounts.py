"""The accounts of the load: a real analysis, copied to every product of every account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row

from local import clerk, postgres
from tests.flow.stack import add_product, finished, wait_until
from tests.load.world import VIDEOS, World

PRODUCTS = 12
ANALYSES = 3  # of each product, a week apart
SCRIPTS = 2  # of each product
PLAN = "creator"

# What `typical` counts: the tables that grow with the use of an account.
TABLES = (
    "public.products",
    "public.jobs",
    "public.analysis_results",
    "public.virality_packs",
    "public.analysis_numbers",
    "public.scripts",
    "public.notifications",
    "public.brand_rules",
)

_OPEN = "select user_id from private.resolve_identity(%s, %s, %s)"
_ACCOUNTS = """
create table load_accounts (number integer primary key, id uuid not null);
alter table load_accounts enable row level security;
"""
# With its triggers: they prepare the search for phrases.
_RULES = """
insert into public.brand_rules (user_id, rule_name, rule_definition)
select a.id, r.rule_name, r.rule_definition
from load_accounts as a, private.starter_rules as r where r.pack = 'ftc'
"""
_PRODUCTS = """
insert into public.products (id, user_id, name, source_url, created_at, updated_at,
    last_analyzed_at)
select
    gen_random_uuid(), a.id, 'Cold brew bottle ' || n,
    %(videos)s || (7300000000 + a.number * 100 + n),
    t.at, t.at, t.at + interval '30 seconds'
from load_accounts as a, generate_series(1, %(products)s) as n,
    lateral (select now() - make_interval(days => 30, hours => n) as at) as t
"""
_ANALYSES = """
create temp table analyses as
select
    p.id as product_id, p.user_id, gen_random_uuid() as job_id,
    now() - make_interval(days => 7 * n, mins => (random() * 1000)::integer) as at
from public.products as p join load_accounts as a on p.user_id = a.id,
    generate_series(0, %(analyses)s - 1) as n
"""
_ROWS = (
    """
    insert into public.jobs (id, user_id, product_id, kind, status, stage, progress, created_at,
        started_at, finished_at)
    select job_id, user_id, product_id, 'analyze_product', 'succeeded', 'done', 100, at,
        at + interval '1 second', at + interval '30 seconds'
    from analyses
    """,
    """
    insert into public.analysis_results
        (product_id, user_id, job_id, type, content, engine, created_at)
    select a.product_id, a.user_id, a.job_id, r.type, r.content, r.engine, a.at
    from analyses as a, public.analysis_results as r where r.product_id = %(template)s
    """,
    """
    insert into public.virality_packs
        (product_id, user_id, job_id, name, configuration, score, created_at, expires_at)
    select a.product_id, a.user_id, a.job_id, v.name, v.configuration, v.score, a.at,
        a.at + interval '30 days'
    from analyses as a, public.virality_packs as v where v.product_id = %(template)s
    """,
    """
    insert into public.analysis_numbers (user_id, product_id, created_at, video, basis, band,
        stands_out, stands_out_low, stands_out_high, ratio, ratio_low, ratio_high, net, net_low,
        net_high, comments, complaints, complaint_counts, views_per_hour, stage, price, currency)
    select a.user_id, a.product_id, a.at, n.video, n.basis, n.band,
        n.stands_out, n.stands_out_low, n.stands_out_high, n.ratio, n.ratio_low, n.ratio_high,
        n.net, n.net_low, n.net_high, n.comments, n.complaints, n.complaint_counts,
        n.views_per_hour, n.stage, n.price, n.currency
    from analyses as a, public.analysis_numbers as n where n.product_id = %(template)s
    """,
    """
    insert into public.notifications (user_id, kind, product_id, text, created_at, read_at)
    select a.user_id, n.kind, a.product_id, n.text, a.at,
        case when a.at < now() - interval '6 days' then now() end
    from analyses as a, public.notifications as n where n.product_id = %(template)s
    """,
    """
    insert into public.scripts (user_id, product_id, title, content, created_at, updated_at)
    select p.user_id, p.id, 'Script ' || n, repeat('Look at this bottle: it keeps cold. ', 20),
        now(), now()
    from public.products as p join load_accounts as a on p.user_id = a.id,
        generate_series(1, %(scripts)s) as n
    """,
    """
    insert into public.subscriptions
        (user_id, stripe_subscription_id, plan, status, current_period_end)
    select id, 'sub_load_' || number, %(plan)s, 'active', now() + interval '20 days'
    from load_accounts
    """,
)


@dataclass(frozen=True)
class Size:
    """Bytes of a table with its indexes and long values, and its rows."""

    rows: int
    bytes: int

    @property
    def each(self) -> float:
        """Bytes of a row."""
        return self.bytes / max(1, self.rows)


def seed(world: World, users: int) -> dict[str, Size]:
    """Fills the accounts of `users` people; the sizes of the tables with these rows."""
    stack = world.stack
    with stack.sign_in("template") as client:
        product = add_product(client, f"{VIDEOS}7399999999", "Cold brew bottle")
        job = wait_until(client, product, finished)
    if job["status"] != "succeeded":
        raise SystemExit(f"The first analysis failed: {job}\n{stack.log()}")
    given = {
        "template": product["id"],
        "videos": VIDEOS,
        "products": PRODUCTS,
        "analyses": ANALYSES,
        "scripts": SCRIPTS,
        "plan": PLAN,
    }
    issuer = f"http://127.0.0.1:{stack.settings.clerk_port}"
    with connect(world) as db:
        db.execute(_ACCOUNTS)
        for number in range(1, users + 1):
            row = db.execute(_OPEN, (issuer, clerk.subject(f"load-{number}"), uuid.uuid4()))
            db.execute("insert into load_accounts values (%s, %s)", (number, _the(row)))
        db.execute(_RULES)
        # Triggers would queue an analysis for each product.
        db.execute("set session_replication_role = replica")
        for statement in (_PRODUCTS, _ANALYSES, *_ROWS):
            db.execute(statement, given)
        db.execute("set session_replication_role = origin")
        db.execute("vacuum (analyze)")
        return {name: _size(db, name) for name in TABLES}


def connect(world: World) -> psycopg.Connection[dict[str, object]]:
    """As the server's superuser: what a person measures with, no part of the load."""
    stack = world.stack
    server = postgres.start(stack.layout.data, stack.settings.db_port)  # it runs
    return psycopg.connect(server.superuser_url(), autocommit=True, row_factory=dict_row)


def _size(db: psycopg.Connection[dict[str, object]], name: str) -> Size:
    row = db.execute(
        "select (select count(*) from " + name + ") as rows,"
        " pg_total_relation_size(%s::regclass) as bytes",
        (name,),
    ).fetchone()
    assert row is not None
    return Size(int(str(row["rows"])), int(str(row["bytes"])))


def _the(cursor: psycopg.Cursor[dict[str, object]]) -> object:
    row = cursor.fetchone()
    assert row is not None
    return row["user_id"]
