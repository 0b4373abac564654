"""Analyses for tests of what changes over time: documents of 2.0, saved as a worker does."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from tests.database import Database, Row

SAVE = "select private.save_analysis(%s, %s, %s, %s, %s, %s)"


def virality(
    ratio: float | None = 1.0,
    interval: tuple[float, float] | None = (0.5, 2.0),
    band: str = "typical",
    value: int = 50,
    video: str = "v1",
    **content: object,
) -> Row:
    """A virality_breakdown, as far as the history reads it."""
    document: dict[str, object] = {
        "schema_version": "2.0",
        "stands_out": {
            "value": value,
            "interval": [value - 10, value + 10],
            "band": band,
            "ratio": ratio,
            "ratio_interval": interval,
            "basis": "creator_median",
        },
        "stage": "steady",
        "velocity": {"views_per_hour": 12.5, "status": "measured"},
        "counts": [{"pseudonym": video, "taken_at": "2026-11-30T12:00:00Z", "views": 1000}],
    }
    return {
        "type": "virality_breakdown",
        "content": document | content,
        "engine": "test",
    }


def sentiment(
    net: float | None = 0.2,
    complaints: dict[str, int] | None = None,
    comments: int = 100,
    **content: object,
) -> Row:
    """A sentiment_summary, as far as the history reads it."""
    themes = [
        {"kind": "pain", "title": title, "n": n, "source": "vocabulary"}
        for title, n in (complaints or {}).items()
    ]
    document: dict[str, object] = {
        "schema_version": "2.0",
        "subject": {"source_kind": "tiktok_video"},
        "sample": {"analysed": comments},
        "overall": {"net": net, "ci95": net and [net - 0.1, net + 0.1]},
        "themes": [{"kind": "praise", "title": "It is pretty", "n": 9}, *themes],
    }
    return {"type": "sentiment_summary", "content": document | content, "engine": "test"}


def analyse(
    db: Database,
    product: Row,
    results: list[Row] | None = None,
    changed: list[dict[str, Any]] | None = None,
    offer: Row | None = None,
) -> None:
    """One more analysis: the owner asks for it, a worker saves these results."""
    with db.as_user(product["user_id"]) as owner:
        job_id = owner.row("select id from public.run_analysis(%s)", product["id"])["id"]
    pack = {"name": "Pack", "configuration": {"schema_version": "2.0", "what_changed": changed}}
    if changed is None:
        del pack["configuration"]["what_changed"]  # type: ignore[attr-defined]
    with db.as_worker() as worker:
        job = worker.row("select * from private.claim('ingestion', 1, 30)")
        assert job["job_id"] == job_id
        told = (job["msg_id"], job["read_ct"])
        assert worker.value(
            SAVE,
            *(*told, job_id, Jsonb(results or [virality(), sentiment()])),
            *(Jsonb(pack), Jsonb(offer or {})),
        )
        worker.execute("select private.complete(%s, %s)", *told)


def pass_days(db: Database, days: float) -> None:
    """Moves everything that the history dates back, as time would."""
    for table, column in (
        ("public.analysis_numbers", "created_at"),
        ("public.analysis_numbers", "judged_at"),
        ("public.products", "last_analyzed_at"),
        ("private.watches", "next_at"),
        ("public.notifications", "created_at"),
    ):
        db.execute(
            f"update {table} set {column} = {column} - make_interval(secs => %s)", days * 86400
        )
