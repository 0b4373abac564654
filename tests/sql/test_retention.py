"""Retention: every table has a bound: it is pruned, hangs on a parent, or a plan limits it."""

from __future__ import annotations

import pytest

from tests.database import Database, make_user

# A table → the one that its rows are deleted with: a reference that cascades and is never null.
PARENTS = {
    "private.api_key_hashes": "public.api_keys",
    "private.apify_webhooks": "public.jobs",
    "private.charges": "public.jobs",
    "private.dead_letters": "public.jobs",
    "private.live_jobs": "public.jobs",
    "private.semaphore_holders": "private.semaphores",
    "private.share_keys": "public.shares",
    "private.watches": "public.products",
    "private.endpoint_secrets": "public.webhook_endpoints",
    "private.endpoint_states": "public.webhook_endpoints",
    "public.analysis_numbers": "public.products",
    "public.analysis_results": "public.products",
    "public.competitors": "public.products",
    "public.script_versions": "public.scripts",
    "public.virality_packs": "public.products",
}
# A table → the column of public.plans that limits an account's rows.
PLAN_LIMITS = {
    "public.products": "max_products",
    "public.scripts": "max_scripts",
    "public.brand_rules": "max_brand_rules",
    "public.brands": "max_brands",
}
# A table → the function that deletes what is too old, and how a row gets old.
PRUNED = {
    "public.jobs": "prune_jobs",
    "public.notifications": "prune_records",
    "public.api_keys": "prune_records",
    "public.audit_events": "prune_records",
    "public.shares": "prune_records",
    "public.webhook_deliveries": "prune_records",
    "private.clerk_events": "prune_records",
    "private.usage": "prune_records",
    "private.tiktok_states": "prune_records",
    "private.tiktok_revocations": "prune_records",
    "private.stripe_events": "requeue_billing",
    "private.source_runs": "runs_to_delete",
    "private.spending": "runs_to_delete",
}
# One row (or one of each class) for an account; goes with it.
ONE_PER_ACCOUNT = {
    "private.request_counts",
    "private.score_records",
    "private.stripe_customers",
    "private.tiktok_connections",
}
# What people, their payments and workers are; stays as long as they do.
ONE_PER_THING_OUTSIDE = {
    "public.accounts": "a person at Clerk; goes with the erasure",
    "private.memberships": "a member of an organisation at Clerk; goes with either",
    "private.accounts": "a person at Clerk; kept as the tombstone after that",
    "public.subscriptions": "a subscription at Stripe",
    "private.stripe_account": "the one account at Stripe",
    "private.endpoint_keys": "a key of the workers' settings",
    "private.cell_accounts": "an account of some cell",
    "private.cell_handles": "a customer at Stripe or an API key; goes with its account",
    "private.cell_moves": "the latest move of an account; goes with it",
    "private.waiting_workers": "a worker; forgotten ten minutes after it was last there",
}
# A table → how many rows of it an account may have, whatever its plan.
PER_ACCOUNT = {"public.webhook_endpoints": 10}
# Rows come with supabase/seed, not with use.
CONFIGURATION = {
    "private.cells",  # an operator adds them
    "private.job_kinds",
    "private.semaphores",
    "private.plan_prices",
    "private.queues",
    "private.schedules",
    "private.spending_limits",
    "private.starter_rules",
    "public.plans",
}
BOUNDED = (
    PARENTS.keys()
    | PLAN_LIMITS.keys()
    | PRUNED.keys()
    | PER_ACCOUNT.keys()
    | ONE_PER_ACCOUNT
    | ONE_PER_THING_OUTSIDE.keys()
    | CONFIGURATION
    | {"private.ids_in_flight"}  # each request deletes what it inserts
)
TABLES = """
select format('%I.%I', n.nspname, c.relname) as name
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
"""


def unbounded(db: Database) -> set[str]:
    return {row["name"] for row in db.rows(TABLES)} - BOUNDED


def test_every_table_has_a_bound(db: Database) -> None:
    assert unbounded(db) == set()
    assert {row["name"] for row in db.rows(TABLES)} >= BOUNDED, "A bound of a table that is gone."
    db.execute("create table private.probes (id uuid primary key)")
    assert unbounded(db) == {"private.probes"}


def test_what_hangs_on_a_parent_goes_with_it(db: Database) -> None:
    query = (
        "select conrelid::regclass::text as child, confrelid::regclass::text as parent"
        " from pg_constraint as f join pg_attribute as a on a.attrelid = f.conrelid"
        " and a.attnum = f.conkey[1] where contype = 'f' and confdeltype = 'c' and attnotnull"
    )
    found = {(row["child"], row["parent"]) for row in db.rows(query)}
    shown = {
        (child.removeprefix("public."), parent.removeprefix("public."))
        for child, parent in PARENTS.items()
    }
    known = {
        (child.removeprefix("public."), parent.removeprefix("public.")) for child, parent in found
    }
    assert shown - known == set()


@pytest.mark.parametrize(("table", "column"), PLAN_LIMITS.items())
def test_a_plan_limits_what_an_account_keeps(db: Database, table: str, column: str) -> None:
    assert db.value(f"select bool_and({column} > 0) from public.plans") is True
    query = (
        "select count(*) from pg_trigger where tgrelid = %s::regclass"
        " and tgfoid = 'private.require_quota'::regproc"
    )
    assert db.value(query, table) == 1


