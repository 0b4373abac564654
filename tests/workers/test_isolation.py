"""Child processes that compute: what comes back, and what a hostile task costs the others."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from decimal import Decimal

import psutil
import pytest

from tests.patience import PATIENCE_SECONDS
from tests.server import ROOT
from tests.workers import isolated_tasks as tasks
from workers.engine.errors import Reject, Retry
from workers.engine.isolated import Task
from workers.engine.isolation import BeyondBounds, FailedError, open_isolation
from workers.registry import TASKS

MEBIBYTE = 1024 * 1024


# What ends orphans and lists descriptors.
linux = pytest.mark.skipif(sys.platform != "linux", reason="prctl and /proc are Linux's")


def isolation(processes=2, cpu_seconds=3600, memory=256, loaded=(tasks.FIND,)):
    return open_isolation(
        processes=processes,
        cpu_seconds=cpu_seconds,
        memory_bytes=memory * MEBIBYTE,
        tasks=loaded,
    )


def fork_server():
    """The only child of this process that is one."""
    (server,) = [
        child
        for child in psutil.Process().children()
        if "workers.engine.isolated" in child.cmdline()
    ]
    return server


async def spinning_in(folder):
    """The process that holds the interpreter."""
    await until(lambda: any(folder.iterdir()))
    return int(next(folder.iterdir()).name)


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


async def test_each_task_has_a_child_of_its_own_and_the_server_ends_with_the_worker():
    async with isolation() as compute:
        server = fork_server()
        pids = {(await compute(tasks.FIND, "lamp")).pid for _ in range(3)}
        assert len(pids) == 3
        assert server.pid not in pids
    assert not server.is_running()


async def test_what_one_task_changes_the_next_one_does_not_see():
    async with isolation(processes=1, loaded=[tasks.REMEMBER]) as compute:
        assert [await compute(tasks.REMEMBER) for _ in range(3)] == [1, 1, 1]


async def test_what_a_task_needs_is_loaded_once_for_all_children():
    async with isolation(loaded=[tasks.WHERE_LOADED]) as compute:
        loaded_in = [await compute(tasks.WHERE_LOADED) for _ in range(2)]
        assert loaded_in == [[fork_server().pid]] * 2


async def test_two_hundred_tasks_leave_no_process_and_no_descriptor():
    us = psutil.Process()
    async with isolation(processes=6) as compute:
        await compute(tasks.FIND, "lamp")
        server = fork_server()
        await until(lambda: not server.children())
        before = us.num_fds(), server.num_fds()
        calls = [compute(tasks.FIND, "lamp", tenant=number % 9) for number in range(197)]
        await asyncio.gather(*calls)
        for failing in (tasks.CRASH, tasks.VANISH, tasks.STUMBLE):
            with pytest.raises((BeyondBounds, Retry, FailedError)):
                await compute(failing)
        await until(lambda: not server.children())  # a zombie would count
        await until(lambda: (us.num_fds(), server.num_fds()) == before)


@linux
async def test_after_the_server_is_killed_the_next_task_gets_another_one(tmp_path):
    async with isolation(processes=2) as compute:
        interrupted = asyncio.create_task(compute(tasks.SPIN, tmp_path))
        pid = await spinning_in(tmp_path)
        server = fork_server()
        server.kill()
        with pytest.raises(Retry) as vanished:
            await interrupted
        assert vanished.value.code == "analysis_interrupted"
        await until(lambda: not is_alive(pid))
        assert (await compute(tasks.FIND, "lamp")).text == "lamp"
        assert fork_server().pid != server.pid


async def test_a_signal_to_the_group_ends_no_task():
    async with isolation() as compute:
        await compute(tasks.FIND, "lamp")  # it has loaded
        server = fork_server()
        burning = asyncio.create_task(compute(tasks.BURN, 1))
        await until(server.children)
        for number in (signal.SIGINT, signal.SIGTERM):
            for process in (server, *server.children()):
                process.send_signal(number)
        assert await burning
        assert fork_server().pid == server.pid


async def test_a_worker_that_is_killed_takes_server_and_children_with_it(tmp_path):
    program = (
        "import asyncio, pathlib, sys\n"
        "from tests.workers.isolated_tasks import SPIN\n"
        "from tests.workers.test_isolation import isolation\n"
        "async def main():\n"
        "    async with isolation() as compute:\n"
        "        await compute(SPIN, pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(main())\n"
    )
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", program, tmp_path, cwd=ROOT)
    pid = await spinning_in(tmp_path)
    (server,) = psutil.Process(worker.pid).children()
    worker.kill()
    await worker.wait()
    await until(lambda: not is_alive(pid) and not server.is_running())


async def test_a_server_with_threads_forks_nothing():
    async with isolation(loaded=[tasks.WITH_THREAD]) as compute:
        with pytest.raises(Retry):
            await compute(tasks.FIND, "lamp")


async def test_a_task_that_takes_long_leaves_the_cores_to_others(tmp_path):
    async with isolation(processes=3, loaded=[tasks.NICENESS]) as compute:
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        spinning = asyncio.create_task(compute(tasks.SPIN, tmp_path))
        pid = await spinning_in(tmp_path)
        at_first = await compute(tasks.NICENESS)
        await until(lambda: os.getpriority(os.PRIO_PROCESS, pid) > at_first)
        # More would starve it beside busy processes.
        assert ours < at_first < os.getpriority(os.PRIO_PROCESS, pid) <= ours + 10
        spinning.cancel()


def test_the_worker_loads_every_task_there_is():
    defined = {
        task
        for name, module in list(sys.modules.items())
        if name.startswith("workers.")
        for task in vars(module).values()
        if isinstance(task, Task)
    }
    assert defined == set(TASKS)


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
    assert len(pids) == 6


async def test_a_cancelled_task_ends_its_child_at_once(tmp_path):
    async with isolation(processes=1) as compute:
        spinning = asyncio.create_task(compute(tasks.SPIN, tmp_path))
        pid = await spinning_in(tmp_path)
        spinning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spinning
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


async def test_a_child_that_falls_silent_is_ended(tmp_path):
    async with isolation(processes=1) as compute:
        with pytest.raises(Retry):
            await compute(tasks.FALL_SILENT, tmp_path)
        pid = await spinning_in(tmp_path)
        await until(lambda: not is_alive(pid))


async def test_server_and_child_have_nothing_of_the_workers_environment(monkeypatch):
    monkeypatch.setenv("CANARY", "secret")
    ours = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    async with isolation() as compute:
        childs = await compute(tasks.CHATTER)
        childs.pop("LC_CTYPE", None)  # the interpreter sets it
        assert childs == ours
        assert fork_server().environ() == ours


@linux
async def test_a_child_has_no_descriptor_but_its_channel_and_the_standard_ones():
    async with isolation() as compute:
        null, output, errors, channel = await compute(tasks.DESCRIPTORS)
    assert null == os.devnull
    assert output == errors
    assert channel.startswith("socket:")
