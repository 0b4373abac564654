"""The paths of the local stack: one folder, ignored by git."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TRAVERSE_ONLY = 0o711


class Layout:
    """The paths below the stack's folder. Each profile has a database of its own."""

    def __init__(self, directory: Path, profile: str = "embedded") -> None:
        self.directory = directory.resolve()
        suffix = "" if profile == "embedded" else f"-{profile}"
        self.data = self.directory / f"postgres{suffix}"
        self.keys = self.directory / "keys"
        self.edge_keys = self.keys / "edge.json"  # the edge's private keys; the first one signs
        self.role_token_keys = self.keys / "api.json"  # signs ANON_KEY and SERVICE_ROLE_KEY
        self.public_keys = self.keys / "jwks.json"  # the public halves, which PostgREST accepts
        self.clerk_key = self.keys / "clerk.pem"
        self.passwords = self.keys / "passwords.json"
        self.postgrest_config = self.directory / "postgrest.conf"
        # A hash of each migration's text when it was applied.
        self.applied_migrations = self.directory / f"applied-migrations{suffix}.json"
        self.stripe = self.directory / "stripe.json"  # what the stand-in for Stripe knows
        self.metrics = self.directory / "metrics"  # shared counters of gunicorn's processes
        self.log = self.directory / "stack.log"
        self.lock = self.directory / "lock"


def prepare(directory: Path, profile: str = "embedded") -> Layout:
    """Makes the folder. Other users of the machine can't read it."""
    layout = Layout(directory, profile)
    # Started by root, PostgreSQL runs as another user, who must be able to pass through.
    mode = _TRAVERSE_ONLY if os.geteuid() == 0 else 0o700
    layout.directory.mkdir(mode=mode, parents=True, exist_ok=True)
    layout.directory.chmod(mode)
    layout.keys.mkdir(mode=0o700, exist_ok=True)
    return layout
