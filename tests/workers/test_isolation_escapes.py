"""The fork server against tasks that would outlive their kill."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.workers import escaping_tasks as tasks
from workers.engine.errors import Retry
from workers.engine.isolated import Task
from workers.engine.isolation import BeyondBounds, FailedError, open_isolation

MIB = 1024 * 1024


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


async def test_a_task_leaves_no_process_behind():
    task = Task(tasks.leave_a_grandchild, returns=int)
    async with open_isolation(
        processes=2, cpu_seconds=5, memory_bytes=200 * MIB, tasks=[task]
    ) as compute:
        pid = await compute(task)
    if pid:
        os.kill(pid, signal.SIGKILL)
    assert pid == 0


async def test_a_cancelled_task_is_killed(tmp_path: Path):
    note = tmp_path / "pid"
    async with open_isolation(processes=2, cpu_seconds=5, memory_bytes=200 * MIB) as compute:
        running = asyncio.create_task(compute(Task(tasks.sleep, returns=int), str(note)))
        while not note.exists() or not note.read_text():  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.sleep(0.5)
        assert not alive(int(note.read_text()))


@pytest.mark.parametrize("kind", ["no json", "no kind", "deep"])
async def test_an_answer_of_another_form_is_an_outcome(kind: str):
    async with open_isolation(processes=2, cpu_seconds=5, memory_bytes=200 * MIB) as compute:
        with pytest.raises((BeyondBounds, FailedError, Retry)):
            await compute(Task(tasks.answer_nonsense, returns=int), kind)


async def test_a_task_that_kills_its_parent():
    async with open_isolation(processes=2, cpu_seconds=5, memory_bytes=200 * MIB) as compute:
        with pytest.raises(Retry):
            await compute(Task(tasks.kill_parent, returns=int))
        assert await compute(Task(tasks.one, returns=int)) == 1


async def test_a_task_that_closes_its_channel_and_stays():
    async with open_isolation(processes=2, cpu_seconds=5, memory_bytes=200 * MIB) as compute:
        started = time.monotonic()
        with pytest.raises(Retry):
            await asyncio.wait_for(compute(Task(tasks.close_channel_and_wait, returns=int)), 8)
        assert time.monotonic() - started < 7


async def test_a_cancellation_while_the_server_loads():
    async with open_isolation(
        processes=2,
        cpu_seconds=5,
        memory_bytes=200 * MIB,
        tasks=[Task(tasks.one, returns=int, warm_up=tasks.slow)],
    ) as compute:
        for _ in range(50):
            running = asyncio.create_task(compute(Task(tasks.one, returns=int)))
            await asyncio.sleep(0.01)
            running.cancel()
        assert await compute(Task(tasks.one, returns=int)) == 1
