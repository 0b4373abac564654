"""Every kind of job and what handles it. Queues and limits stand in private.job_kinds."""

from __future__ import annotations

from typing import Any

from workers.engine.handlers import Handler
from workers.jobs import analyze_product, billing, generate_script, maintenance, tiktok, webhooks
from workers.jobs.services import Services
from workers.sources.tiktok.transcripts import READ_WEBVTT
from workers.sources.web.shop import READ_PAGE
from workers.writing.assistant import PREPARE

# What handlers compute in child processes.
TASKS = (READ_PAGE, READ_WEBVTT, PREPARE, analyze_product.ANALYSE)


def handlers(services: Services) -> dict[str, Handler[Any, Any]]:
    """The handlers of a worker, by kind."""
    return {
        "analyze_product": analyze_product.handler(services),
        "prune_jobs": maintenance.pruning(),
        "watch_products": maintenance.watching(),
        "delete_source_runs": maintenance.source_run_deletion(services.apify),
        "generate_script": generate_script.handler(services.prose_model),
        "sync_customer": billing.customer_sync(services.stripe),
        "reconcile_billing": billing.reconciliation(services.stripe),
        "revoke_tiktok": tiktok.handler(services.tiktok_accounts),
        "erase_account": billing.customer_erasure(
            services.stripe, delete_customer=services.delete_erased_customers
        ),
        "erase_rows": maintenance.row_erasure(),
        "deliver_webhooks": webhooks.handler(services),
    }