# A table → how a row of each age comes into it; an age that is too much, one that isn't.
_JOBS = """
insert into public.jobs (kind, status, created_at, finished_at)
select 'noop', 'succeeded', now() - a, now() from {ages} as a
"""
_CLERK_EVENTS = """
insert into private.clerk_events (id, type, outcome, received_at)
select a::text, 'user.updated', 'ignored', now() - a from {ages} as a
"""
_USAGE = """
insert into private.usage (user_id, metric, month, used)
select '{user}', 'analyses', private.current_month() - a, 1 from {ages} as a
"""
_STATES = """
insert into private.tiktok_states (state_hash, user_id, verifier, created_at)
select sha256(a::text::bytea), '{user}', 'v', now() - a from {ages} as a
"""
_REVOCATIONS = """
insert into private.tiktok_revocations (access_token, refresh_token, created_at)
select 'a', 'r', now() - a from {ages} as a
"""
_STRIPE_EVENTS = """
insert into private.stripe_events
(id, type, status, created, is_live, body_sha256, received_at)
select 'evt_' || row_number() over (), 'ping', 'ignored', now(), false, '', now() - a
from {ages} as a
"""
_SOURCE_RUNS = """
insert into private.source_runs (job_id, name, usd, started_at)
select gen_random_uuid(), 'posts', 0.5, now() - a from {ages} as a
"""
_SPENDING = """
insert into private.spending (user_id, day, usd)
select '{user}', (now() - a)::date, 1 from {ages} as a
"""
_NOTIFICATIONS = """
insert into public.notifications (user_id, kind, text, created_at)
select '{user}', 'breakout', 'A breakout.', now() - a from {ages} as a
"""
_AUDIT_EVENTS = """
insert into public.audit_events (user_id, action, target_kind, created_at)
select '{user}', 'export', 'account', now() - a from {ages} as a
"""
_API_KEYS = """
insert into public.api_keys (user_id, name, scopes, last_characters, expires_at, revoked_at)
select '{user}', 'CI', '{{read}}', '0000', now() + interval '1 day', now() - a from {ages} as a
"""
_SHARES = """
with pack as (
    insert into public.products (user_id, name, source_url)
    values ('{user}', 'Lamp', 'https://shop.example/lamp') returning id
), made as (
    insert into public.virality_packs (product_id, user_id, name, configuration)
    select id, '{user}', 'Lamp', '{{"schema_version": 1}}' from pack returning id
)
insert into public.shares (user_id, pack_id, expires_at)
select '{user}', made.id, now() - a from made, {ages} as a
"""
_DELIVERIES = """
with made as (
    insert into public.webhook_endpoints (user_id, url)
    values ('{user}', 'https://hooks.example/in') returning id
)
insert into public.webhook_deliveries (user_id, endpoint_id, kind, payload, created_at)
select '{user}', made.id, 'breakout', '{{}}', now() - a from made, {ages} as a
"""
OLD_AND_NEW = {
    "public.webhook_deliveries": (_DELIVERIES, ("31 days", "29 days")),
    "public.api_keys": (_API_KEYS, ("31 days", "29 days")),
    "public.audit_events": (_AUDIT_EVENTS, ("1 year 1 day", "1 year -1 day")),
    "public.shares": (_SHARES, ("25 hours", "23 hours")),
    "public.jobs": (_JOBS, ("31 days", "29 days")),
    "public.notifications": (_NOTIFICATIONS, ("91 days", "89 days")),
    "private.clerk_events": (_CLERK_EVENTS, ("91 days", "89 days")),
    "private.usage": (_USAGE, ("14 months", "13 months")),
    "private.tiktok_states": (_STATES, ("11 minutes", "9 minutes")),
    "private.tiktok_revocations": (_REVOCATIONS, ("31 days", "29 days")),
    "private.stripe_events": (_STRIPE_EVENTS, ("91 days", "89 days")),
    "private.source_runs": (_SOURCE_RUNS, ("9 days", "7 days")),
    "private.spending": (_SPENDING, ("37 days", "33 days")),
}


@pytest.mark.parametrize(("table", "function"), PRUNED.items())
def test_what_is_too_old_is_deleted_and_what_is_not_stays(
    db: Database, table: str, function: str
) -> None:
    insert, ages = OLD_AND_NEW[table]
    spans = ", ".join(f"interval '{age}'" for age in ages)
    db.execute(insert.format(ages=f"unnest(array[{spans}])", user=make_user(db)))
    with db.as_worker() as worker:
        worker.execute(f"select private.{function}()")
    assert db.value(f"select count(*) from {table}") == 1


def test_a_batch_is_bounded(db: Database) -> None:
    db.execute(
        "insert into private.clerk_events (id, type, outcome, received_at)"
        " select n::text, 'user.updated', 'ignored', '2026-01-01' from generate_series(1, 5) as n"
    )
    with db.as_worker() as worker:
        pruned = [worker.value("select private.prune_records(2)") for _ in range(4)]
    assert pruned == [2, 2, 1, 0]
