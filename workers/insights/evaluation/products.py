"""Product pages, read by the web provider: its own measure, brought to the bars."""

from __future__ import annotations

from pathlib import Path

from workers.insights.evaluation.bars import Finding
from workers.providers.product_evaluation import evaluate


def judge(folder: Path) -> list[Finding]:
    found = evaluate(folder)
    ours, plain = found.ours, found.structured_data_alone
    return [
        Finding("price_f1", ours.price_f1, ours.pages, f"extruct alone {plain.price_f1:.3f}"),
        Finding(
            "availability_f1",
            ours.availability_f1,
            ours.pages,
            f"extruct alone {plain.availability_f1:.3f}",
        ),
        Finding("name_share", ours.name_share, ours.pages, f"extruct alone {plain.name_share:.3f}"),
    ]
