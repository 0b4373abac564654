"""The queues that there are; the migrations make them."""

from __future__ import annotations

QUEUES = ("ingestion", "scripts", "billing", "maintenance")
