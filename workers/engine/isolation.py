"""Computes what strangers' pages and texts ask for, in child processes with bounds.

A page can hold the interpreter, fill the memory or crash a parser written in C. In a child this
costs its own job alone: the worker's loop, its signals and metrics, and other jobs go on.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

import structlog

from workers.engine import metrics
from workers.engine.errors import Reject, Retry
from workers.engine.isolated import HEADER_BYTES, Call, Task

T = TypeVar("T")

_PER_TENANT = 2  # children that one tenant may have at a time, of three or more
_KEPT_IDLE = 2  # a start takes half a second; more would only hold memory
MAX_ANSWER_BYTES = 16 * 1024 * 1024
_ROOT = Path(__file__).parents[2]
# Nothing of the worker's. A page that takes a child over can still do what the worker's user may,
# such as read the worker's own environment in /proc: a container has to bound that. Threads of
# numerical libraries would count against its memory.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_log = structlog.get_logger()


class BeyondBounds(Exception):  # noqa: N818 - reads as an outcome
    """The task took more CPU time or memory than one may, or crashed its process."""


class FailedError(Exception):
    """A bug in a task; `frames` say where, the message stays in the child."""

    def __init__(self, task: str, class_name: str, frames: list[str]) -> None:
        super().__init__(task, class_name, frames)
        self.add_note("\n".join(frames))


class Compute(Protocol):
    """Computes a task; `tenant` is whose work it is."""

    async def __call__(
        self, task: Task[T], *arguments: Any, tenant: Hashable = None, **named_arguments: Any
    ) -> T:
        """What the task returns. Raises BeyondBounds, or what the task raises."""


async def in_thread(
    task: Task[T],
    *arguments: Any,
    tenant: Hashable = None,  # noqa: ARG001 - threads know no tenants
    **named_arguments: Any,
) -> T:
    """Computes beside the caller's loop, without bounds: for input that is trusted."""
    return await asyncio.to_thread(task.function, *arguments, **named_arguments)


@asynccontextmanager
async def open_isolation(
    *, processes: int, cpu_seconds: int, memory_bytes: int
) -> AsyncIterator[Compute]:
    """Up to `processes` children, started when needed; each call has these bounds."""
    isolation = _Isolation(processes, cpu_seconds, memory_bytes)
    try:
        yield isolation.compute
    finally:
        await isolation.close()


class _Isolation:
    """The children: more than cores, so that the system shares these between long and short tasks.

    One tenant has a few of them at most and leaves at least one to others.
    """

    def __init__(self, processes: int, cpu_seconds: int, memory_bytes: int) -> None:
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._idle: list[Process] = []
        self._ending: set[asyncio.Task[int]] = set()
        self._free = asyncio.Semaphore(processes)
        self._per_tenant = max(min(processes - 1, _PER_TENANT), 1)
        self._tenants: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    async def compute(
        self, task: Task[T], *arguments: Any, tenant: Hashable = None, **named_arguments: Any
    ) -> T:
        bounds = self._cpu_seconds, self._memory_bytes
        question = pickle.dumps(Call(task, arguments, named_arguments, *bounds))
        share = self._tenants.setdefault(tenant, asyncio.Semaphore(self._per_tenant))
        async with share, self._free:
            answer = await self._asked(question, task.name)
        metrics.ISOLATED.labels(task.name, answer["kind"]).inc()
        return _value(task, answer)

    async def _asked(self, question: bytes, name: str) -> dict[str, Any]:
        """A child's answer; without one the child is gone, whatever the reason."""
        child = await self._child()
        try:
            answer = await _exchange(child, question)
        except (ConnectionError, asyncio.IncompleteReadError):
            answer = _last_words(await child.wait())
        except BaseException:  # cancelled, or past the job's deadline: it still computes
            self._end(child)
            raise
        if answer.get("is_last") or len(self._idle) >= _KEPT_IDLE:
            self._end(child)
        else:
            self._idle.append(child)
        if answer["kind"] == "beyond_bounds":
            _log.warning("task_beyond_bounds", task=name, bound=answer["bound"])
        return answer

    async def _child(self) -> Process:
        while self._idle:
            child = self._idle.pop()
            if child.returncode is None:
                return child
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "workers.engine.isolated",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            env=_ENVIRONMENT,
        )

    def _end(self, child: Process) -> None:
        if child.returncode is None:
            child.kill()
        ending = asyncio.create_task(child.wait())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        for child in self._idle:
            self._end(child)
        await asyncio.gather(*self._ending)


async def _exchange(child: Process, question: bytes) -> dict[str, Any]:
    questions, answers = child.stdin, child.stdout
    if questions is None or answers is None:
        raise TypeError("a child has pipes")
    questions.write(len(question).to_bytes(HEADER_BYTES) + question)
    await questions.drain()
    size = int.from_bytes(await answers.readexactly(HEADER_BYTES))
    if size > MAX_ANSWER_BYTES:
        return {"kind": "beyond_bounds", "bound": "answer", "is_last": True}
    answer: dict[str, Any] = json.loads(await answers.readexactly(size))
    return answer


def _last_words(code: int) -> dict[str, Any]:
    """What it means that a child ended in the middle of a task."""
    bounds = {-signal.SIGXCPU: "cpu"} | dict.fromkeys(
        (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL), "crash"
    )
    if code in bounds:
        return {"kind": "beyond_bounds", "bound": bounds[code], "is_last": True}
    return {"kind": "vanished", "exit_code": code, "is_last": True}


def _value(task: Task[T], answer: dict[str, Any]) -> T:
    match answer["kind"]:
        case "returned":
            return task.read(answer["value"])
        case "rejected":
            raise Reject(answer["code"], answer["message"])
        case "retried":
            raise Retry(answer["code"], answer["message"], answer["after_seconds"])
        case "beyond_bounds":
            raise BeyondBounds(task.name, answer["bound"])
        case "failed":
            raise FailedError(task.name, answer["class"], answer["frames"])
    _log.error("task_vanished", task=task.name, exit_code=answer["exit_code"])
    raise Retry("analysis_interrupted", "The analysis was interrupted on our side.")
