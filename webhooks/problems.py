"""Every error of the Flask app as `application/problem+json` (RFC 9457) with a stable `code`."""

from __future__ import annotations

import http
import json
from typing import Any

import psycopg
import structlog
from flask import Flask, Response
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from webhooks.request_log import request_log

log = structlog.get_logger()

_HTTP_CODES = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
}


class Problem(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """An error answer. `detail` is a sentence for a person."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.details = details  # the facts in `detail`, for programs


def register(app: Flask) -> None:
    app.register_error_handler(Problem, _render)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(ParseException, _from_broken_body)
    app.register_error_handler(psycopg.OperationalError, _from_database)
    app.register_error_handler(psycopg.DatabaseError, _from_function)
    app.register_error_handler(Exception, _from_bug)


def document(status: int, code: str, detail: str, *, instance: str) -> dict[str, Any]:
    """RFC 9457's members, and our `code`."""
    return {
        "type": f"urn:creatorscook:problem:{code}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": instance,
    }


def code_of(status: int) -> str:
    """The code of an error that has none of its own."""
    return _HTTP_CODES.get(status, "invalid_request" if status < 500 else "internal_error")


def _render(problem: Problem) -> Response:
    log_line = request_log()
    log_line.problem_code = problem.code
    content = document(problem.status, problem.code, problem.detail, instance=log_line.request_id)
    if problem.details is not None:
        content["details"] = problem.details
    response = Response(
        json.dumps(content), problem.status, content_type="application/problem+json"
    )
    response.headers.update(problem.headers)
    return response


def _from_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # the router redirects
        return Response(error.get_body(), status, error.get_headers())
    phrase = http.HTTPStatus(status).phrase
    problem = Problem(status, code_of(status), f"{phrase}.")
    # werkzeug's own text may repeat input, so it stays here. A client needs `Allow` with 405.
    if status == 405:
        problem.headers = {k: v for k, v in error.get_headers() if k.lower() == "allow"}
    return _render(problem)


def _from_broken_body(_error: ParseException) -> Response:
    """Malformed chunks: gunicorn finds them when a view reads the body."""
    return _render(Problem(400, "invalid_request", "The body could not be read."))


def _from_database(error: psycopg.OperationalError) -> Response:
    log.error("database_unavailable", reason=type(error).__name__)
    return _render(unavailable("The database can't be reached right now. Please try again."))


def _from_function(error: psycopg.DatabaseError) -> Response:
    """What private.fail refuses, in the form that it has for PostgREST."""
    if error.sqlstate != "PGRST":
        return _from_bug(error)
    body = json.loads(error.diag.message_primary or "{}")
    head = json.loads(error.diag.message_detail or "{}")
    return _render(
        Problem(
            head["status"],
            body["code"],
            body["message"],
            headers=head["headers"],
            details=json.loads(body["details"]) if body["details"] else None,
        )
    )


def _from_bug(error: Exception) -> Response:
    log.error("unhandled_error", exc_info=error)
    return _render(Problem(500, "internal_error", "Something went wrong on our side."))


def account_deleted() -> Problem:
    """A token stays valid for minutes after its account was deleted."""
    return Problem(403, "account_deleted", "This account has been deleted.")


def unavailable(detail: str, *, code: str = "unavailable", after_seconds: int = 2) -> Problem:
    """503 with Retry-After."""
    return Problem(503, code, detail, headers={"Retry-After": str(after_seconds)})
