"""Where one measurement happens: a fresh database, and what it is asked to do there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

SUPERUSER = "supabase_admin"
# A measuring process prints these around what CPU time is counted for.
BEGIN, END = "#begin", "#end"


@dataclass(frozen=True)
class Target:
    """A database on the benchmark's server and Redis beside it; both over Unix sockets."""

    socket_dir: str
    port: int
    database: str
    redis_socket: str | None

    def url(self, login: str = SUPERUSER) -> str:
        """Connection string of a login."""
        return f"postgresql://{login}@/{self.database}?host={self.socket_dir}&port={self.port}"


@dataclass(frozen=True)
class Order:
    """One system, one case, its parameters: what a measuring process is started with."""

    system: str
    case: str
    target: Target
    parameters: dict[str, Any] = field(default_factory=dict)

    def dumps(self) -> str:
        """As the process's argument."""
        return json.dumps(asdict(self) | {"url": self.target.url()})

    @classmethod
    def loads(cls, text: str) -> Order:
        """Back from the argument."""
        data = json.loads(text)
        return cls(data["system"], data["case"], Target(**data["target"]), data["parameters"])
