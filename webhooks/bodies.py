"""Request bodies: raw bytes up to a limit, and JSON that every parser reads the same way."""

from __future__ import annotations

import json
import math
from typing import Any

from flask import request

from webhooks.problems import Problem

MAX_DEPTH = 32


def raw(max_bytes: int | None = None) -> bytes:
    """The body; 413 above `max_bytes` or above the app's own limit. May be called again."""
    if max_bytes is not None:
        request.max_content_length = max_bytes
    body = request.get_data()
    # A chunked body has no Content-Length. Reading it stops at the limit without an error.
    if request.content_length is None and len(body) == request.max_content_length:
        raise Problem(413, "too_large", "The body is too large.")
    return body


def json_object(max_bytes: int) -> dict[str, Any]:
    """The JSON object in the body; 400 for any other body."""
    try:
        return parse_object(raw(max_bytes))
    except NotStrictJson as error:
        raise Problem(400, "invalid_request", "The body is not a JSON object.") from error


class NotStrictJson(ValueError):  # noqa: N818 - says what the bytes are
    """Not a JSON object that every parser reads the same way."""


def parse_object(data: bytes) -> dict[str, Any]:
    """The object in `data`; refuses bad UTF-8, NaN, repeated names and deep nesting."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique_names,
        )
    except (ValueError, RecursionError) as error:
        raise NotStrictJson("not strict JSON") from error
    if not isinstance(value, dict) or _is_deeper(value, MAX_DEPTH):
        raise NotStrictJson("not a JSON object, or nested too deeply")
    return value


def _refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity, which no other parser accepts.
    raise NotStrictJson(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # 1e999
        raise NotStrictJson(text)
    return number


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrictJson("a name is repeated")
    return found


def _is_deeper(value: object, allowed: int) -> bool:
    if isinstance(value, dict):
        return allowed == 0 or any(_is_deeper(child, allowed - 1) for child in value.values())
    if isinstance(value, list):
        return allowed == 0 or any(_is_deeper(child, allowed - 1) for child in value)
    return False
