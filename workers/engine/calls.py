"""Measures calls to providers: a span, a counter and a histogram for each call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from core import tracing
from workers.engine import metrics
from workers.engine.errors import Reject, Retry, Snooze

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def calling(provider: str, operation: str) -> Iterator[tracing.Span]:
    """Measures one call. Its outcome is `answered`, or the code of the Retry or Reject it raises.

    A Snooze is `busy`, a cancellation `stopped`, any other exception `error`.
    """
    began, outcome = time.perf_counter(), "answered"
    try:
        with tracing.span(f"{provider} {operation}", kind="client", peer__service=provider) as span:
            yield span
    except (Retry, Reject) as error:
        outcome = error.code
        raise
    except Snooze:
        outcome = "busy"
        raise
    except asyncio.CancelledError:
        outcome = "stopped"
        raise
    except Exception:
        outcome = "error"
        raise
    finally:
        metrics.PROVIDER_CALLS.labels(provider, operation, outcome).inc()
        metrics.PROVIDER_SECONDS.labels(provider, operation).observe(time.perf_counter() - began)


def measured(
    provider: str, operation: str
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Measures each call of a coroutine function."""

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(function)
        async def call(*arguments: P.args, **named: P.kwargs) -> T:
            with calling(provider, operation):
                return await function(*arguments, **named)

        return call

    return decorate
