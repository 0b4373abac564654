"""What of the keys leaves their folder's private files."""

from __future__ import annotations

import json
from pathlib import Path

from local import keys
from local.layout import prepare
from webhooks import key_rotation


def test_postgrest_is_given_the_public_halves_only(tmp_path: Path):
    layout = prepare(tmp_path / "stack")
    keys.ensure(layout)
    key_rotation.edit(layout.edge_keys, "add")
    keys.ensure(layout)
    private = [
        key
        for path in (layout.edge_keys, layout.role_token_keys)
        for key in json.loads(path.read_text())["keys"]
    ]
    public = json.loads(layout.public_keys.read_text())["keys"]
    members = {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert [set(key) for key in public] == [members] * 3
    assert [key["kid"] for key in public] == [key["kid"] for key in private]
    assert all(set(key) == members | {"d"} for key in private)
