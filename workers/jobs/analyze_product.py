"""analyze_product: collects public data about a product, analyses it, saves the results."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import cast

from psycopg.types.json import Jsonb

from workers.engine.errors import LostLease, Reject
from workers.engine.handlers import Handler, JobContext
from workers.engine.isolated import Task
from workers.engine.isolation import BeyondBounds
from workers.engine.queue import Database, Job
from workers.insights.analysis import Analysis, Result, analyse, load_models
from workers.insights.documents import Locale, Record
from workers.insights.history import Look, Offer, look_of, offer_of, record_of, what_changed
from workers.insights.inputs import Collection, Snapshot
from workers.insights.virality.velocity import snapshots_of
from workers.jobs.services import Services
from workers.sources.context import OwnAccount
from workers.sources.purchases import RunPurchases
from workers.sources.routing import collect
from workers.sources.tiktok.account import own_posts
from workers.sources.tiktok.display import OwnPosts
from workers.writing.assistant import FIRST_PERCENT, Assistant

ANALYSE = Task(analyse, returns=Analysis, warm_up=load_models)


@dataclass(frozen=True)
class Product:
    """The product to analyse; `earlier` and `last` are what the last analysis stored.

    `has_transcripts` says whether the plan of the account includes what is said in videos, `locale`
    is the language of the account's packs.
    """

    name: str
    source_url: str
    earlier: tuple[Snapshot, ...] = ()
    has_transcripts: bool = False
    last: Look | None = None
    record: Record | None = None
    locale: Locale = "en"


@dataclass(frozen=True)
class Analysed:
    """What is saved: the analysis, and the offer that the next one compares with."""

    analysis: Analysis
    offer: Offer = field(default_factory=Offer)


def handler(services: Services) -> Handler[Product, Analysed]:
    async def work(product: Product, context: JobContext) -> Analysed:
        return await _work(product, context, services)

    return Handler(load=load, work=work, save=save, timeout_seconds=300)


async def load(db: Database, job: Job) -> Product:
    """The product of the job; LostLease if it was deleted."""
    cursor = await db.execute(
        "select product_name, source_url, has_transcripts, last_breakdown, last_numbers, record,"
        " locale"
        " from private.analysis_input(%s)",
        (job.job_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        raise LostLease
    last = cast("dict[str, object] | None", row["last_numbers"])
    return Product(
        cast("str", row["product_name"]),
        cast("str", row["source_url"]),
        snapshots_of(cast("dict[str, object]", row["last_breakdown"] or {})),
        row["has_transcripts"] is True,
        None if last is None else look_of(last),
        record_of(cast("dict[str, object] | None", row["record"]), cast("Locale", row["locale"])),
        cast("Locale", row["locale"]),
    )


async def _work(product: Product, context: JobContext, services: Services) -> Analysed:
    services = replace(services, compute=partial(services.compute, tenant=context.job.user_id))
    await context.progress("fetching", 10)
    collection = await collect(
        product.source_url,
        services,
        context.progress,
        context.step,
        context.acquire,
        expect=context.expect,
        own_account=_own_account(context, services),
        purchases=RunPurchases(context),
        has_transcripts=product.has_transcripts,
    )
    collection = replace(collection, earlier=product.earlier)
    labels, prose = services.labels_model, services.prose_model
    plan = await context.plan() if labels or prose else "none"
    assistant = Assistant(
        labels and labels.taking(context.acquire, plan),
        prose and prose.taking(context.acquire, plan),
        context.step,
        compute=services.compute,
        report=context.progress,
    )
    await context.progress("analysing", FIRST_PERCENT)
    try:
        labelled = await assistant.label(collection)
        analysis = await services.compute(
            ANALYSE,
            collection,
            product_name=product.name,
            now=services.now(),
            ref_key=services.ref_key,
            scorer=labelled.scorer,
            labels=labelled.labels,
            locale=product.locale,
        )
    except BeyondBounds as error:
        message = "The analysis takes more time or memory than it may."
        raise Reject("analysis_timeout", message) from error
    analysis = await assistant.write(analysis, product.name, labelled, collection)
    await context.progress("saving", 90)
    return await with_history(product, analysis, collection, context)


async def with_history(
    product: Product, analysis: Analysis, collection: Collection, context: JobContext
) -> Analysed:
    """Adds what changed since the last analysis, and the record of the scores."""
    offer = offer_of(collection.product)
    async with context.pool.connection() as db:
        cursor = await db.execute(
            "select * from private.analysis_numbers(%s)", (_documents(analysis.results),)
        )
        numbers = await cursor.fetchone()
    new = look_of((numbers or {}) | asdict(offer))
    changes = what_changed(product.last, new, product.locale)
    configuration = analysis.pack.configuration | {
        "what_changed": [change.model_dump(mode="json") for change in changes],
        "record": product.record and product.record.model_dump(mode="json"),
    }
    pack = replace(analysis.pack, configuration=configuration)
    return Analysed(replace(analysis, pack=pack), offer)


def _documents(results: tuple[Result, ...]) -> Jsonb:
    return Jsonb([asdict(result) for result in results])


def _own_account(context: JobContext, services: Services) -> OwnAccount | None:
    accounts = services.tiktok_accounts
    if accounts is None:
        return None

    async def posts() -> OwnPosts | None:
        return await own_posts(
            context.pool, context.job, accounts, ref_key=services.ref_key, now=services.now()
        )

    return posts


async def save(db: Database, job: Job, analysed: Analysed) -> None:
    """Saves results and pack in the transaction that acknowledges the job."""
    price, pack = analysed.offer.price, analysed.analysis.pack
    cursor = await db.execute(
        "select private.save_analysis(%s, %s, %s, %s, %s, %s) as is_saved",
        (
            *job.token,
            job.job_id,
            _documents(analysed.analysis.results),
            Jsonb({name: getattr(pack, name) for name in ("name", "configuration", "score")}),
            Jsonb(asdict(analysed.offer) | {"price": None if price is None else str(price)}),
        ),
    )
    row = await cursor.fetchone()
    if row is None or not row["is_saved"]:
        raise LostLease
