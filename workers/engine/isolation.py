"""Computes what strangers' pages and texts ask for, in child processes with bounds.

A page can hold the interpreter, fill the memory or crash a parser written in C. In a child this
costs its own job alone: the worker's loop, its signals and metrics, and other jobs go on.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

import structlog

from core import tracing
from workers.engine import metrics
from workers.engine.errors import Reject, Retry
from workers.engine.isolated import EXIT_CODE_BYTES, HEADER_BYTES, Call, Task

T = TypeVar("T")

_PER_TENANT = 2  # children that one tenant may have at a time, of three or more
_END_SECONDS = 1
_READ_BYTES = 256 * 1024
MAX_ANSWER_BYTES = 16 * 1024 * 1024
_KINDS = ("returned", "rejected", "retried", "beyond_bounds", "failed")
_ROOT = Path(__file__).parents[2]
_CRASHES = {
    -number
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
}
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
    *,
    processes: int,
    cpu_seconds: int,
    memory_bytes: int,
    tasks: Sequence[Task[Any]] = (),
) -> AsyncIterator[Compute]:
    """Up to `processes` children at a time; each has these bounds. `tasks` are loaded once."""
    isolation = _Isolation(processes, cpu_seconds, memory_bytes, tasks)
    try:
        await isolation.start()
        yield isolation.compute
    finally:
        await isolation.close()


class _Isolation:
    """The children: more than cores, so that the system shares these between long and short tasks.

    One tenant has a few of them at most and leaves at least one to others.
    """

    def __init__(
        self, processes: int, cpu_seconds: int, memory_bytes: int, tasks: Sequence[Task[Any]]
    ) -> None:
        self._bounds = cpu_seconds, memory_bytes
        self._tasks = pickle.dumps(tasks)
        self._server: Process | None = None
        self._control = socket.socket(socket.AF_UNIX)  # until the server is there
        self._turn = asyncio.Lock()
        self._free = asyncio.Semaphore(processes)
        self._per_tenant = max(min(processes - 1, _PER_TENANT), 1)
        self._tenants: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    async def compute(
        self, task: Task[T], *arguments: Any, tenant: Hashable = None, **named_arguments: Any
    ) -> T:
        share = self._tenants.setdefault(tenant, asyncio.Semaphore(self._per_tenant))
        async with share, self._free:
            # Pages are large: those that wait are not copied yet.
            question = pickle.dumps(Call(task, arguments, named_arguments, *self._bounds))
            with tracing.span(f"compute {task.name}"):
                answer = await self._asked(question)
        metrics.ISOLATED.labels(task.name, answer["kind"]).inc()
        if answer["kind"] == "beyond_bounds":
            _log.warning("task_beyond_bounds", task=task.name, bound=answer["bound"])
        return _value(task, answer)

    async def _asked(self, question: bytes) -> dict[str, Any]:
        """A child's answer. The server ends the child when `status` closes, whatever the reason."""
        channel, its_channel = socket.socketpair()
        status, its_status = socket.socketpair()
        with channel, status:
            channel.settimeout(0)
            status.settimeout(0)
            with its_channel, its_status:
                await self._fork(its_channel, its_status)
            try:
                return await _exchange(channel, question)
            except ConnectionError:
                return _last_words(await _exit_code(status))

    async def _fork(self, *sockets: socket.socket) -> None:
        """Has the server fork a child with these; starts another server if it has ended."""
        numbers = [end.fileno() for end in sockets]
        async with self._turn:
            try:
                socket.send_fds(self._control, [b"1"], numbers)
            except ConnectionError:
                code = self._server and await self._server.wait()
                _log.error("fork_server_ended", exit_code=code)
                await self.start()
                socket.send_fds(self._control, [b"1"], numbers)

    async def start(self) -> None:
        """Starts the server, without waiting until it has loaded its tasks."""
        self._control.close()
        self._control, control = socket.socketpair()
        with control:
            self._server = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "workers.engine.isolated",
                str(control.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.__stderr__,
                pass_fds=[control.fileno()],
                cwd=_ROOT,
                env=_ENVIRONMENT,
            )
        self._control.sendall(len(self._tasks).to_bytes(HEADER_BYTES) + self._tasks)
        self._control.settimeout(0)

    async def close(self) -> None:
        """Closing the control socket ends the server, once it is no longer loading."""
        self._control.close()
        if self._server is None:
            return
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._server.wait()
        except TimeoutError:
            self._server.kill()
            await self._server.wait()


async def _exchange(channel: socket.socket, question: bytes) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(channel, len(question).to_bytes(HEADER_BYTES))
    await loop.sock_sendall(channel, question)
    size = int.from_bytes(await _received(channel, HEADER_BYTES))
    if size > MAX_ANSWER_BYTES:
        return {"kind": "beyond_bounds", "bound": "answer"}
    written = await _received(channel, size)
    with suppress(ValueError, RecursionError):  # a child that a page took over may write anything
        answer = json.loads(written)
        if isinstance(answer, dict) and answer.get("kind") in _KINDS:
            return answer
    return {"kind": "beyond_bounds", "bound": "answer"}


async def _received(channel: socket.socket, size: int) -> bytearray:
    """Exactly so many bytes; ConnectionResetError if fewer come."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < size:
        part = await loop.sock_recv(channel, min(size - len(received), _READ_BYTES))
        if not part:
            raise ConnectionResetError
        received += part
    return received


async def _exit_code(status: socket.socket) -> int | None:
    """How a child ended that answers no more; None if the server has ended, too."""
    try:
        status.shutdown(socket.SHUT_WR)  # it may have closed its channel alone
        return int.from_bytes(await _received(status, EXIT_CODE_BYTES), signed=True)
    except OSError:
        return None


def _last_words(code: int | None) -> dict[str, Any]:
    """What it means that a child ended in the middle of a task."""
    if code == -signal.SIGXCPU:
        return {"kind": "beyond_bounds", "bound": "cpu"}
    if code in _CRASHES:
        return {"kind": "beyond_bounds", "bound": "crash"}
    return {"kind": "vanished", "exit_code": code}


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
