"""What jobs need from outside: sources, language models, Stripe. A worker opens them once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.config import SourceSettings, WorkerSettings
from core.encryption import Encryption
from core.stripe_gateway import open_gateway
from core.tiktok import TikTokLogin
from core.webhook_secrets import WebhookSecrets
from workers.engine.isolated import Task
from workers.engine.isolation import open_isolation
from workers.jobs.billing import StripeAccess
from workers.sources.services import SourceServices
from workers.sources.tiktok.apify import Apify, open_apify
from workers.sources.tiktok.display import TikTokAccounts, open_display
from workers.sources.tiktok.oembed import open_tiktok_web
from workers.sources.web.fetch import open_fetcher
from workers.writing.model import Price, TextModel, open_text_model


@dataclass(frozen=True)
class Services(SourceServices):
    """Handed to every handler that needs something from outside."""

    stripe: StripeAccess = field(default_factory=StripeAccess)
    delete_erased_customers: bool = False
    webhook_secrets: WebhookSecrets | None = None  # None without a key: no webhooks
    # None without a key: the embedded engine labels and writes.
    labels_model: TextModel | None = None
    prose_model: TextModel | None = None


@asynccontextmanager
async def open_services(
    settings: WorkerSettings, tasks: Sequence[Task[Any]] = ()
) -> AsyncIterator[Services]:
    """The services of a worker process; closes their connections at the end.

    Child processes compute; those of `tasks` start fast.
    """
    async with AsyncExitStack() as opened:
        fetcher = await opened.enter_async_context(open_fetcher(allowed=settings.fetch_allow))
        labels_model, prose_model = await _models(settings, opened)
        apify: Apify | None = None
        if settings.apify_token is not None:
            token = settings.apify_token.get_secret_value()
            apify = await opened.enter_async_context(open_apify(token, settings.apify_base_url))
        tiktok_accounts: TikTokAccounts | None = None
        if (login := TikTokLogin.of(settings)) is not None:
            display = await opened.enter_async_context(open_display(settings.tiktok_base_url))
            encryption = Encryption([key.get_secret_value() for key in settings.tiktok_token_keys])
            tiktok_accounts = TikTokAccounts(login, display, encryption)
        yield Services(
            fetcher=fetcher,
            ref_key=settings.pseudonym_key.get_secret_value().encode(),
            now=lambda: datetime.now(UTC),
            compute=await opened.enter_async_context(
                open_isolation(
                    processes=settings.worker_processes,
                    cpu_seconds=settings.worker_task_cpu_seconds,
                    memory_bytes=settings.worker_task_memory_mb * 1024 * 1024,
                    tasks=tasks,
                )
            ),
            sample_data=Path(settings.sample_data) if settings.sample_data else None,
            stripe=StripeAccess(open_gateway(settings)),
            delete_erased_customers=settings.stripe_delete_erased_customers,
            webhook_secrets=_webhook_secrets(settings),
            tiktok_web=await opened.enter_async_context(open_tiktok_web(settings.tiktok_web_url)),
            apify=apify,
            transcripts=settings.video_transcripts,
            apify_webhook_url=settings.edge_public_url
            and f"{settings.edge_public_url}/apify/webhook",
            tiktok_accounts=tiktok_accounts,
            labels_model=labels_model,
            prose_model=prose_model,
        )


def _webhook_secrets(settings: WorkerSettings) -> WebhookSecrets | None:
    keys = [key.get_secret_value() for key in settings.webhook_secret_keys]
    return WebhookSecrets(keys) if keys else None


async def _models(
    settings: SourceSettings, opened: AsyncExitStack
) -> tuple[TextModel | None, TextModel | None]:
    """The model for labels, and the model for prose and scripts."""
    if settings.openai_api_key is None:
        return None, None
    roles = (
        (settings.openai_labels_model, settings.labels_prices, settings.openai_labels_effort),
        (settings.openai_prose_model, settings.prose_prices, settings.openai_prose_effort),
    )
    labels, prose = [
        await opened.enter_async_context(
            open_text_model(
                key=settings.openai_api_key.get_secret_value(),
                base_url=settings.openai_base_url,
                name=name,
                price=Price(*prices),
                effort=effort,
            )
        )
        for name, prices, effort in roles
    ]
    return labels, prose
