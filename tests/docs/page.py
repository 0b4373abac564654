"""The blocks of docs/frontend.md and docs/integrations.md as files, and the client's package."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from local.layout import ROOT
from tests.patience import PATIENCE_SECONDS

HERE = Path(__file__).parent / "frontend"
PAGE = (ROOT / "docs" / "frontend.md").read_text()
_BLOCK = r"^```(?:js|ts|tsx|python) (\S+)\n(.*?)^```$"
FILES = dict(re.findall(_BLOCK, PAGE, re.MULTILINE | re.DOTALL))
INTEGRATIONS = (ROOT / "docs" / "integrations.md").read_text()
SCRIPTS = {name: text for name, text in FILES.items() if not name.endswith(".py")} | dict(
    re.findall(r"^```ts (\S+)\n(.*?)^```$", INTEGRATIONS, re.MULTILINE | re.DOTALL)
)
# Next.js is not installed: what its examples need of it.
_CLERK_NEXT = {
    "package.json": '{"name": "@clerk/nextjs", "type": "module", "exports": {"./server": '
    '{"types": "./server.d.ts", "default": "./server.js"}}}',
    "server.d.ts": "export function auth(): Promise<{ getToken(): Promise<string | null> }>\n",
    "server.js": "export const auth = async () => globalThis.clerkOfTheRequest\n",
}


def lay_out(folder: Path, files: dict[str, str]) -> None:
    """A page's project in `folder`: these files, and the client as npm installs it."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    shutil.copy(HERE / "tsconfig.json", folder)
    packed = subprocess.run(
        ["npm", "pack", ROOT / "supabase" / "client", "--silent", "--pack-destination", folder],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    shutil.unpack_archive(folder / packed.stdout.strip(), folder, filter="data")
    client = client_of(folder)
    client.parent.mkdir(parents=True)
    (folder / "package").rename(client)
    clerk = folder / "node_modules" / "@clerk" / "nextjs"
    clerk.mkdir(parents=True)
    for name, text in _CLERK_NEXT.items():
        (clerk / name).write_text(text)


def client_of(folder: Path) -> Path:
    """Where the client is installed in a page's project."""
    return folder / "node_modules" / "@creatorscook" / "client"


def compile_files(folder: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What `tsc --strict` says of these files; JavaScript goes to `out`."""
    lay_out(folder, files)
    return subprocess.run(
        [ROOT / "node_modules" / ".bin" / "tsc", "--project", folder],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
