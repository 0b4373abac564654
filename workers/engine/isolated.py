"""The fork server of isolation.py, and its children: each computes one task and ends.

The server loads once what tasks need, and reads nothing that strangers wrote. A child shares this
memory. It has no environment, no database, and no descriptor but its channel. Tasks come pickled
from the worker. Answers go back as JSON: a child that a page took over cannot run code there.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import pickle
import resource
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import TypeAdapter

from core.text import storable_json
from workers.engine.errors import Reject, Retry

T = TypeVar("T")

HEADER_BYTES = 8
EXIT_CODE_BYTES = 2
_NICENESS = 5  # the worker's own loop goes first
_SHORT_SECONDS = 0.25  # most tasks end within it
# On top, for tasks that take longer: short ones get the cores first. More would starve a long task
# beside two busy processes: niceness 10 has a tenth of the weight of niceness 0, 19 a 70th.
_LONG_NICENESS = 5
_MAX_DESCRIPTORS = 1024  # of the server, which has two for each child
_IS_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True)
class Task(Generic[T]):
    """A pure function of a module; `returns` is the type of what it gives.

    `warm_up` loads what the function keeps between calls.
    """

    function: Callable[..., T]
    returns: Any
    warm_up: Callable[[], object] | None = None

    @property
    def name(self) -> str:
        """For logs and metrics."""
        return self.function.__name__

    def load(self) -> None:
        """Loads what every call needs."""
        _adapter(self.returns)
        if self.warm_up is not None:
            self.warm_up()

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
    """Loads the tasks that come first, then forks until the worker closes the control socket."""
    # Signals of a group are meant for the worker, which lets us finish or kills us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_NOFILE, _MAX_DESCRIPTORS, _MAX_DESCRIPTORS)
    os.nice(_NICENESS)
    control = socket.socket(fileno=int(sys.argv[1]))
    for task in pickle.loads(_received(control) or pickle.dumps([])):  # noqa: S301 - our worker's
        task.load()
    if _IS_LINUX and len([*Path("/proc/self/task").iterdir()]) > 1:
        raise RuntimeError("A task's libraries have started threads, which no child would have.")
    gc.collect()
    gc.freeze()  # a collection in a child would copy the pages of what is loaded
    _ForkServer(control).run()


class _ForkServer:
    """Forks a child for each pair of sockets: the child's channel, and one for its exit code.

    It kills the child when the worker closes or shuts down its end of the latter.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._woken, waker = socket.socketpair()
        for end in (self._woken, waker):
            end.settimeout(0)
        signal.set_wakeup_fd(waker.detach(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._statuses: dict[int, socket.socket] = {}  # by process id
        self._long_from: dict[int, float] = {}

    def run(self) -> None:
        is_open = True
        while is_open or self._statuses:
            next_long = min(self._long_from.values(), default=None)
            timeout = None if next_long is None else max(next_long - time.monotonic(), 0)
            for key, _ in self._selector.select(timeout):
                if key.fileobj is self._woken:
                    self._woken.recv(4096)
                    self._reap()
                elif key.fileobj is not self._control:
                    self._kill(key.data)
                elif not self._fork():
                    is_open = False
                    self._selector.unregister(self._control)
                    for pid in self._statuses:
                        self._kill(pid)
            self._put_long_ones_behind()

    def _fork(self) -> bool:
        """Whether the control socket brought something, as opposed to its end."""
        message, sockets, _, _ = socket.recv_fds(self._control, 1, 2)
        if not message:
            return False
        channel, status = (socket.socket(fileno=number) for number in sockets)
        with channel:
            try:
                pid = os.fork()
            except OSError as error:  # the worker sees the ends of both sockets
                sys.stderr.write(f"No child: {error.strerror}\n")
                status.close()
                return True
            if pid == 0:
                _compute(channel)
        self._statuses[pid] = status
        self._long_from[pid] = time.monotonic() + _SHORT_SECONDS
        self._selector.register(status, selectors.EVENT_READ, pid)
        return True

    def _kill(self, pid: int) -> None:
        with suppress(KeyError):  # done before, or reaped in this round
            self._selector.unregister(self._statuses[pid])
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self._statuses:
            pid, ended = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._long_from.pop(pid, None)
            with self._statuses.pop(pid) as status:
                with suppress(KeyError):
                    self._selector.unregister(status)
                with suppress(ConnectionError):
                    code = os.waitstatus_to_exitcode(ended)
                    status.send(code.to_bytes(EXIT_CODE_BYTES, signed=True))

    def _put_long_ones_behind(self) -> None:
        now = time.monotonic()
        for pid, long_from in list(self._long_from.items()):
            if long_from <= now:
                os.setpriority(os.PRIO_PROCESS, pid, os.nice(0) + _LONG_NICENESS)
                del self._long_from[pid]


def _compute(channel: socket.socket) -> NoReturn:
    """Computes what the channel asks for, in a process of its own."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if _IS_LINUX:  # no child outlives the server
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _keep_only(channel.fileno())
        if question := _received(channel):
            call: Call = pickle.loads(question)  # noqa: S301 - our worker's
            _bound(call)
            answer = storable_json(json.dumps(_answer(call))).encode("ascii")
            channel.sendall(len(answer).to_bytes(HEADER_BYTES) + answer)
        code = 0
    except BaseException as error:  # noqa: BLE001 - the message may quote the page
        sys.stderr.write(f"{type(error).__name__}: {_frames(error)}\n")
    finally:
        os._exit(code)


def _keep_only(channel: int) -> None:
    """Closes every descriptor but this one and the standard ones, which the worker has set."""
    os.closerange(3, channel)
    os.closerange(channel + 1, _MAX_DESCRIPTORS)


def _received(channel: socket.socket) -> bytes:
    """A message, b"" at the end."""
    size = int.from_bytes(channel.recv(HEADER_BYTES, socket.MSG_WAITALL))
    return channel.recv(size, socket.MSG_WAITALL)


def _bound(call: Call) -> None:
    """Bounds of this process, which it cannot raise."""
    # The second one kills where the first one's signal is caught.
    _limit(resource.RLIMIT_CPU, call.cpu_seconds, call.cpu_seconds + 1)
    # A process of its own would outlive the kill. Linux does not hold root to this.
    _limit(resource.RLIMIT_NPROC, 0, 0)
    if _IS_LINUX:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        held_bytes = pages * resource.getpagesize()
        most_bytes = held_bytes + call.memory_bytes
        _limit(resource.RLIMIT_AS, most_bytes, most_bytes)


def _limit(which: int, soft: int, hard: int) -> None:
    _, most = resource.getrlimit(which)
    limits = (soft, hard) if most < 0 else (min(soft, most), min(hard, most))
    resource.setrlimit(which, limits)


def _answer(call: Call) -> dict[str, Any]:
    try:
        value = call.task.function(*call.arguments, **call.named_arguments)
        return {"kind": "returned", "value": call.task.written(value)}
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
        return {"kind": "beyond_bounds", "bound": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - the worker raises it
        return {"kind": "failed", "class": type(error).__name__, "frames": _frames(error)}


def _frames(error: BaseException) -> list[str]:
    """Where it happened, without the message: that may quote the page."""
    found = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


if __name__ == "__main__":
    main()
