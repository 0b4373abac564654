"""What sources need: clients, keys, the clock. A worker opens them once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from core.config import VideoTranscripts
from workers.engine.isolation import Compute, in_thread
from workers.sources.tiktok.apify import Apify
from workers.sources.tiktok.display import TikTokAccounts
from workers.sources.web.fetch import Fetcher


@dataclass(frozen=True)
class SourceServices:
    """Handed to every source."""

    fetcher: Fetcher
    ref_key: bytes
    now: Callable[[], datetime]
    compute: Compute = in_thread  # a worker computes in child processes
    sample_data: Path | None = None
    tiktok_web: httpx.AsyncClient | None = None
    apify: Apify | None = None  # None without a token
    transcripts: VideoTranscripts = "off"
    apify_webhook_url: str | None = None  # None if Apify can't reach our webhook
    tiktok_accounts: TikTokAccounts | None = None  # None without an application at TikTok
