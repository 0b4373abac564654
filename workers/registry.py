"""Every kind of job and what handles it. Queues and limits stand in private.job_kinds."""

from __future__ import annotations

from typing import Any

from workers.engine.handlers import Handler
from workers.jobs import (
    analyze_product,
    delete_source_runs,
    erase_account,
    generate_script,
    prune_jobs,
    reconcile_billing,
    revoke_tiktok,
    sync_customer,
)
from workers.providers.services import Services


def handlers(services: Services) -> dict[str, Handler[Any, Any]]:
    """The handlers of a worker, by kind."""
    return {
        "analyze_product": analyze_product.handler(services),
        "prune_jobs": prune_jobs.handler(),
        "delete_source_runs": delete_source_runs.handler(services.apify),
        "generate_script": generate_script.handler(services.prose_model),
        "sync_customer": sync_customer.handler(services.billing),
        "reconcile_billing": reconcile_billing.handler(services.billing),
        "revoke_tiktok": revoke_tiktok.handler(services.tiktok_accounts),
        "erase_account": erase_account.handler(
            services.billing, delete_customer=services.delete_erased_customers
        ),
        "erase_rows": erase_account.rows_handler(),
    }
