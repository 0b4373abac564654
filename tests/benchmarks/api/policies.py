"""What row level security costs at a million rows, beside a WHERE written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg

from tests.benchmarks.api import data, measure
from tests.benchmarks.api.measure import Bench
from tests.benchmarks.jobs.measure import Failure, Sample

CASE = "20 newest of a million results"
BY_POLICY = "ours, by policy"
BY_HAND = "ours, by a WHERE"
_NEWEST = (
    "select id, product_id, type, created_at from public.analysis_results {where}"
    "order by created_at desc limit 20"
)
_SCRIPT = (
    "begin;\n"
    "select set_config('role', '{role}', true),"
    " set_config('request.jwt.claims', '{claims}', true);\n"
    "{query};\n"
    "commit;\n"
)


def samples(bench: Bench) -> Iterator[Sample | Failure]:
    """In turn, after a look at both plans: an index gives the rows in order, nothing is sorted."""
    account = 17
    owner = data.account_id(account)
    claims = json.dumps(data.claims(account))
    asked = {
        BY_POLICY: ("authenticated", _NEWEST.format(where="")),
        BY_HAND: ("service_role", _NEWEST.format(where=f"where user_id = '{owner}' ")),
    }
    for system, (role, query) in asked.items():
        nodes = _plan(bench, role, claims, query)
        if nodes[:2] != ["Limit", "Index Scan"] or {"Sort", "Seq Scan"} & set(nodes):
            yield Failure(CASE, system, f"its plan is {' > '.join(nodes)}")
            return
    for _round in range(bench.rounds):
        for system, (role, query) in asked.items():
            script = _SCRIPT.format(role=role, claims=claims, query=query)

            def take(system: str = system, script: str = script) -> Sample:
                return measure.pgbench(bench, CASE, system, script)

            yield bench.undisturbed(CASE, system, take)


def _plan(bench: Bench, role: str, claims: str, query: str) -> list[str]:
    with psycopg.connect(bench.place.target.url("authenticator")) as db:
        db.execute(
            "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
            (role, claims),
        )
        [[explained]] = db.execute(f"explain (format json) {query}").fetchone()
    return _nodes(explained["Plan"])


def _nodes(plan: dict) -> list[str]:
    kinds = [plan["Node Type"]]
    # The policy's (select auth.uid()) comes first among the children.
    for child in sorted(plan.get("Plans", []), key=lambda node: "Subplan Name" in node):
        kinds += _nodes(child)
    return kinds
