"""The child process of isolation.py: computes one task at a time from what strangers wrote.

It is given no environment, no sockets and no database. Tasks come pickled from the parent; answers
go back as JSON, so that a child which a page has taken over cannot run code in the parent.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from pydantic import TypeAdapter

from core.text import storable_json
from workers.engine.errors import Reject, Retry

T = TypeVar("T")

HEADER_BYTES = 8
_NICENESS = 5  # the worker's own loop goes first


@dataclass(frozen=True)
class Task(Generic[T]):
    """A pure function of a module; `returns` is the type of what it gives."""

    function: Callable[..., T]
    returns: Any

    @property
    def name(self) -> str:
        """For logs and metrics."""
        return self.function.__name__

    def written(self, value: T) -> Any:
        """The value as JSON has it."""
        return _adapter(self.returns).dump_python(value, mode="json")

    def read(self, document: Any) -> T:
        """The value again, with its types checked."""
        value: T = _adapter(self.returns).validate_python(document)
        return value


@dataclass(frozen=True)
class Call:
    """A task with its arguments and its bounds."""

    task: Task[Any]
    arguments: tuple[Any, ...]
    named_arguments: dict[str, Any]
    cpu_seconds: int
    memory_bytes: int


def main() -> None:
    """Answers calls until the parent closes the pipe."""
    # Signals of a group are meant for the parent, which lets us finish or kills us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICENESS)
    questions, answers = _taken_over(0, "rb"), _taken_over(1, "wb")
    while header := questions.read(HEADER_BYTES):
        call: Call = pickle.loads(questions.read(int.from_bytes(header)))  # noqa: S301 - our parent's
        _bound(call)
        answer = storable_json(json.dumps(_answer(call)))
        answers.write(len(answer).to_bytes(HEADER_BYTES) + answer.encode("ascii"))
        answers.flush()


def _taken_over(number: int, mode: str) -> IO[bytes]:
    """A standard stream for our own use; what prints or asks by mistake cannot disturb it."""
    ours = os.fdopen(os.dup(number), mode)
    other = os.open(os.devnull, os.O_RDONLY) if mode == "rb" else 2
    os.dup2(other, number)
    return ours


def _bound(call: Call) -> None:
    """Bounds of this call alone: beyond what the process has used and holds so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used_seconds = math.ceil(usage.ru_utime + usage.ru_stime)
    _set_soft_limit(resource.RLIMIT_CPU, used_seconds + call.cpu_seconds)
    if sys.platform == "linux":
        _set_soft_limit(resource.RLIMIT_AS, _held_bytes()[0] + call.memory_bytes)


def _held_bytes() -> tuple[int, int]:
    """Address space and memory of this process now; Linux only."""
    size, resident, *_ = Path("/proc/self/statm").read_text().split()
    page_bytes = resource.getpagesize()
    return int(size) * page_bytes, int(resident) * page_bytes


def _set_soft_limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value if hard < 0 else min(value, hard), hard))


def _answer(call: Call) -> dict[str, Any]:
    try:
        value = call.task.function(*call.arguments, **call.named_arguments)
        return {"kind": "returned", "value": call.task.written(value)} | _state(call)
    except Reject as error:
        return {"kind": "rejected", "code": error.code, "message": error.message}
    except Retry as error:
        return {
            "kind": "retried",
            "code": error.code,
            "message": error.message,
            "after_seconds": error.after_seconds,
        }
    except (MemoryError, RecursionError) as error:
        return {"kind": "beyond_bounds", "bound": type(error).__name__, "is_last": True}
    except Exception as error:  # noqa: BLE001 - the parent raises it: a bug must not end the child
        return {"kind": "failed", "class": type(error).__name__, "frames": _frames(error)}


def _state(call: Call) -> dict[str, Any]:
    """Whether this process has grown so much that the next call gets a new one."""
    if sys.platform != "linux":
        return {}
    return {"is_last": _held_bytes()[1] > call.memory_bytes // 2}


def _frames(error: Exception) -> list[str]:
    """Where it happened, without the message: that may quote the page."""
    found = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


if __name__ == "__main__":
    main()
