"""Asks a language model for an answer of a given shape; any OpenAI-compatible server will do.

Instructions are ours and constant, what strangers wrote is data in a user message. Five things
can go wrong with an answer, and each has been paid for: the usage is kept beside the reason.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import openai
import structlog
from openai import AsyncOpenAI
from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

TIMEOUT_SECONDS = 60.0
MAX_OUTPUT_TOKENS = 8000  # reasoning models think within the same budget
PAUSE_SECONDS = 1.0  # before the one second try, after a disturbance
MAX_WAIT_SECONDS = 3600.0

_MILLION = Decimal(1_000_000)

Answer = TypeVar("Answer", bound=BaseModel)
Reason = Literal["refused", "cut_off", "filtered", "off_schema", "over_quota", "unavailable"]

_log = structlog.get_logger()


@dataclass(frozen=True)
class Usage:
    """Tokens and what they cost, for the record of the job."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_usd + other.cost_usd,
        )


@dataclass(frozen=True)
class Answered(Generic[Answer]):
    """A usable answer, still to be checked against what was asked."""

    value: Answer
    usage: Usage


class Unanswered(Exception):  # noqa: N818 - an outcome that callers decide on
    """There is no usable answer.

    Analyses go on without it and say so; for a script it ends the job. `after_seconds` is set
    where asking again may help.
    """

    def __init__(
        self, reason: Reason, usage: Usage | None = None, after_seconds: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.usage = usage or Usage()
        self.after_seconds = after_seconds


@dataclass(frozen=True)
class Price:
    """Dollars for a million tokens; zero for a server of one's own."""

    input_usd: Decimal
    output_usd: Decimal

    def of(self, input_tokens: int, output_tokens: int) -> Usage:
        cost = self.input_usd * input_tokens + self.output_usd * output_tokens
        return Usage(input_tokens, output_tokens, cost / _MILLION)


@dataclass(frozen=True)
class TextModel:
    """A model behind a server; see `open_text_model`."""

    name: str
    price: Price
    client: AsyncOpenAI = field(repr=False)

    async def ask(self, instructions: str, data: str, shape: type[Answer]) -> Answered[Answer]:
        """The model's answer as a `shape`, or `Unanswered`. No tools, nothing stored."""
        try:
            raw = await self._send(instructions, data, shape)
        except openai.APIError as error:
            if not _is_disturbance(error):
                raise _unanswered(error) from error
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                raw = await self._send(instructions, data, shape)
            except openai.APIError as again:
                raise _unanswered(again) from again
        usage = self._usage(raw.http_response)
        value = _parsed(raw, usage)
        _log.info("model_answered", shape=shape.__name__, tokens=usage.output_tokens)
        return Answered(value, usage)

    async def _send(self, instructions: str, data: str, shape: type[BaseModel]) -> Any:
        return await self.client.chat.completions.with_raw_response.parse(
            model=self.name,
            messages=[
                {"role": "system", "content": instructions},
                {"role": "user", "content": data},
            ],
            response_format=shape,
            max_completion_tokens=MAX_OUTPUT_TOKENS,
            store=False,
        )

    def _usage(self, response: httpx2.Response) -> Usage:
        """Read from the wire: an answer that breaks its shape is billed as well."""
        try:
            counts = response.json()["usage"]
            return self.price.of(int(counts["prompt_tokens"]), int(counts["completion_tokens"]))
        except (KeyError, TypeError, ValueError):  # servers that don't count
            return Usage()


@asynccontextmanager
async def open_text_model(
    *, key: str, base_url: str, name: str, price: Price
) -> AsyncIterator[TextModel]:
    """The model, with connections that are closed at the end."""
    async with AsyncOpenAI(
        api_key=key,
        base_url=base_url,
        timeout=TIMEOUT_SECONDS,
        max_retries=0,  # the client would repeat an exhausted quota, too
    ) as client:
        yield TextModel(name, price, client)


def _parsed(raw: Any, usage: Usage) -> Any:
    """Causes are cut off: their messages repeat the answer, and that may repeat a comment."""
    try:
        message = raw.parse().choices[0].message
    except openai.LengthFinishReasonError:
        raise Unanswered("cut_off", usage) from None
    except openai.ContentFilterFinishReasonError:
        raise Unanswered("filtered", usage) from None
    except (ValidationError, AttributeError, IndexError, TypeError, ValueError):
        raise Unanswered("off_schema", usage) from None
    if message.refusal:
        raise Unanswered("refused", usage)
    if message.parsed is None:
        raise Unanswered("off_schema", usage)
    return message.parsed


def _is_disturbance(error: openai.APIError) -> bool:
    """Over in a moment, and nothing was answered: a time-out may have been, and is billed."""
    if isinstance(error, openai.APITimeoutError):
        return False
    return isinstance(error, openai.APIConnectionError | openai.InternalServerError)


def _unanswered(error: openai.APIError) -> Unanswered:
    """What the server said, without its words: they may repeat the prompt."""
    _log.warning("model_error", kind=type(error).__name__, code=error.code)
    if error.code == "insufficient_quota":  # arrives as a rate limit, but no waiting helps
        return Unanswered("over_quota")
    if isinstance(error, openai.RateLimitError):
        stated = error.response.headers.get("retry-after", "")
        seconds = float(stated) if stated.isdecimal() else 60.0
        return Unanswered("unavailable", after_seconds=min(seconds, MAX_WAIT_SECONDS))
    if isinstance(error, openai.APIConnectionError | openai.InternalServerError):
        return Unanswered("unavailable", after_seconds=30.0)
    return Unanswered("unavailable")
