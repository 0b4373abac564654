"""generate_script: a draft from a product's latest pack, the owner's rules and a brief."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import structlog

from workers.errors import LostLease, Reject
from workers.handlers import Handler, Run
from workers.providers.script_writer import Wish, write_script
from workers.providers.template_script import Script, template_script

if TYPE_CHECKING:
    from workers.providers.openai_text import TextModel
    from workers.queue import Database, Job

_log = structlog.get_logger()


def handler(model: TextModel | None) -> Handler[Wish, Script]:
    """The handler; without a model it writes from templates."""

    async def work(wish: Wish, run: Run) -> Script:
        return await _work(wish, run, model)

    return Handler(load=load, work=work, save=save, timeout_seconds=180)


async def load(db: Database, job: Job) -> Wish:
    """The wish of the job; LostLease when its product was deleted meanwhile."""
    cursor = await db.execute(
        "select product_name, pack, rules from private.script_input(%s)", (job.job_id,)
    )
    row = await cursor.fetchone()
    if row is None:
        raise LostLease
    if row["pack"] is None:
        raise Reject("pack_not_found", "The product's pack was deleted. Run the analysis again.")
    return Wish(
        product_name=cast("str", row["product_name"]),
        pack=cast("dict[str, Any]", row["pack"]),
        rules=cast("list[dict[str, Any]]", row["rules"]),
        brief=str(job.arguments.get("brief") or ""),
    )


async def _work(wish: Wish, run: Run, model: TextModel | None) -> Script:
    await run.progress("writing", 20)
    if model is None:
        return template_script(wish.pack, wish.brief)

    async def write() -> dict[str, str]:
        script, usage = await write_script(model, wish)
        _log.info("script_written", tokens=usage.output_tokens, usd=float(usage.cost_usd))
        return asdict(script)

    return Script(**await run.step("script", write))


async def save(db: Database, job: Job, script: Script) -> None:
    """The draft, in the transaction that acknowledges the job."""
    cursor = await db.execute(
        "select private.save_script(%s, %s, %s, %s, %s, %s) as is_saved",
        (*job.token, job.job_id, script.title, script.content),
    )
    row = await cursor.fetchone()
    if row is None or not row["is_saved"]:
        raise LostLease
