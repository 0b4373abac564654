"""Jobs that this worker has claimed: whose begins next, how many more to claim. No I/O."""

from __future__ import annotations

from collections import Counter, deque
from uuid import UUID

from workers.queue import Job

Lane = UUID | None  # whose work it is; None: the system's

# Claimed ahead is what begins this soon at the pace of late, so that no slot waits for a claim.
_AHEAD_SECONDS = 0.05
_MOST_AHEAD_PER_SLOT = 16
# Turns are short, so that one brings the next jobs while those of the last one run. A longer one
# leaves slots idle meanwhile, and costs more a job.
_MOST_AT_ONCE = 100
_PACE_SECONDS = 0.01  # the pace is measured over at least as long
# Below that, keeping a slot free for newcomers would cost too large a part of them.
_SLOTS_TO_KEEP_ONE_FREE = 4


class Stock:
    """At most `slots` jobs run. Lanes take turns here as they do in the queue.

    The last free slot is for a lane of which nothing runs: whoever has thousands of jobs, the
    next one's first job begins at once.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._kept = 1 if slots >= _SLOTS_TO_KEEP_ONE_FREE else 0
        self._waiting: dict[Lane, deque[tuple[Job, float]]] = {}
        self._running: Counter[Lane] = Counter()
        self.waiting = 0
        self.running = 0
        self._ahead = 0
        self._ended = 0  # since then
        self._then = 0.0

    def put(self, job: Job, now: float) -> None:
        """A claimed job waits for a slot."""
        self._waiting.setdefault(job.user_id, deque()).append((job, now))
        self.waiting += 1

    def take(self) -> Job | None:
        """The job that begins now; None while there is none that may."""
        free = self._slots - self.running
        if free <= 0:
            return None
        for lane in self._waiting:
            if free > self._kept or lane not in self._running:
                break
        else:
            return None
        jobs = self._waiting.pop(lane)
        job, _ = jobs.popleft()
        if jobs:
            self._waiting[lane] = jobs  # at the end: the others' turn
        self.waiting -= 1
        self.running += 1
        self._running[lane] += 1
        return job

    def end(self, job: Job) -> None:
        """A running job has ended, however."""
        self.running -= 1
        self._ended += 1
        lane = job.user_id
        self._running[lane] -= 1
        if not self._running[lane]:
            del self._running[lane]

    def empty(self) -> list[Job]:
        """All that wait, no longer waiting."""
        jobs = [job for lane in self._waiting.values() for job, _ in lane]
        self._waiting.clear()
        self.waiting = 0
        return jobs

    def waits_since(self, now: float) -> float:
        """Seconds that the longest waiting job has waited; 0 without one."""
        return max((now - jobs[0][1] for jobs in self._waiting.values()), default=0.0)

    @property
    def busy_lanes(self) -> list[Lane]:
        """Lanes that must leave the last free slot to others."""
        return list(self._running) if self._kept else []

    @property
    def is_open_to_newcomers(self) -> bool:
        """Whether a lane of which nothing runs could begin now."""
        return self._kept > 0 and self.running < self._slots

    @property
    def is_ample(self) -> bool:
        """Whether what waits keeps the slots busy for a while."""
        return self.waiting > self._ahead // 2 and self.running >= self._slots - self._kept

    def room(self, now: float) -> int:
        """How many more jobs to claim: one per slot, and those that begin very soon."""
        elapsed = now - self._then
        if elapsed >= _PACE_SECONDS:
            pace = self._ended / elapsed
            soon = min(int(pace * _AHEAD_SECONDS), _MOST_AHEAD_PER_SLOT * self._slots)
            self._ahead = soon if soon < self._ahead else (self._ahead + soon + 1) // 2
            self._ended, self._then = 0, now
        room = self._slots - self._kept + self._ahead - self.running - self.waiting
        return min(room, _MOST_AT_ONCE)
