"""The stack's commands may be repeated, and repair what a crash left behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
from pathlib import Path

import psycopg
import pytest

from local import health, processes
from tests.flow.stack import LocalStack, configured, processes_of
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.flow, pytest.mark.chaos]


def _pids(stack: LocalStack) -> set[int]:
    return {process.pid for process in processes.of_stack(stack.layout.directory)}


def _problems(stack: LocalStack) -> dict[str, str | None]:
    states = health.check(stack.settings, stack.layout)
    return {state.name: state.problem for state in states if state.problem}


def _postmaster(stack: LocalStack) -> int:
    return int((stack.layout.data / "postmaster.pid").read_text().splitlines()[0])


def test_a_second_up_changes_nothing(stack: LocalStack):
    before = _pids(stack), _postmaster(stack)
    stack.run("up")
    assert (_pids(stack), _postmaster(stack)) == before


def test_a_killed_supervisor_leaves_nothing_behind(stack: LocalStack):
    orphans = _pids(stack)
    processes.supervisor(stack.layout.directory).kill()
    stack.run("up")
    assert _pids(stack) & orphans == set()
    assert _problems(stack) == {}


def test_a_killed_database_comes_back_with_its_data(stack: LocalStack):
    with psycopg.connect(stack.env["DB_URL"]) as connection:
        connection.execute("create table if not exists private.kept as select 'still here' as word")
    os.kill(_postmaster(stack), signal.SIGKILL)
    stack.run("up")
    with psycopg.connect(stack.env["DB_URL"]) as connection:
        assert connection.execute("select word from private.kept").fetchall() == [("still here",)]
    assert _problems(stack) == {}


def test_a_killed_process_comes_back_alone(stack: LocalStack):
    [worker] = processes_of(stack, "-m", "workers")
    others = _pids(stack) - {worker.pid}
    worker.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _problems(stack) or processes_of(stack, "-m", "workers") in ([], [worker]):
        assert time.monotonic() < deadline, _problems(stack)
        time.sleep(0.1)
    assert others <= _pids(stack)


def test_keys_and_data_survive_down_and_up(stack: LocalStack):
    before = stack.run("env").stdout
    stack.run("down")
    assert _pids(stack) == set()
    assert not (stack.layout.data / "postmaster.pid").exists()
    stack.run("up")
    assert stack.run("env").stdout == before


def test_env_prints_the_names_that_the_supabase_cli_prints(stack: LocalStack):
    names = [line.split("=")[0] for line in stack.run("env").stdout.splitlines()]
    assert names == [
        "API_URL",
        "DB_URL",
        "ANON_KEY",
        "SERVICE_ROLE_KEY",
        "EDGE_URL",
        "CLERK_URL",
        "WORKER_URL",
        "WORKER_DB_URL",
        "WEBHOOK_DB_URL",
    ]


def test_a_dashboard_that_was_not_built_is_told_after_the_start(stack: LocalStack):
    *_, last = stack.run("up", "dashboard").stdout.splitlines()
    assert "The dashboard is" in last
    assert "make dashboard" in last
    assert "dashboard" not in stack.run("up").stdout


def test_the_log_into_a_pipe_ends(stack: LocalStack):
    printed = stack.run("logs").stdout
    assert printed
    assert stack.layout.log.read_text().startswith(printed)


def test_other_users_of_the_machine_read_no_secret(stack: LocalStack):
    secret = [*stack.layout.keys.rglob("*"), stack.layout.keys, stack.layout.postgrest_config]
    open_to_others = stat.S_IRWXG | stat.S_IRWXO
    assert [path for path in secret if path.stat().st_mode & open_to_others] == []


def test_a_taken_port_is_named_with_its_variable(tmp_path: Path):
    stack = configured(tmp_path / "stack")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", stack.settings.api_port))
        other.listen()
        refused = stack.run("up", check=False)
    assert refused.returncode == 1
    assert f"API_PORT={stack.settings.api_port}" in refused.stderr
    assert processes.of_stack(stack.layout.directory) == []


def test_everything_listens_on_loopback_only(stack: LocalStack):
    listening = {
        connection.laddr.ip
        for process in processes.of_stack(stack.layout.directory)
        for connection in process.net_connections("inet")
        if connection.status == "LISTEN"
    }
    assert listening == {"127.0.0.1"}
