"""Asks a language model for an answer of a given schema. Any OpenAI-compatible server will do.

Our instructions are constant; texts of strangers are data in a user message. An unusable answer
costs money too, so its usage is kept beside the reason.
"""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

import httpx2
import openai
import structlog
from openai import AsyncOpenAI
from pydantic import BaseModel

from core.config import Effort
from workers.engine import metrics
from workers.engine.calls import calling
from workers.engine.errors import Snooze
from workers.sources.context import Acquire, unlimited

TIMEOUT_SECONDS = 60.0
MAX_OUTPUT_TOKENS = 8000  # including the reasoning of reasoning models
PAUSE_SECONDS = 1.0  # before the only retry, after a connection or server error
MAX_WAIT_SECONDS = 3600.0
MAX_ANSWER_BYTES = 400_000  # ten times the size of MAX_OUTPUT_TOKENS in English
MAX_TOKENS = 10_000_000  # a server's count is cut to this
LIMIT = "openai"  # in private.semaphores

_MILLION = Decimal(1_000_000)

T = TypeVar("T")
Answer = TypeVar("Answer", bound=BaseModel)
Reason = Literal[
    "refused", "cut_off", "filtered", "off_schema", "over_quota", "unavailable", "model_not_found"
]

_UNFINISHED: dict[str, Reason] = {"length": "cut_off", "content_filter": "filtered"}

# Not every compatible server knows these. Without `store` a server may keep our answers. Without
# `max_completion_tokens` the older `max_tokens` limits them.
_OPTIONAL = ("reasoning_effort", "store", "max_completion_tokens", "max_tokens")
_REFUSAL = re.compile(
    r"(?:un|not |n't )(?:supported|permitted|recogni[sz]ed|known|expected|allowed)|extra|invalid",
    re.IGNORECASE,
)

_log = structlog.get_logger()


