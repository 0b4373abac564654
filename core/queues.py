"""The names of all queues. supabase/schemas/21_queues.sql creates them."""

from __future__ import annotations

QUEUES = ("ingestion", "scripts", "billing", "maintenance")
