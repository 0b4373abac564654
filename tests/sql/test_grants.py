"""Who may do what, complete: a new grant changes a line here, or a test fails."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import psycopg
import pytest

from tests.database import Database, Row, make_user
from tests.server import ROOT

ROLES = ("anon", "authenticated", "service_role", "worker", "webhook", "mover")

# Columns in brackets: the verb is granted for these only.
TABLES = {
    "accounts": {"authenticated": "select update(locale)", "service_role": "select"},
    "analysis_results": {"authenticated": "select"},
    "analysis_numbers": {"authenticated": "select"},
    "brand_rules": {
        "authenticated": "select delete"
        " insert(brand_id enabled id rule_definition rule_name user_id)"
        " update(brand_id enabled id rule_definition rule_name user_id)"
    },
    "brands": {"authenticated": "select delete insert(id name user_id) update(archived_at name)"},
    "competitors": {"authenticated": "select delete insert(competitor_id product_id)"},
    "jobs": {"authenticated": "select"},
    "notifications": {"authenticated": "select update(read_at)"},
    "product_comparison": {"authenticated": "select", "service_role": "select"},
    "product_history": {"authenticated": "select", "service_role": "select"},
    "product_overview": {"authenticated": "select", "service_role": "select"},
    "api_keys": {"authenticated": "select", "service_role": "select"},
    "audit_events": {"authenticated": "select", "service_role": "select"},
    "plans": {"anon": "select", "authenticated": "select"},
    "products": {
        "authenticated": "select delete insert(brand_id id name source_url tags watch)"
        " update(archived_at brand_id name tags watch)"
    },
    "script_versions": {"authenticated": "select"},
    "scripts": {
        "authenticated": "select delete"
        " insert(content id product_id status title user_id) update(content status title)"
    },
    "shares": {"authenticated": "select"},
    "subscriptions": {"authenticated": "select"},
    "webhook_deliveries": {"authenticated": "select"},
    "webhook_endpoints": {
        "authenticated": "select delete insert(description id kinds url)"
        " update(description disabled_at kinds url)"
    },
    "virality_packs": {"authenticated": "select delete update(name)"},
}

FUNCTIONS = {
    "anon": """
        private.before_request private.open_share private.pack_text private.shared_text
        public.shared_pack public.shared_pack_csv public.shared_pack_markdown
    """,
    "authenticated": """
        public.account public.adopt_starter_rules public.cancel_job public.check_compliance
        public.create_api_key public.revoke_api_key public.rotate_webhook_secret
        public.test_webhook
        public.delete_account public.export_account public.generate_script public.import_products
        public.members public.pack_csv public.pack_markdown public.restore_script_version
        public.revoke_share public.run_analysis public.score_record public.service_score_record
        public.share_pack public.shared_pack public.shared_pack_csv public.shared_pack_markdown

        private.make_endpoint_secret private.send_test_event
        private.api_key private.create_key private.refuse_api_key private.revoke_own_key
        private.account_role private.active_brand private.asks_for_upsert private.author
        private.before_request private.broken_example private.cancel_own_job private.check_rule
        private.check_rules private.create_share private.definition_problem
        private.delete_own_share private.erase_own_account private.export_own_account
        private.fail private.has_role private.host_problem private.imported_product
        private.hides_something private.is_json_container private.members private.name_problem
        private.visible private.normalize_script
        private.open_share private.own_pack_text private.own_plan private.own_score_record
        private.own_seats private.own_tiktok private.own_usage private.pack_text
        private.require_name private.require_text private.shared_text
        private.start_analysis
        private.start_script private.starter_pack private.url_problem private.whole_score_record
        private.wilson
    """,
    # What triggers and the pre-request need; the service writes tables, it calls no function.
    "service_role": """
        private.active_brand private.asks_for_upsert private.author private.before_request
        private.broken_example
        private.check_rule
        private.check_rules private.definition_problem
        private.fail private.hides_something private.normalize_script private.visible
        private.host_problem private.is_json_container private.name_problem
        private.require_name private.require_text private.url_problem private.wilson
    """,
    "worker": """
        private.acquire private.erase_batch private.fire_schedules private.forget_run
        private.prune_jobs private.prune_records private.queue_metrics private.requeue_erasures
        private.begin_attempt private.end_attempt private.may_end_deliveries_job
        private.requeue_deliveries private.endpoint_key_problem
        private.record_run private.release_run private.reserve_run
        private.run_next_watch
        private.runs_to_delete private.analysis_input private.analysis_numbers
        private.attribute_stripe_event
        private.begin_customer_sync private.check_script private.claim private.complete
        private.drop_tiktok private.end_tiktok_revocation
        private.expect_apify_run private.extend private.finish_customer_sync
        private.lease_tiktok_refresh private.lookup_keys private.plan_of_job private.progress
        private.record_stripe_event private.refresh_tiktok
        private.bind_stripe_account
        private.requeue_billing private.retry private.save_analysis private.save_prices
        private.save_script
        private.save_step private.script_input private.snooze private.stripe_account
        private.stripe_event private.tiktok_of_job private.tiktok_revocation
    """,
    "webhook": """
        private.apify_secret_hash private.begin_customer_sync private.begin_tiktok
        private.billing_state private.disconnect_tiktok private.save_tiktok
        private.take_tiktok_state
        private.bind_customer
        private.finish_customer_sync private.ask_customer
        private.begin_checkout private.confirm_checkout private.end_checkout
        private.renew_customer_attempt
        private.offered_prices private.record_clerk_event
        private.record_stripe_event private.bind_stripe_account private.resolve_identity
        private.is_live_key private.open_api_key
        private.is_member private.server_metrics private.stripe_account private.wake_for_apify
        private.account_of_customer private.all_cells private.cell_of_account
        private.lock_handle private.is_erased private.learn_handle private.place_account
    """,
    "mover": """
        private.abort_move private.all_cells private.await_writer private.begin_move
        private.cell_contents private.cell_head private.cell_rows
        private.cell_table_names private.clear_account private.depart_account
        private.fence_account private.freeze_account private.missing_reference
        private.receive_account private.receive_rows private.record_move
        private.require_abortable private.settle_account
    """,
}

SCHEMAS = {
    "anon": {"public", "private"},
    "authenticated": {"public", "private"},
    "service_role": {"public", "private"},
    "worker": {"public", "private"},
    "webhook": {"public", "private"},
    "mover": {"public", "private"},
}


def table_grants(db: Database) -> dict[tuple[str, str], str]:
    """(table or view, role) → verbs, as TABLES writes them."""
    rows = db.rows(
        """
        with verbs (turn, verb) as (
            values (1, 'select'), (2, 'delete'), (3, 'insert'), (4, 'update')
        ),
        granted as (
            select c.relname, role, turn, verb, (
                select string_agg(attname, ' ' order by attname) from pg_attribute
                where attrelid = c.oid and attnum > 0 and verb <> 'delete'
                and has_column_privilege(role, c.oid, attnum, verb)
            ) as columns, has_table_privilege(role, c.oid, verb) as whole
            from pg_class as c, verbs, unnest(%s::text []) as role
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        )
        select relname, role, string_agg(
            verb || case when whole then '' else '(' || columns || ')' end, ' ' order by turn
        ) as verbs
        from granted where whole or columns is not null group by relname, role
        """,
        list(ROLES),
    )
    return {(row["relname"], row["role"]): row["verbs"] for row in rows}


def test_tables_are_granted_verb_by_verb(db: Database):
    expected = {(table, "service_role"): "select delete insert update" for table in TABLES} | {
        (table, role): verbs for table, roles in TABLES.items() for role, verbs in roles.items()
    }
    assert table_grants(db) == expected


def test_nothing_but_the_four_verbs_is_granted(db: Database):
    """Nobody may truncate, reference, trigger or maintain, nor use a sequence."""
    beyond = db.rows(
        "select concat_ws(' ', c.relname, a.grantee::regrole, a.privilege_type) as grant"
        " from pg_class as c, aclexplode(c.relacl) as a"
        " where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)"
        " and a.grantee <> c.relowner and (c.relkind = 'S'"
        " or a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))"
    )
    assert [row["grant"] for row in beyond] == []


@pytest.mark.parametrize("role", ROLES)
def test_functions_are_granted_one_by_one(db: Database, role: str):
    rows = db.rows(
        "select nspname || '.' || proname as name from pg_proc as p"
        " join pg_namespace as n on n.oid = p.pronamespace"
        " where nspname in ('public', 'private') and has_function_privilege(%s, p.oid, 'execute')",
        role,
    )
    assert sorted(row["name"] for row in rows) == sorted(FUNCTIONS[role].split())


@pytest.mark.parametrize(
    ("login", "start"),
    [
        ("worker", "workers.__main__"),
        ("webhook", "webhooks.app"),
        ("mover", "webhooks.cells_move"),
    ],
)
def test_a_login_may_call_only_what_its_code_calls(login: str, start: str):
    files = modules(start) - AS_OWNER | SCALERS[login]
    code = " ".join(path.read_text() for path in files)
    granted = set(FUNCTIONS[login].split())
    assert granted - set(re.findall(r"private\.\w+", code)) == set()


# What scales the workers logs in as one.
SCALERS = {
    "worker": {ROOT / "deploy/chart/templates/workers.yaml"},
    "webhook": set(),
    "mover": set(),
}
# Commands of operators, who connect as the owner.
AS_OWNER = {ROOT / "workers" / "operator.py"}


def modules(name: str) -> set[Path]:
    """The files of ours that a module imports, at any remove; its own too."""
    found: dict[str, Path] = {}
    left = [name]
    while left:
        name = left.pop()
        path = ROOT.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in found or not path.exists():
            continue
        found[name] = path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                left += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                left += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return set(found.values())


def test_schemas_are_open_to_those_who_call_something_there(db: Database):
    rows = db.rows(
        "select role, array_agg(nspname::text) as schemas"
        " from pg_namespace, unnest(%s::text []) as role"
        " where nspname in ('public', 'private', 'pgmq')"
        " and has_schema_privilege(role, nspname, 'usage') group by role",
        list(ROLES),
    )
    assert {row["role"]: set(row["schemas"]) for row in rows} == SCHEMAS


@pytest.mark.parametrize("login", ["worker", "webhook"])
def test_logins_cannot_leave_their_functions(db: Database, login: str):
    beyond = [
        "select from public.products",
        "select from private.live_jobs",
        "select from private.accounts",
        "select from pgmq.q_jobs",
        "select pgmq.drop_queue('jobs')",
        "select pgmq.read('jobs', 1, 1)",
        "select private.cancel_own_job(gen_random_uuid())",
        "select private.enqueue('erase_account', gen_random_uuid())",
        "select private.end_job(gen_random_uuid(), 'succeeded')",
        "select private.restore_queues()",
        "select private.end_leases()",
        "select private.wake(gen_random_uuid())",
        "set role authenticated",
        "set role service_role",
        "create table public.mine ()",
        "create schema mine",
    ]
    with db.connect(login) as session:
        assert [query for query in beyond if not is_refused(session, query)] == []


def test_users_cannot_leave_the_api(db: Database):
    beyond = [
        "select from private.live_jobs",
        "select from private.job_kinds",
        "select private.enqueue('analyze_product', auth.uid())",
        "select private.claim('ingestion', 1, 30)",
        "select private.resolve_identity('issuer', 'subject', gen_random_uuid())",
        "select pgmq.send('jobs', '{}')",
        "select from pgmq.q_jobs",
        "create table public.mine ()",
        "truncate public.products",
        "alter table public.products disable row level security",
        "set role postgres",
    ]
    with db.as_user(make_user(db)) as user:
        assert [query for query in beyond if not is_refused(user.connection, query)] == []


def is_refused(connection: psycopg.Connection[Row], query: str) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(query)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False
