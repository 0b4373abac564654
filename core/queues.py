"""The queues that there are; supabase/schemas/21_queues.sql makes them."""

from __future__ import annotations

QUEUES = ("ingestion", "scripts", "billing", "maintenance")
