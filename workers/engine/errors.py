"""How a job ends early: try again, give up, or a lost lease. Anything else is a bug."""

from __future__ import annotations


class Retry(Exception):  # noqa: N818 - reads as an outcome: raise Retry(...)
    """Worth trying again; counts as a failed attempt.

    `message` is shown to the user as it is: a sentence, without raw data.
    """

    def __init__(self, code: str, message: str, after_seconds: float | None = None) -> None:
        super().__init__(code, message, after_seconds)
        self.code = code
        self.message = message
        self.after_seconds = after_seconds


class Reject(Exception):  # noqa: N818
    """No retry can help: the job fails with this code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class LostLease(Exception):  # noqa: N818
    """Another worker holds the job now: nothing that this attempt writes may count."""


class Snooze(Exception):  # noqa: N818
    """Nothing to do until something outside has happened: frees the slot, counts as no attempt.

    The job runs again after the delay, or as soon as somebody wakes it. Its owner sees `stage`.
    """

    def __init__(self, stage: str, after_seconds: float) -> None:
        super().__init__(stage, after_seconds)
        self.stage = stage
        self.after_seconds = after_seconds
