"""Writes the types of `supabase/client`: declarations of its files, of the database and documents.

The files are JavaScript with types in comments. tsc checks them and writes what TypeScript reads.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from local.layout import ROOT

CLIENT = ROOT / "supabase" / "client"
_TYPES = ROOT / "supabase" / "types"
_TIMEOUT_SECONDS = 120


class ClientTypesError(RuntimeError):
    """The files of the client have a mistake; the message is tsc's."""


def paths() -> list[Path]:
    """Every declaration that belongs to the client."""
    names = ["database", "documents", *(path.stem for path in sorted(CLIENT.glob("*.js")))]
    return [CLIENT / f"{name}.d.ts" for name in names]


def declarations() -> dict[Path, str]:
    """The text of each declaration, from the types of the database as they are committed."""
    inputs = {path.name: path.read_text() for path in sorted(CLIENT.glob("*.js"))}
    inputs |= {"tsconfig.json": (CLIENT / "tsconfig.json").read_text()}
    for name in ("database", "documents"):
        inputs[f"{name}.d.ts"] = _declared((_TYPES / f"{name}.ts").read_text())
    found = _compiled(tuple(inputs.items()))
    return {path: found[path.name] for path in paths()}


def write() -> None:
    """Writes them anew."""
    for path, text in declarations().items():
        path.write_text(text)


def stale() -> list[str]:
    """A line for each committed declaration that differs from what tsc writes now."""
    try:
        found = declarations()
    except ClientTypesError as error:
        return [str(error)]
    return [
        f"{path.relative_to(ROOT)} is stale: run `make types`"
        for path, text in found.items()
        if not path.exists() or path.read_text() != text
    ]


def _declared(text: str) -> str:
    """A file of types as a declaration: a package has no TypeScript, and no constant is used."""
    types, _, _ = text.partition("\nexport const Constants")
    return types.replace("'./documents.ts'", "'./documents.js'")


@cache
def _compiled(inputs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    # Inside the project, where tsc finds the packages. Beside the declarations it would read them.
    base = ROOT / ".local"
    base.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="client-", dir=base))
    try:
        for name, text in inputs:
            (folder / name).write_text(text)
        (folder / "package.json").write_text('{"type": "module"}')
        result = subprocess.run(
            [ROOT / "node_modules" / ".bin" / "tsc", "--project", folder],
            check=False,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
        if result.returncode:
            raise ClientTypesError(result.stdout.replace(str(folder), "supabase/client"))
        return {path.name: path.read_text() for path in folder.glob("*.d.ts")}
    finally:
        shutil.rmtree(folder)
