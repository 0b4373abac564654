"""The names of all queues. supabase/seed/jobs.sql adds their rows to private.queues."""

from __future__ import annotations

QUEUES = ("ingestion", "scripts", "billing", "maintenance")
