"""Packs of both versions: old ones stay readable by type, and serve scripts as new ones do."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.insights.test_pack import _collected, _pack
from workers.insights import documents, documents_v1
from workers.writing.scripts import template_script


def _old_pack():
    new = _pack(**_collected())
    kept = ("angles", "script_templates", "evidence", "grounding", "engine", "freshness")
    for script in new["script_templates"]:
        for beat in script["beats"]:
            del beat["shot"]  # which they do not have
    return {key: new[key] for key in kept} | {
        "schema_version": "1.0",
        "inputs": {},
        "headline": "Bottle: people ask about the price",
        "summary": "27 comments.",
        "score": {"value": 74, "band": "above", "confidence": "medium"},
        "hooks": [],
        "hashtags": [],
        "sounds": [],
        "posting": {"status": "not_supported", "reason": "no effect", "windows": []},
        "disclosure": {
            "required": "if_paid_or_gifted",
            "text": "#ad",
            "placement": "caption_start+spoken",
            "reason": "Paid posts need it.",
        },
        "comparables": [],
        "risks": [],
        "dos": [],
        "donts": [],
        "cards": [{"kind": "score", "ref": "score", "order": 1}],
        "confidence": new["confidence"],
        "caveats": [],
    }


def test_the_versions_do_not_read_each_others_packs():
    new = _pack(**_collected())
    assert documents.PackConfiguration.model_validate(new).case == "shop_product"
    assert documents_v1.PackConfiguration.model_validate(_old_pack()).score.value == 74
    with pytest.raises(ValidationError):
        documents_v1.PackConfiguration.model_validate(new)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_pack_of_either_version_serves_a_script(version):
    pack = _old_pack() if version == "1.0" else _pack(**_collected())
    script = template_script(pack, "")
    assert script.title == "From templates: Answer what people ask: the price"
    shown = "(First picture: The price, filling the screen.)\n" * (version == "2.0")
    assert script.content.startswith(f"[0-3 s, hook]\n{shown}The price? Let me show you.")
    # Nobody says of a new pack that it is paid.
    assert script.content.endswith("Caption: #ad") == (version == "1.0")
