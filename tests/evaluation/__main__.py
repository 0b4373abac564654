"""`python -m tests.evaluation [DATA]`: every threshold, on the data in that folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.config import LocalSettings, load
from local import scratch
from local.layout import ROOT
from tests.evaluation import (
    data,
    growth,
    honesty,
    opinions,
    patterns,
    product_kinds,
    products,
    records,
    retention,
    rules,
    speed,
    viewers,
    words,
)
from tests.evaluation.report import markdown, print_lines
from tests.evaluation.thresholds import Finding, falls_short, read_thresholds

DEFAULT_DATA = Path("../shared/data")
REPORT = Path("docs/evaluation.md")


@dataclass(frozen=True, slots=True)
class Section:
    """Runs where its data is; elsewhere its thresholds are skipped, with the reason."""

    needs: tuple[str, ...]
    thresholds: tuple[str, ...]
    judge: Callable[[Path], list[Finding]]

    def findings(self, folder: Path) -> list[Finding]:
        missing = [name for name in self.needs if not (folder / name).exists()]
        if not missing:
            return self.judge(folder)
        reason = f"not in the data folder: {', '.join(missing)}"
        return [Finding(threshold, None, skipped=reason) for threshold in self.thresholds]


SECTIONS = (
    Section(
        (data.GROWTH,),
        ("still_growing_rank",),
        growth.judge,
    ),
    Section(
        (data.CREATORS,),
        (
            "interval_coverage",
            "baseline_of_five",
            "shares_rank",
            "stands_out_auc",
            "followers_interval",
            "comparables_true",
        ),
        records.judge,
    ),
    Section((data.CREATORS,), ("patterns_last",), patterns.judge),
    Section((data.RETENTION,), ("retention_rank",), retention.judge),
    Section(
        (data.SENTIMENT, data.LANGUAGES),
        opinions.THRESHOLDS,
        opinions.judge,
    ),
    Section((data.SENTIMENT,), ("viewer_shares",), viewers.judge),
    Section((data.SENTIMENT,), ("word_precision", "words_by_chance"), words.judge),
    Section(
        (data.PRODUCT_PAGES,),
        (
            "price_f1",
            "availability_f1",
            "name_share",
            "other_pages_refused",
            "products_refused",
            "hard_products_refused",
        ),
        lambda folder: products.judge(folder / data.PRODUCT_PAGES),
    ),
    Section((data.PRODUCT_PAGES,), product_kinds.THRESHOLDS, product_kinds.judge),
    Section(
        (data.ITEMS, data.SENTIMENT, data.INJECTION),
        (
            "grounded",
            "numbers_equal",
            "canaries",
            "raw_runs",
            "injection_shift",
            "complaint_shift",
            "brigade_shift",
        ),
        honesty.judge,
    ),
    Section(
        (data.SENTIMENT, data.CREATORS), ("time_400", "time_analysis", "memory_400"), speed.judge
    ),
)


def main(arguments: list[str]) -> int:
    asked = _parse(arguments)
    thresholds = read_thresholds()
    findings = rules.judge(asked.database)
    findings += [found for section in SECTIONS for found in section.findings(asked.data)]
    short = [found for found in findings if falls_short(found, thresholds[found.threshold])]
    lines = [
        *print_lines(thresholds, findings),
        f"\n{len(short)} of {len(findings)} thresholds fall short",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if all(found.value is not None for found in findings):  # a part would read as the whole
        asked.report.write_text(markdown(thresholds, findings), "utf-8")
    return 1 if short else 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation")
    parser.add_argument("data", nargs="?", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--database", help="URL of a migrated one, for the brand rules")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the table is written")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    with scratch.database(load(LocalSettings, _env_file=ROOT / ".env").local_dir) as migrated:
        raise SystemExit(main(["--database", migrated.url, *sys.argv[1:]]))
