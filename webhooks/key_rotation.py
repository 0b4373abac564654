"""`python -m webhooks.key_rotation FILE add|promote|retire`: new keys without a failed request.

`create` makes the file with its first key. Each other step edits it. After `add`, wait until every
verifier has the new public key. After `promote`, wait until the last token of the old key has
expired.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from webhooks.token_issuer import ALGORITHM, read_keys

Keys = list[dict[str, Any]]
# Permissions: the owner reads and writes, the group reads.
_OWNER, _GROUP = 0o600, 0o040


def add(keys: Keys) -> Keys:
    """Adds a key that is published but does not sign yet."""
    made = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    return [*keys, made | {"kid": str(uuid.uuid4()), "alg": ALGORITHM, "use": "sig"}]


def promote(keys: Keys) -> Keys:
    """Makes the newest key sign; the others stay published."""
    return [keys[-1], *keys[:-1]]


def retire(keys: Keys) -> Keys:
    """Removes all keys but the one that signs."""
    return keys[:1]


STEPS: dict[str, Callable[[Keys], Keys]] = {"add": add, "promote": promote, "retire": retire}


def edit(path: Path, step: str) -> Keys:
    """Does a step and returns the keys."""
    document = path.read_text()
    read_keys(document)
    keys = STEPS[step](json.loads(document)["keys"])
    write(path, json.dumps({"keys": keys}))
    return keys


def create(path: Path) -> Keys:
    """Makes the file with one key. Raises FileExistsError: nothing may sign with two."""
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    keys = add([])
    write(path, json.dumps({"keys": keys}))
    return keys


def write(path: Path, text: str) -> None:
    """Replaces a file, with a rename: nobody reads half of it.

    Its owner may read it, and the group that could read it before: an edge in a container has
    another user. Nobody else may.
    """
    draft = path.with_name(f"{path.name}.{uuid.uuid4()}")
    draft.touch(mode=_OWNER)
    try:
        draft.write_text(text)
        if path.exists() and (before := path.stat()).st_mode & _GROUP:
            os.chown(draft, before.st_uid, before.st_gid)
            draft.chmod(_OWNER | _GROUP)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def main() -> None:
    """Entry point; prints the key ids, the signing one first."""
    parser = argparse.ArgumentParser(prog="python -m webhooks.key_rotation", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("step", choices=("create", *STEPS))
    arguments = parser.parse_args()
    file, step = arguments.file, arguments.step
    try:
        keys = create(file) if step == "create" else edit(file, step)
    except (OSError, ValueError) as error:
        sys.exit(f"Nothing was changed: {error}")
    print(*(key["kid"] for key in keys), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
