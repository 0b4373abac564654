"""What a language model is told of an analysis, and its words put into the pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.insights.analysis import Analysis
from workers.insights.groundedness import check, cited_ids
from workers.insights.pack_shapes import PackConfiguration
from workers.insights.shapes import Evidence

# Not the sounds and hashtags: their names are strangers' words.
_TOLD = ("overall", "aspects", "themes", "purchase_intent", "risks", "score", "stage")
_EVIDENCE_KEYS = ("id", "paraphrase", "n", "label")


def findings_of(analysis: Analysis) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The computed findings, and the evidence that they cite."""
    findings = {
        result.type: {key: result.content[key] for key in _TOLD if key in result.content}
        for result in analysis.results
    }
    cited = cited_ids(findings)
    evidence = [
        {key: item[key] for key in _EVIDENCE_KEYS}
        for item in _all_evidence(analysis).values()
        if item["id"] in cited
    ]
    return findings, evidence


def rewritten(analysis: Analysis, prose: Mapping[str, Any]) -> dict[str, Any]:
    """The pack's configuration with the prose in it; what the prose lacks stays as it was.

    Checked again as a whole: a claim without its evidence is a bug, and raises.
    """
    configuration = dict(analysis.pack.configuration)
    configuration |= {key: prose[key] for key in ("headline", "summary", "dos", "donts")}
    configuration |= {"hooks": _numbered(prose["hooks"])}
    for key in ("headline", "summary", "dos", "donts", "hooks"):
        configuration[key] = configuration[key] or analysis.pack.configuration[key]
    findings = {key: value for key, value in configuration.items() if key != "evidence"}
    known = _all_evidence(analysis)
    cited = sorted(cited_ids(findings), key=lambda name: int(name.removeprefix("e")))
    configuration["evidence"] = [known[name] for name in cited]
    grounding = check(findings, [Evidence.model_validate(known[name]) for name in cited])
    dropped = prose["dropped"]
    configuration["grounding"] = grounding.model_dump() | {
        "claims": grounding.claims + dropped,
        "dropped": dropped,
    }
    return PackConfiguration.model_validate(configuration).model_dump(mode="json", by_alias=True)


def _numbered(hooks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"h{number}"} | hook for number, hook in enumerate(hooks, start=1)]


def _all_evidence(analysis: Analysis) -> dict[str, dict[str, Any]]:
    """By id; the documents of one analysis number their evidence together."""
    documents = [*(result.content for result in analysis.results), analysis.pack.configuration]
    return {item["id"]: item for document in documents for item in document["evidence"]}
