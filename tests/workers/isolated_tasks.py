"""What a child process is asked for by the tests of isolation; it imports them from here."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from workers.engine.errors import Reject, Retry
from workers.engine.isolated import Task
from workers.insights.inputs import Comment, ProductFacts


@dataclass(frozen=True)
class Found:
    """Of each type that must survive the way back."""

    text: str
    price: Decimal | None
    at: datetime | None
    parts: tuple[str, ...]
    pid: int


def find(text: str, at: datetime | None = None) -> Found:
    return Found(text, Decimal("12.50"), at, ("a", "b"), os.getpid())


def spin(folder: Path) -> None:
    """Holds the interpreter in one call of a regular expression, for hours."""
    (folder / str(os.getpid())).touch()
    re.match(r"(a+)+b", "a" * 60)


def burn(seconds: float) -> int:
    """Takes so much CPU time, whatever else the machine does."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return os.getpid()


def read_hostile(_page: object, _key: bytes) -> tuple[None, tuple[()]]:
    """In place of a parser that a page can hold."""
    re.match(r"(a+)+b", "a" * 60)
    return None, ()


def analyse_hostile(_collection: object, **_given: object) -> None:
    """In place of an analysis that a text can hold."""
    re.match(r"(a+)+b", "a" * 60)


def fill() -> None:
    bytearray(8 * 1024**3)


def crash() -> None:
    ctypes.string_at(0)


def vanish() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def recurse() -> None:
    recurse()


def refuse() -> None:
    raise Reject("page_blocked", "The website does not let us read this page.")


def postpone() -> None:
    raise Retry("page_busy", "Later.", 7.0)


def stumble() -> None:
    raise ValueError("canary-of-scraped-text")


seen: list[int] = []
loaded_in: list[int] = []


def remember() -> int:
    """Changes what a later task in the same process would see."""
    seen.append(os.getpid())
    return len(seen)


def load() -> None:
    loaded_in.append(os.getpid())


def where_loaded() -> list[int]:
    return loaded_in


def start_thread() -> None:
    """In place of a library that computes in threads of its own."""
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def fall_silent(folder: Path) -> None:
    """Closes its channel, as a page that took the process over might, and stays."""
    (folder / str(os.getpid())).touch()
    os.closerange(3, 1024)
    time.sleep(600)


def descriptors() -> list[str]:
    """What this process has open."""
    return [
        str(Path(f"/proc/self/fd/{number}").readlink()) for number in range(64) if is_open(number)
    ]


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def chatter() -> dict[str, str]:
    print("not an answer")  # noqa: T201 - what a library might do
    return dict(os.environ)


FIND = Task(find, returns=Found)
BURN = Task(burn, returns=int)
SPIN = Task(spin, returns=None)
READ_HOSTILE = Task(read_hostile, returns=tuple[ProductFacts | None, tuple[Comment, ...]])
ANALYSE_HOSTILE = Task(analyse_hostile, returns=None)
FILL = Task(fill, returns=None)
CRASH = Task(crash, returns=None)
VANISH = Task(vanish, returns=None)
RECURSE = Task(recurse, returns=None)
REFUSE = Task(refuse, returns=None)
POSTPONE = Task(postpone, returns=None)
STUMBLE = Task(stumble, returns=None)
REMEMBER = Task(remember, returns=int)
WHERE_LOADED = Task(where_loaded, returns=list[int], warm_up=load)
WITH_THREAD = Task(find, returns=Found, warm_up=start_thread)
FALL_SILENT = Task(fall_silent, returns=None)
DESCRIPTORS = Task(descriptors, returns=list[str])
NICENESS = Task(niceness, returns=int)
CHATTER = Task(chatter, returns=dict[str, str])
