"""What users see when Apify or OpenAI fail: every row of the table in docs/sources.md, as it is."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from tests.database import make_product, make_user
from tests.fakes import openai as fake_openai
from tests.fakes.apify import Outcome
from tests.fakes.openai import Reply
from tests.patience import PATIENCE_SECONDS
from tests.rows import make_pack
from tests.running import job_of, worker
from tests.world import PRICE
from workers.jobs import analyze_product, generate_script
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR
from workers.writing import model as text_model
from workers.writing.model import open_text_model

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text()
_ROW = re.compile(r"^\| ((?:Apify|OpenAI)[^|]*) \| (\w+) \|([^|]*)\|([^|]*)\|$", re.MULTILINE)
LINK = "https://www.tiktok.com/@mug_lover/video/100"
SHOP = "https://shop.creatorscook.example/products/cold-brew-bottle"
POST = {
    "id": "100",
    "text": "mug #mugs",
    "createTimeISO": "2026-11-20T10:00:00.000Z",
    "webVideoUrl": LINK,
    "playCount": 10,
    "commentCount": 5,
    "authorMeta": {"name": "mug_lover"},
}
GOOD = Outcome([POST])
FAILED = Outcome(status="FAILED")
APIFY = {
    "a run fails, the next one works": [FAILED, GOOD],
    "two runs fail": [FAILED, FAILED],
    "a run is stopped half-way": [replace(GOOD, status="TIMED-OUT")],
    "a run never ends": [Outcome(until_told=True)],
    "the answer to a start is lost": [replace(GOOD, answer_is_lost=True)],
    "a run brings nothing": [Outcome([])],
    "a run brings error rows": [Outcome([{"url": LINK, "error": "Post not found or private"}])],
    "too many runs at once": [Outcome(error=(402, "concurrent-runs-limit-exceeded"))],
    "the money is used up": [Outcome(error=(402, "not-enough-usage-to-run-paid-actor"))],
    "our token is refused": [Outcome(error=(401, "user-or-token-not-found"))],
    "an actor is gone": [Outcome(error=(404, "record-not-found"))],
    "its answers have another shape": [Outcome(is_strange=True)],
    "the service is down": [Outcome(error=(503, "internal-error"))],
}
OPENAI = {
    "it refuses": Reply(refusal="no"),
    "the answer is cut off": Reply("{", finish_reason="length"),
    "a filter stops it": Reply("", finish_reason="content_filter"),
    "the answer has another shape": Reply("no JSON"),
    "the quota is used up": Reply(status=429, code="insufficient_quota"),
    "it is too slow": Reply("{}", seconds=1.5),
    "the model was withdrawn": Reply(status=404, code="model_not_found"),
}


def table() -> dict[str, tuple[str, str, str]]:
    """What happens → the job's status, its code, the sentence."""
    return {
        what: (status, code.strip(" `"), said.strip())
        for what, status, code, said in _ROW.findall(PAGE)
    }


def rows_of(who: str) -> list[str]:
    return [what.removeprefix(f"{who}: ") for what in table() if what.startswith(f"{who}: ")]


async def settled(db, product, kind):
    """The job once it has ended, waits, or was put back after a failure."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            job = job_of(db, product, kind)
            is_over = job["status"] in {"succeeded", "failed", "waiting"}
            if is_over or job["stage"] == "retrying":
                return job
            await asyncio.sleep(0.02)


def seen(db, job) -> tuple[str, str, str]:
    """As a row of the table."""
    if job["status"] != "succeeded":
        return job["status"], job["error_code"] or "", job["error_message"] or ""
    caveats = db.value("select configuration -> 'caveats' from public.virality_packs")
    said = [sentence for *_, sentence in table().values() if sentence in caveats]
    return job["status"], "", "".join(said)


def test_the_table_and_the_cases_are_the_same():
    assert rows_of("Apify") == list(APIFY)
    assert rows_of("OpenAI, analysis") == list(OPENAI)
    assert set(rows_of("OpenAI, script")) <= set(OPENAI)


@pytest.mark.parametrize("what", APIFY)
async def test_apify(db, connected, apify, what):
    apify.will(VIDEOS_ACTOR, *APIFY[what], Outcome([]))
    apify.will(COMMENTS_ACTOR, Outcome([]), Outcome([]))
    product = make_product(db, make_user(db), source_url=LINK)
    job = await analysed(db, connected, product)
    if what == "the answer to a start is lost":  # the next attempt finds the run that was started
        job = await analysed(db, connected, product, due=True)
        assert [run.actor for run in apify.started].count(VIDEOS_ACTOR) == 2  # posts, niche
    if what == "a run never ends":
        late = connected.now() + timedelta(minutes=31)
        job = await analysed(db, replace(connected, now=lambda: late), product, due=True)
    assert seen(db, job) == table()[f"Apify: {what}"]


async def analysed(db, services, product, *, due=False):
    if due:
        db.execute("update pgmq.q_jobs set vt = now()")
        db.execute("update public.jobs set stage = 'queued', status = 'queued'")
    async with worker(db, "analyze_product", analyze_product.handler(services)):
        return await settled(db, product, "analyze_product")


@pytest.fixture
async def hasty(server, monkeypatch):
    """The model, with a second of patience."""
    monkeypatch.setattr(text_model, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(text_model, "PAUSE_SECONDS", 0.0)
    async with open_text_model(
        key=fake_openai.KEY, base_url=server.url, name="small", price=PRICE
    ) as opened:
        yield opened


@pytest.mark.parametrize("what", OPENAI)
async def test_openai_in_an_analysis(db, services, server, hasty, what):
    server.will(*[OPENAI[what]] * 20)
    product = make_product(db, make_user(db), source_url=SHOP)
    job = await analysed(db, replace(services, labels_model=hasty, prose_model=hasty), product)
    assert seen(db, job) == table()[f"OpenAI, analysis: {what}"]


@pytest.mark.parametrize("what", rows_of("OpenAI, script"))
async def test_openai_in_a_script(db, server, hasty, what):
    server.will(*[OPENAI[what]] * 4)
    product = make_product(db, make_user(db), source_url=SHOP)
    pack = {"schema_version": "1.0", "disclosure": {"text": "#ad"}}
    make_pack(db, product["user_id"], product_id=product["id"], configuration=Jsonb(pack))
    with db.as_user(product["user_id"]) as owner:
        owner.row("select * from public.generate_script(%s, 'Short.')", product["id"])
    async with worker(db, "generate_script", generate_script.handler(hasty), "scripts"):
        job = await settled(db, product, "generate_script")
    assert seen(db, job) == table()[f"OpenAI, script: {what}"]
