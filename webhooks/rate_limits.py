"""429 for who asks too often, per process. The proxy in front has the real limits."""

from __future__ import annotations

from flask import request

from webhooks.context import current_edge
from webhooks.problems import Problem
from webhooks.request_log import request_log


def limit(rule: str, subject: str, *, per_minute: int) -> None:
    """Answers 429 once a subject is over `per_minute`. Signed webhooks have no limit."""
    if current_edge().windows.hit(rule, subject) > per_minute:
        raise _too_many()


def count_refusal() -> None:
    """Answers 429 once an address had too many refused tokens this minute.

    Good tokens from the same address still pass.
    """
    edge = current_edge()
    if edge.windows.hit("refusal", request.remote_addr or "") > edge.settings.refusals_per_minute:
        request_log().is_logged = False  # a flood of them must not fill the log
        raise _too_many()


def refuse_suspects() -> None:
    """Raises 429 for an address with too many refusals. Call it before a look-up."""
    edge = current_edge()
    refusals = edge.windows.count("refusal", request.remote_addr or "")
    if refusals >= edge.settings.refusals_per_minute:
        request_log().is_logged = False
        raise _too_many()


def _too_many() -> Problem:
    return Problem(
        429,
        "rate_limited",
        "Too many requests. Please wait a moment.",
        headers={"Retry-After": str(current_edge().windows.seconds_left())},
    )
