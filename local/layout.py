"""The paths of the local stack: one folder, ignored by git."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TRAVERSE_ONLY = 0o711


@dataclass(frozen=True)
class Layout:
    """The paths below the stack's folder."""

    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "postgres"

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

    @property
    def edge_keys(self) -> Path:
        """Private keys of the edge; the first one signs."""
        return self.keys / "edge.json"

    @property
    def api_keys(self) -> Path:
        """Private key behind ANON_KEY and SERVICE_ROLE_KEY."""
        return self.keys / "api.json"

    @property
    def public_keys(self) -> Path:
        """The public halves of both, which PostgREST accepts."""
        return self.keys / "jwks.json"

    @property
    def clerk_key(self) -> Path:
        return self.keys / "clerk.pem"

    @property
    def passwords(self) -> Path:
        return self.keys / "passwords.json"

    @property
    def postgrest_config(self) -> Path:
        return self.directory / "postgrest.conf"

    @property
    def applied_migrations(self) -> Path:
        """A hash of each migration's text when it was applied."""
        return self.directory / "applied-migrations.json"

    @property
    def metrics(self) -> Path:
        """Shared counters of gunicorn's processes."""
        return self.directory / "metrics"

    @property
    def log(self) -> Path:
        return self.directory / "stack.log"

    @property
    def lock(self) -> Path:
        return self.directory / "lock"


def prepare(directory: Path) -> Layout:
    """Makes the folder. Other users of the machine can't read it."""
    layout = Layout(directory.resolve())
    # Started by root, PostgreSQL runs as another user, who must be able to pass through.
    mode = _TRAVERSE_ONLY if os.geteuid() == 0 else 0o700
    layout.directory.mkdir(mode=mode, parents=True, exist_ok=True)
    layout.directory.chmod(mode)
    layout.keys.mkdir(mode=0o700, exist_ok=True)
    return layout
