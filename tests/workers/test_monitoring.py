"""What a worker tells others over HTTP."""

from __future__ import annotations

import asyncio
import json

import httpx

from local.scratch import free_port
from workers import monitoring
from workers.monitoring import HUNG_SECONDS, Monitor


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def health(monitor: Monitor) -> tuple[str, str]:
    said: list[str] = []
    [body] = monitor.application()(
        {"PATH_INFO": "/healthz"}, lambda status, _headers: said.append(status)
    )
    return said[0], json.loads(body)["status"]


def test_a_worker_is_healthy_while_it_loads_and_hung_when_its_loop_stands_still():
    clock = Clock()
    monitor = Monitor(clock)
    clock.now += HUNG_SECONDS
    assert health(monitor) == ("200 OK", "ok")
    clock.now += 0.1
    assert health(monitor) == ("503 Service Unavailable", "hung")


async def test_each_turn_of_the_loop_is_noted(monkeypatch):
    monkeypatch.setattr(monitoring, "_TICK_SECONDS", 0)
    clock = Clock()
    monitor = Monitor(clock)
    with monitor.watching(asyncio.get_running_loop()):
        clock.now += HUNG_SECONDS * 2
        for _ in range(3):
            await asyncio.sleep(0)
        assert health(monitor) == ("200 OK", "ok")
    clock.now += HUNG_SECONDS * 2
    for _ in range(3):
        await asyncio.sleep(0)
    assert health(monitor) == ("503 Service Unavailable", "hung")


def test_health_and_counters_are_served():
    port = free_port()
    Monitor().serve("127.0.0.1", port)
    answer = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "python_info" in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
