"""Whether the systems do the same work: the same rows and columns for the same question."""

from __future__ import annotations

import httpx

from tests.benchmarks.api import cases
from tests.benchmarks.api.servers import Server

_READS = (cases.LIST, cases.GET, cases.OVERVIEW)
# Who does what our API does before each request. Next.js asks ours and passes no header on.
_TAGGING = {cases.OURS, cases.ASYNCPG, cases.SQLALCHEMY, cases.EXPRESS}


class Disagreement(Exception):  # noqa: N818 - reads as what happened
    """Two systems answer one question differently, so their rates can't be compared."""


def require(started: dict[str, Server], tokens: list[str]) -> None:
    """Raises Disagreement unless each system answers each read as ours does."""
    for case in _READS:
        answers = {system: _answer(case, system, at, tokens) for system, at in started.items()}
        wrong = [name for name, rows in answers.items() if rows != answers[cases.OURS]]
        if wrong or not answers[cases.OURS]:
            raise Disagreement(f"{case}: not as ours, or nothing: {', '.join(wrong)}")
    tags = {system: _tag(system, started[system], tokens) for system in _TAGGING & started.keys()}
    if len(set(tags.values())) > 1 or not all(tags.values()):
        raise Disagreement(f"not the tag of ours, or none: {tags}")
    for system, server in started.items():
        path = cases.requests(cases.LIST, system)[0].path
        status = httpx.get(
            _url(server, path), headers={"Authorization": "Bearer a.b.c"}
        ).status_code
        if status < 400:
            raise Disagreement(f"{system} serves a forged token")


def _answer(case: str, system: str, server: Server, tokens: list[str]) -> list[dict[str, str]]:
    request = cases.requests(case, system)[0]
    headers = {"Authorization": f"Bearer {tokens[request.account]}"}
    body = httpx.get(_url(server, request.path), headers=headers, timeout=20).json()
    rows = body if isinstance(body, list) else [body]
    # Moments are spelled in several ways; numbers and texts are not.
    return [
        {name: str(value) for name, value in row.items() if not name.endswith("_at")}
        | dict.fromkeys((name for name in row if name.endswith("_at")), "")
        for row in rows
    ]


def _tag(system: str, server: Server, tokens: list[str]) -> str | None:
    request = cases.requests(cases.LIST, system)[0]
    headers = {"Authorization": f"Bearer {tokens[request.account]}"}
    return httpx.get(_url(server, request.path), headers=headers, timeout=20).headers.get("ETag")


def _url(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"