@dataclass(frozen=True)
class Usage:
    """Tokens and their cost."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_usd + other.cost_usd,
        )

    def stored(self) -> list[Any]:
        """As JSON for a step."""
        return [self.input_tokens, self.output_tokens, str(self.cost_usd)]

    @classmethod
    def restored(cls, stored: list[Any]) -> Usage:
        return cls(stored[0], stored[1], Decimal(stored[2]))


@dataclass(frozen=True)
class Answered(Generic[Answer]):
    """An answer of the right schema; the caller checks its content."""

    value: Answer
    usage: Usage


class Unanswered(Exception):  # noqa: N818 - an outcome that callers decide on
    """There is no usable answer.

    An analysis goes on without it and adds a caveat; a script's job ends. `after_seconds` is set if
    another attempt may help.
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
    """Dollars per million tokens; zero for one's own server."""

    input_usd: Decimal
    cached_input_usd: Decimal
    output_usd: Decimal

    def of(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Usage:
        """The usage of these tokens. `input_tokens` include `cached_tokens`."""
        cost = (
            self.input_usd * (input_tokens - cached_tokens)
            + self.cached_input_usd * cached_tokens
            + self.output_usd * output_tokens
        )
        return Usage(input_tokens, output_tokens, cost / _MILLION)


@dataclass(frozen=True)
class TextModel:
    """A model behind a server; see `open_text_model`."""

    name: str
    price: Price
    client: AsyncOpenAI = field(repr=False)
    effort: Effort = "none"
    acquire: Acquire = field(default=unlimited, repr=False)
    plan: str = "none"  # of the account that it works for: a label of metrics
    # Parameters that the server has refused. Later requests of this process leave them out.
    refused: set[str] = field(default_factory=set, compare=False)

    def taking(self, acquire: Acquire, plan: str = "none") -> TextModel:
        """The model for one job: each request first acquires a semaphore, which may `Snooze`."""
        return replace(self, acquire=acquire, plan=plan)

    async def ask(self, instructions: str, data: str, shape: type[Answer]) -> Answered[Answer]:
        """The model's answer as a `shape`, which its server is asked not to store.

        Raises `Unanswered`.
        """
        outcome, usage = "error", Usage()
        try:
            answered = await self._asked(instructions, data, shape)
            outcome, usage = "answered", answered.usage
        except Unanswered as failure:
            outcome, usage = failure.reason, failure.usage
            raise
        except Snooze:
            outcome = "busy"
            raise
        else:
            return answered
        finally:
            self._count(outcome, usage)

    def _count(self, outcome: str, usage: Usage) -> None:
        metrics.MODEL_ANSWERS.labels(self.name, outcome).inc()
        metrics.MODEL_TOKENS.labels(self.name, "input", self.plan).inc(usage.input_tokens)
        metrics.MODEL_TOKENS.labels(self.name, "output", self.plan).inc(usage.output_tokens)
        metrics.MODEL_USD.labels(self.name, self.plan).inc(float(usage.cost_usd))

    async def _asked(self, instructions: str, data: str, shape: type[Answer]) -> Answered[Answer]:
        try:
            raw = await self._accepted(instructions, data, shape)
        except openai.APIError as error:
            if not _is_disturbance(error):
                raise self._unanswered(error) from error
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                raw = await self._accepted(instructions, data, shape)
            except openai.APIError as again:
                raise self._unanswered(again) from again
        usage = self._usage(raw.http_response)
        value = _parsed(raw.http_response, shape, usage)
        _log.info("model_answered", shape=shape.__name__, tokens=usage.output_tokens)
        return Answered(value, usage)

    async def _accepted(self, instructions: str, data: str, shape: type[BaseModel]) -> Any:
        """Sends again without a parameter that the server refuses."""
        while True:
            options = self._options()
            try:
                return await self._send(instructions, data, shape, options)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                name = _refused_parameter(error, options)
                if name is None:
                    raise
                self.refused.add(name)
                _log.warning("model_parameter_refused", model=self.name, parameter=name)

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "reasoning_effort": self.effort,
            "store": False,
            "max_completion_tokens": MAX_OUTPUT_TOKENS,
        }
        if "max_completion_tokens" in self.refused:
            options["max_tokens"] = MAX_OUTPUT_TOKENS
        return {name: value for name, value in options.items() if name not in self.refused}

    async def _send(
        self, instructions: str, data: str, shape: type[BaseModel], options: dict[str, Any]
    ) -> Any:
        await self.acquire(LIMIT)
        with calling("openai", "chat") as span:
            span.set_attribute("gen_ai.request.model", self.name)
            raw = await self.client.chat.completions.with_raw_response.parse(
                model=self.name,
                messages=[
                    {"role": "system", "content": instructions},
                    {"role": "user", "content": data},
                ],
                response_format=shape,
                **options,
            )
            usage = self._usage(raw.http_response)
            span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
            return raw

    def _usage(self, response: httpx2.Response) -> Usage:
        """The usage in the raw answer: an answer of another schema is billed too."""
        try:
            counts = response.json()["usage"]
            asked = _tokens(counts["prompt_tokens"])
            details = counts.get("prompt_tokens_details") or {}
            cached = min(_tokens(details.get("cached_tokens") or 0), asked)
            return self.price.of(asked, _tokens(counts["completion_tokens"]), cached)
        except _UNREADABLE:  # some servers don't count
            return Usage()

    def _unanswered(self, error: openai.APIError) -> Unanswered:
        """The reason for an error. The server's message may repeat the prompt, so it is dropped."""
        if error.code == "model_not_found" or isinstance(error, openai.NotFoundError):
            if "model" not in self.refused:  # log it once per process
                self.refused.add("model")
                hint = (
                    "Set OPENAI_LABELS_MODEL or OPENAI_PROSE_MODEL to one that the server offers."
                )
                _log.error("model_not_found", model=self.name, hint=hint)
            return Unanswered("model_not_found")
        _log.warning("model_error", kind=type(error).__name__, code=error.code)
        if error.code == "insufficient_quota":  # a RateLimitError, but waiting does not help
            return Unanswered("over_quota")
        if isinstance(error, openai.RateLimitError):
            stated = error.response.headers.get("retry-after", "")
            seconds = float(stated) if stated.isdecimal() and len(stated) < 9 else 60.0
            return Unanswered("unavailable", after_seconds=min(seconds, MAX_WAIT_SECONDS))
        if isinstance(error, openai.APIConnectionError | openai.InternalServerError):
            return Unanswered("unavailable", after_seconds=30.0)
        return Unanswered("unavailable")


