"""Child processes that compute: what comes back, and what a hostile task costs the others."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.workers import isolated_tasks as tasks
from workers.engine.errors import Reject, Retry
from workers.engine.isolation import BeyondBounds, FailedError, open_isolation

MEBIBYTE = 1024 * 1024


def isolation(processes=2, cpu_seconds=60, memory=256):
    return open_isolation(
        processes=processes, cpu_seconds=cpu_seconds, memory_bytes=memory * MEBIBYTE
    )


async def until(condition):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.02)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_what_a_task_returns_comes_back_with_its_types():
    at = datetime(2026, 11, 29, tzinfo=UTC)
    async with isolation() as compute:
        found = await compute(tasks.FIND, "lamp", at=at)
    assert found == tasks.Found("lamp", Decimal("12.50"), at, ("a", "b"), found.pid)
    assert found.pid != os.getpid()


async def test_a_child_serves_many_tasks_and_ends_with_the_worker():
    async with isolation() as compute:
        pids = {(await compute(tasks.FIND, "lamp")).pid for _ in range(3)}
        assert len(pids) == 1
    assert not is_alive(pids.pop())


async def test_text_that_no_database_can_hold_is_replaced_on_the_way_back():
    async with isolation() as compute:
        found = await compute(tasks.FIND, "a\0b\ud800c \U0001f600 \\u0000 é")
    assert found.text == "a�b�c \U0001f600 \\u0000 é"


@pytest.mark.parametrize("task", [tasks.FILL, tasks.CRASH, tasks.RECURSE])
async def test_a_task_beyond_its_bounds_costs_only_itself(task):
    async with isolation(processes=1) as compute:
        with pytest.raises(BeyondBounds):
            await compute(task)
        assert (await compute(tasks.FIND, "lamp")).text == "lamp"


async def test_a_task_that_holds_the_interpreter_is_killed_by_its_cpu_time(tmp_path):
    async with isolation(processes=1, cpu_seconds=1) as compute:
        with pytest.raises(BeyondBounds):
            await compute(tasks.SPIN, tmp_path)
        assert (await compute(tasks.FIND, "lamp")).text == "lamp"


async def test_cpu_time_is_counted_for_each_task_alone():
    async with isolation(processes=1, cpu_seconds=1) as compute:
        pids = {await compute(tasks.BURN, 0.4) for _ in range(6)}
    assert len(pids) == 1


async def test_a_cancelled_task_ends_its_child_at_once(tmp_path):
    async with isolation(processes=1) as compute:
        spinning = asyncio.create_task(compute(tasks.SPIN, tmp_path))
        await until(lambda: any(tmp_path.iterdir()))
        spinning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spinning
        pid = int(next(tmp_path.iterdir()).name)
        await until(lambda: not is_alive(pid))
        assert (await compute(tasks.FIND, "lamp")).text == "lamp"


async def test_while_a_task_spins_others_are_computed_and_the_loop_goes_on(tmp_path):
    async with isolation(processes=2) as compute:
        spinning = [
            asyncio.create_task(compute(tasks.SPIN, tmp_path, tenant="hostile")) for _ in range(3)
        ]
        await until(lambda: any(tmp_path.iterdir()))
        assert (await compute(tasks.FIND, "lamp", tenant="other")).text == "lamp"
        assert len(list(tmp_path.iterdir())) == 1  # one of two is left to others
        for task in spinning:
            task.cancel()
        await asyncio.gather(*spinning, return_exceptions=True)


async def test_outcomes_that_a_task_raises_are_the_same_outside():
    async with isolation() as compute:
        with pytest.raises(Reject) as refused:
            await compute(tasks.REFUSE)
        with pytest.raises(Retry) as postponed:
            await compute(tasks.POSTPONE)
    assert refused.value.code == "page_blocked"
    assert (postponed.value.code, postponed.value.after_seconds) == ("page_busy", 7.0)


async def test_a_bug_says_where_it_is_and_nothing_of_the_text():
    async with isolation() as compute:
        with pytest.raises(FailedError) as failed:
            await compute(tasks.STUMBLE)
    assert failed.value.args[:2] == ("stumble", "ValueError")
    assert "isolated_tasks.py" in failed.value.args[2][-1]
    assert "canary" not in str(failed.value)


async def test_a_child_that_vanishes_is_worth_another_try():
    async with isolation(processes=1) as compute:
        with pytest.raises(Retry) as vanished:
            await compute(tasks.VANISH)
        assert (await compute(tasks.FIND, "lamp")).text == "lamp"
    assert vanished.value.code == "analysis_interrupted"


async def test_a_child_that_has_grown_is_replaced():
    async with isolation(processes=1, memory=150) as compute:
        grown = await compute(tasks.GROW)
        assert (await compute(tasks.FIND, "lamp")).pid != grown


async def test_a_child_has_nothing_of_the_workers_environment(monkeypatch):
    monkeypatch.setenv("CANARY", "secret")
    async with isolation() as compute:
        assert "CANARY" not in await compute(tasks.CHATTER)
