"""What the job protocol promises, as plain Python, to compare the database with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal

MAX_FAILURES = 3
MAX_CRASHES = 3
ENDED = {"succeeded", "failed", "cancelled"}
Token = tuple[int, int]


@dataclass
class ModelJob:
    """One job. `visibility` is its message's: due to anybody, leased by a worker, or delayed."""

    job_id: uuid.UUID
    user_id: uuid.UUID | None
    key: str
    status: str = "queued"
    visibility: Literal["due", "leased", "delayed"] | None = "due"
    token: Token | None = None
    failures: int = 0
    crashes: int = 0
    progress: int = 0
    is_cancelled: bool = False
    is_woken: bool = False
    completions: int = 0
    steps: dict[str, int] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.status not in ENDED

    def visible_row(self) -> dict[str, object]:
        """What the database should say of it."""
        return {
            "job_id": self.job_id,
            "status": self.status,
            "failures": self.failures,
            "crashes": self.crashes,
            "attempt": self.failures + self.crashes + 1,
            "progress": self.progress,
            "is_finished": not self.is_live,
            "messages": int(self.is_live),
            "live_rows": int(self.is_live),
            "dead_letters": int(self.status == "failed"),
            "steps": self.steps,
        }

    def is_buried_by_claim(self) -> bool:
        """Whether the next claim ends it: cancelled, or one crash too many."""
        has_crashed = self.status == "running"
        return self.is_cancelled or self.crashes + has_crashed >= MAX_CRASHES

    def bury(self) -> None:
        """A claim found it beyond help."""
        self.crashes += self.status == "running"
        self.end("cancelled" if self.is_cancelled else "failed")

    def lease(self, token: Token) -> None:
        """A claim handed it out; a run that nobody ended was a crash."""
        self.crashes += self.status == "running"
        self.status, self.visibility, self.token = "running", "leased", token

    def complete(self) -> None:
        """Its holder has saved the results."""
        self.completions += 1
        self.progress = 100
        self.end("succeeded")

    def retry(self) -> str:
        """Its holder failed; what the protocol should answer."""
        if self.is_cancelled:
            self.end("cancelled")
            return "cancelled"
        self.failures += 1
        if self.failures >= MAX_FAILURES:
            self.end("failed")
            return "failed"
        self.give_back("queued", "delayed")
        return "queued"

    def snooze(self) -> None:
        """Its holder snoozed it."""
        if self.is_cancelled:
            self.end("cancelled")
            return
        self.give_back("waiting", "due" if self.is_woken else "delayed")
        self.is_woken = False

    def release(self) -> None:
        """Its holder handed it back."""
        if self.is_cancelled:
            self.end("cancelled")
            return
        self.give_back("queued", "due")

    def wake(self) -> bool:
        """What it waits for has happened; what the protocol should answer."""
        if self.status == "waiting":
            self.visibility = "due"
            return True
        self.is_woken = self.is_woken or self.status == "running"
        return False

    def cancel(self) -> None:
        """Its user does not want it any more."""
        if self.status == "running":
            self.is_cancelled = True
        elif self.is_live:
            self.end("cancelled")

    def redrive(self) -> None:
        """An operator brought it back after it had failed."""
        self.failures = self.crashes = 0
        self.is_cancelled = self.is_woken = False
        self.give_back("queued", "due")

    def give_back(self, status: str, visibility: Literal["due", "delayed"]) -> None:
        """Nobody holds it now."""
        self.status, self.visibility, self.token = status, visibility, None

    def end(self, status: str) -> None:
        """It is over; steps of a failed job stay for a redrive."""
        self.status, self.visibility, self.token = status, None, None
        if status != "failed":
            self.steps = {}