async def gather_answers(calls: Iterable[Awaitable[T]]) -> tuple[list[T], list[Unanswered]]:
    """Answers and failures. Waits for all of them, so that each paid answer is kept as a step.

    Raises `Unanswered` with the usage of all if none is answered, and any other error.
    """
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Unanswered)]
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Unanswered):
            raise outcome
    answers = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    if failures and not answers:
        usage = sum((failure.usage for failure in failures), Usage())
        raise Unanswered(failures[0].reason, usage, failures[0].after_seconds)
    return answers, failures


@asynccontextmanager
async def open_text_model(
    *, key: str, base_url: str, name: str, price: Price, effort: Effort = "none"
) -> AsyncIterator[TextModel]:
    """The model; closes its connections at the end."""
    async with AsyncOpenAI(
        api_key=key,
        base_url=base_url,
        timeout=TIMEOUT_SECONDS,
        max_retries=0,  # the client would also retry with an exhausted quota
    ) as client:
        metrics.prepare_model(name)
        yield TextModel(name, price, client, effort)


# Errors of reading an answer: another schema, wrong types, deep nesting.
_UNREADABLE = (
    AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def _parsed(response: httpx2.Response, shape: type[Answer], usage: Usage) -> Answer:
    """The value in the raw answer: the client's own parser fails on some servers' answers.

    `Unanswered` has no cause: its message would repeat the answer, which may repeat a comment.
    """
    if len(response.content) > MAX_ANSWER_BYTES:
        raise Unanswered("off_schema", usage)
    try:
        choice = response.json()["choices"][0]
        if choice["finish_reason"] in _UNFINISHED:
            raise Unanswered(_UNFINISHED[choice["finish_reason"]], usage)
        if choice["message"].get("refusal"):
            raise Unanswered("refused", usage)
        said = shape.model_validate_json(choice["message"]["content"])
        return shape.model_validate(_cleaned(said.model_dump()))
    except _UNREADABLE:  # pydantic's errors are among them
        raise Unanswered("off_schema", usage) from None


def _cleaned(value: Any) -> Any:
    """Without halves of surrogate pairs and control characters, except line ends and tabs."""
    if isinstance(value, str):
        return "".join(char for char in value if _is_text(char))
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value


def _is_text(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}


def _tokens(count: Any) -> int:
    return min(max(int(count), 0), MAX_TOKENS)


def _is_disturbance(error: openai.APIError) -> bool:
    """Whether a retry may help and nothing was billed. A time-out may have been billed."""
    if isinstance(error, openai.APITimeoutError):
        return False
    return isinstance(error, openai.APIConnectionError | openai.InternalServerError)


def _refused_parameter(error: openai.APIStatusError, sent: dict[str, Any]) -> str | None:
    """The optional parameter that the error is about, if it is about one.

    OpenAI names it in `param`, other servers in a path (`loc`) or in a sentence. A sentence may
    repeat a stranger's text, so only its first 400 characters count.
    """
    if error.param in sent:
        return error.param
    try:
        said = json.dumps(error.response.json())
    except _UNREADABLE:
        said = error.response.text
    for name in _OPTIONAL:
        if name not in sent:
            continue
        in_path = re.search(rf'"loc": \["body", "{name}"\]', said)
        in_words = re.search(rf"\b{name}\b", said[:400]) and _REFUSAL.search(said[:400])
        if in_path or in_words:
            return name
    return None
