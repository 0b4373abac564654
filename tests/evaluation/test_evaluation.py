"""`make eval`: what decides, what is skipped, what is printed."""

from __future__ import annotations

import pytest

from tests.evaluation import rules
from tests.evaluation.__main__ import SECTIONS, main
from tests.evaluation.report import markdown, print_lines
from tests.evaluation.thresholds import Finding, Threshold, falls_short, is_missed, read_thresholds


def test_every_bar_belongs_to_a_section_and_every_section_to_the_bars():
    named = [threshold for section in SECTIONS for threshold in section.thresholds]
    assert sorted([*named, *rules.THRESHOLDS]) == sorted(read_thresholds())


@pytest.mark.parametrize(
    ("low", "high", "value", "short"),
    [
        (0.2, None, 0.2, False),
        (0.2, None, 0.19, True),
        (None, 0.05, 0.05, False),
        (None, 0.05, 0.06, True),
        (0.75, 0.85, 0.80, False),
        (0.75, 0.85, 0.74, True),
        (0.75, 0.85, 0.86, True),
        (None, None, 99.0, False),
        (0.2, None, None, False),
    ],
)
def test_a_bar_decides_by_its_ends_and_a_skipped_one_not_at_all(low, high, value, short):
    assert falls_short(Finding("x", value), Threshold("area", "what", low, high)) is short


@pytest.mark.parametrize(
    ("value", "is_worse"), [(0.65, False), (0.642, False), (0.641, False), (0.63, True)]
)
def test_a_threshold_known_to_be_missed_fails_only_if_it_gets_worse(value, is_worse):
    threshold = Threshold("area", "what", 0.646, None, missed=0.642)
    assert falls_short(Finding("x", value), threshold) is is_worse
    assert is_missed(Finding("x", value), threshold) is (value < 0.646)


def test_without_data_every_bar_is_skipped_with_its_reason(tmp_path, capsys):
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("skipped") == len(read_thresholds())
    assert "not in the data folder: tiktok_growth_pairs_2025.csv.gz" in printed


def test_a_bar_that_falls_short_is_named_and_fails_the_command(tmp_path, capsys, monkeypatch):
    findings = [Finding("price_f1", 0.5, 70, "extruct alone 0.4")]
    monkeypatch.setattr(
        "tests.evaluation.__main__.SECTIONS",
        (SECTIONS[0].__class__((), ("price_f1",), lambda _: findings),),
    )
    monkeypatch.setattr("tests.evaluation.rules.judge", lambda _url: [])
    report = tmp_path / "report.md"
    assert main([str(tmp_path), "--report", str(report)]) == 1
    assert "SHORT" in capsys.readouterr().out
    row = "| product pages | price, F1 | 0.5 | at least 0.88 | n = 70; extruct alone 0.4 |"
    assert row in report.read_text()


def test_a_line_shows_verdict_value_and_threshold():
    lines = list(print_lines(read_thresholds(), [Finding("canaries", 0, 4100)]))
    assert [line.split() for line in lines] == [
        ["HONESTY"],
        ["ok", "0", "at", "most", "0", *read_thresholds()["canaries"].what.split()],
        ["n", "=", "4,100"],
    ]


def test_the_report_says_what_it_does_not_show():
    assert "## What it does not show" in markdown(read_thresholds(), [])


def test_brand_rules_are_judged_by_the_database(db):
    recall, precision = rules.judge(db.url("postgres"))
    assert (recall.threshold, precision.threshold) == rules.THRESHOLDS
    assert 0.95 <= recall.value <= 1
    assert 0.9 <= precision.value <= 1
    assert min(recall.n, precision.n) > 100


@pytest.mark.parametrize(
    ("threshold", "constant"),
    [
        ("still_growing_rank", 0.0),
        ("shares_rank", 0.0),
        ("retention_rank", 0.0),
        ("stands_out_auc", 0.5),
        ("interval_coverage", 0.458),
        ("baseline_of_five", 1.65),
        ("followers_interval", 0.39),
        ("comparables_true", 0.205),
    ],
)
def test_what_a_constant_reaches_passes_no_bar_of_virality(threshold, constant):
    assert falls_short(Finding(threshold, constant), read_thresholds()[threshold])
