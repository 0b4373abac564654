"""What a view, a check or an error adds to the log line of its request (monitoring.py)."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import cast

from flask import g


@dataclass
class RequestLog:
    """What the log line of a request says beside method, route and status."""

    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.perf_counter)
    problem_code: str | None = None
    refusal: str | None = None  # why a token or a signature was refused
    is_logged: bool = True  # rate_limits.py unsets it for an address with many refused tokens


def request_log() -> RequestLog:
    """The RequestLog of the current request, made at first use."""
    if "log" not in g:
        g.log = RequestLog()
    return cast("RequestLog", g.log)
