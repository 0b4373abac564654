"""The printed pack says what the stored one says."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from local.demo import flow, pack_view
from workers.insights.analysis import Analysis, analyse
from workers.sources import sample

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class _Services:
    """What the sample provider asks for."""

    ref_key = b"key"
    sample_data = None

    def now(self) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    collection = sample._collect(flow.SOURCE_URL, _Services())
    return analyse(collection, product_name=flow.PRODUCT, now=NOW, ref_key=b"key")


def printed(analysis: Analysis, **changes: Any) -> str:
    contents = {result.type: result.content for result in analysis.results}
    console = Console(file=io.StringIO(), width=200)
    pack = analysis.pack.configuration | changes
    console.print(
        pack_view.render(
            "Pack", pack, contents["virality_breakdown"], contents["sentiment_summary"]
        )
    )
    return console.file.getvalue()


def test_every_hook_and_angle_is_printed_with_its_reason(analysis: Analysis):
    text = printed(analysis)
    pack = analysis.pack.configuration
    said = [hook[key] for hook in pack["hooks"] for key in ("text", "why")]
    said += [angle[key] for angle in pack["angles"] for key in ("title", "promise", "proof")]
    # Long cells wrap: words count, not lines.
    words = set(text.split())
    assert [word for each in said for word in each.split() if word not in words] == []


def test_facts_and_next_steps_are_printed(analysis: Analysis):
    pack, text = analysis.pack.configuration, " ".join(printed(analysis).split())
    for part in ("facts", "next_steps"):
        assert pack[part]
        assert [each["text"] for each in pack[part] if each["text"] not in text] == []


def test_parts_that_a_pack_lacks_have_no_title(analysis: Analysis):
    parts = ("hooks", "facts", "angles", "dos", "donts", "next_steps")
    text = printed(analysis, script_templates=[], **{part: [] for part in parts})
    for title in ("Hooks", "What the page states", "Angles", "Do, don't", "Next"):
        assert f"\n{title}\n" not in text


def test_how_far_it_stands_out_is_printed_with_interval_and_basis(analysis: Analysis):
    [breakdown] = [r.content for r in analysis.results if r.type == "virality_breakdown"]
    low, high = breakdown["stands_out"]["interval"]
    text = printed(analysis)
    assert f"{analysis.pack.score:.0f} of 100 ({breakdown['stands_out']['band']})" in text
    assert f"likely between {low} and {high}" in text
    assert breakdown["stands_out"]["basis_text"] in text


def test_a_pack_without_scripts_or_comparables_says_so(analysis: Analysis):
    nothing: dict[str, Any] = {"script_templates": [], "comparables": []}
    text = printed(analysis, **nothing, caveats=["Nothing was found."])
    assert "No post is known to stand out." in text
    assert "A script of" not in text
    assert "• Nothing was found." in text
