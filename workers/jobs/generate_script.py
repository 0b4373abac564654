"""generate_script: writes a draft from a product's latest pack, its owner's rules and a brief."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

import structlog
from psycopg.errors import QueryCanceled
from psycopg.types.json import Jsonb

from workers.engine.errors import LostLease, Reject
from workers.engine.handlers import Handler, JobContext
from workers.engine.queue import Database, Job
from workers.writing.model import TextModel, Unanswered
from workers.writing.scripts import (
    OpenRule,
    Script,
    ScriptRequest,
    review_script,
    template_script,
    write_script,
)

_log = structlog.get_logger()
_CHECK_SECONDS = 2  # as check_compliance has


@dataclass(frozen=True)
class Draft:
    """A script, and the review of the rules that no pattern decides."""

    script: Script
    review: list[dict[str, Any]]


def handler(model: TextModel | None) -> Handler[ScriptRequest, Draft]:
    """Without a model the job uses a template of the pack and leaves the review to a person."""

    return Handler(load=load, work=partial(work, model=model), save=save, timeout_seconds=180)


async def load(db: Database, job: Job) -> ScriptRequest:
    """The request of the job; LostLease if its product was deleted."""
    cursor = await db.execute(
        "select product_name, pack, rules from private.script_input(%s)", (job.job_id,)
    )
    row = await cursor.fetchone()
    if row is None:
        raise LostLease
    if row["pack"] is None:
        raise Reject("pack_not_found", "The product's pack was deleted. Run the analysis again.")
    return ScriptRequest(
        product_name=cast("str", row["product_name"]),
        pack=cast("dict[str, Any]", row["pack"]),
        rules=cast("list[dict[str, Any]]", row["rules"]),
        brief=str(job.arguments.get("brief") or ""),
    )


async def work(request: ScriptRequest, context: JobContext, model: TextModel | None) -> Draft:
    """Writes the script, then reviews it."""
    model = model and model.taking(context.acquire, await context.plan())
    await context.progress("writing", 20)
    script = await _written(request, context, model)
    await context.progress("reviewing", 70)
    rules = await _open_rules(context, request, script.content)

    async def judge() -> list[dict[str, Any]]:
        found = await review_script(model, script.content, rules)
        _log.info("script_reviewed", rules=len(rules), usd=float(found.usage.cost_usd))
        return list(found.entries)

    return Draft(script, await context.step("review", judge))


async def _written(request: ScriptRequest, context: JobContext, model: TextModel | None) -> Script:
    if model is None:
        return template_script(request.pack, request.brief)

    async def write() -> dict[str, str]:
        try:
            script, usage = await write_script(model, request)
        except Unanswered as failure:  # its vendor has withdrawn the model: a retry can't help
            _log.info("script_from_template", reason=failure.reason)
            return asdict(template_script(request.pack, request.brief, is_withdrawn=True))
        _log.info("script_written", tokens=usage.output_tokens, usd=float(usage.cost_usd))
        return asdict(script)

    return Script(**await context.step("script", write))


async def _open_rules(context: JobContext, request: ScriptRequest, content: str) -> list[OpenRule]:
    """The rules that the database, which checks all of them, answers with needs_review."""
    async with context.pool.connection() as db, db.transaction(), _checking(db):
        cursor = await db.execute(
            "select rule_id::text, rule_name, kind, severity, message"
            " from private.check_script(%s, %s, %s) where status = 'needs_review'",
            (context.job.user_id, content, context.job.product_id),
        )
        rows = [cast("dict[str, str]", row) async for row in cursor]
    definitions = {str(rule["id"]): rule["definition"] for rule in request.rules}
    return [
        OpenRule(
            row["rule_id"],
            row["rule_name"],
            row["kind"],
            row["severity"],
            row["message"],
            definitions.get(row["rule_id"], {}),
        )
        for row in rows
    ]


async def save(db: Database, job: Job, draft: Draft) -> None:
    """Saves the draft in the transaction that acknowledges the job."""
    async with _checking(db):
        cursor = await db.execute(
            "select private.save_script(%s, %s, %s, %s, %s, %s) as is_saved",
            (
                *job.token,
                job.job_id,
                draft.script.title,
                draft.script.content,
                Jsonb(draft.review),
            ),
        )
        row = await cursor.fetchone()
    if row is None or not row["is_saved"]:
        raise LostLease


@asynccontextmanager
async def _checking(db: Database) -> AsyncIterator[None]:
    """Limits a check of the rules to _CHECK_SECONDS: all jobs share its connection."""
    await db.execute("select set_config('statement_timeout', %s, true)", (f"{_CHECK_SECONDS}s",))
    try:
        yield
    except QueryCanceled as error:
        message = "Your rules take too long to check. Turn some off and try again."
        raise Reject("rules_too_slow", message) from error
    await db.execute("set local statement_timeout to default")
