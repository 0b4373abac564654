"""Alerts, dashboard and runbooks: they name each other, run, and fit what the stack exposes."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from local.demo.flow import SOURCE_URL
from local.layout import ROOT
from tests.flow.stack import (
    LocalStack,
    add_product,
    configured,
    finished,
    remove_leftovers,
    wait_until,
)
from tests.patience import PATIENCE_SECONDS
from tests.prometheus import MISSING, MONITORING, Prometheus, is_installed, rules, scaled, scraping
from tests.server import home

DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"] if panel["type"] != "row"}
PAGE = (ROOT / "docs" / "operations.md").read_text()
RUNBOOKS = {
    section.split("\n", 1)[0]: section.split("\n", 1)[1]
    for section in PAGE.split("\n## Runbooks\n")[1].split("\n### ")[1:]
}
PARTS = ("It means", "Users see", "First", "Mend", "Cleared")
NAMES = re.compile(r"\b(?:edge|worker|jobs|postgres)_[a-z_]+\b|\bup\b")
SAMPLES = re.compile(r"_(?:bucket|sum|count|total)$")

needs_prometheus = pytest.mark.skipif(not is_installed(), reason=MISSING)


def expressions() -> list[str]:
    asked = [target["expr"] for panel in PANELS.values() for target in panel["targets"]]
    return [*asked, *(rule["expr"] for rule in rules())]


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments], check=False, capture_output=True, text=True, cwd=MONITORING
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
def test_the_rules_do_what_their_unit_tests_say():
    promtool("check", "rules", "--lint-fatal", "rules.yml")
    promtool("test", "rules", "rules.test.yml")


def test_each_alert_has_a_unit_test_from_both_sides():
    tested = (MONITORING / "rules.test.yml").read_text()
    for rule in rules():
        assert f"name: {rule['alert']}, beyond" in tested
        assert f"name: {rule['alert']}, not quite" in tested


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_names_its_panel_and_its_runbook(rule: dict[str, Any]):
    assert rule["annotations"]["panel"] in PANELS
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
    assert rule["labels"]["severity"] in ("page", "ticket")
    # The panel shows what the alert is about.
    panel = PANELS[rule["annotations"]["panel"]]
    shown = {name for target in panel["targets"] for name in NAMES.findall(target["expr"])}
    assert shown & set(NAMES.findall(rule["expr"]))


def test_each_alert_has_a_runbook_and_each_runbook_an_alert():
    assert RUNBOOKS.keys() == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_says_everything(name: str):
    assert re.findall(r"^- \*\*(.+?)\*\*: ?.*", RUNBOOKS[name], re.MULTILINE) == list(PARTS)
    assert len(commands(name)) == 1


def commands(name: str) -> list[str]:
    return [each.strip() for each in re.findall(r"```sh\n(.+?)```", RUNBOOKS[name], re.DOTALL)]


@pytest.mark.parametrize("expression", ["a[5m] > 60", "b[1h:1m]", "histogram(0.99, c[15m])"])
def test_scaling_shortens_windows_and_leaves_thresholds(expression: str):
    document = f'groups: [{{name: a, rules: [{{alert: A, expr: "{expression}", for: 2m}}]}}]'
    shorter = scaled(document)
    assert "for: 2000ms" in shorter
    assert not re.search(r"\d[mh]\b", shorter)
    assert ("60" in shorter.replace("60000ms", "")) == ("> 60" in expression)


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    remove_leftovers()
    stack = configured(home() / f"flow-{os.getpid()}-monitoring")
    try:
        started = stack.run("up", check=False)
        assert started.returncode == 0, started.stderr
        with stack.sign_in("watched") as client:
            wait_until(client, add_product(client, SOURCE_URL), finished)
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(stack.layout.directory, ignore_errors=True)


@pytest.fixture(scope="module")
def prometheus(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    document = (MONITORING / "rules.yml").read_text()
    with scraping(stack.settings, folder, document) as prometheus:
        prometheus.wait_for("sum(up) == 3")
        yield prometheus


@needs_prometheus
@pytest.mark.flow
@pytest.mark.parametrize("expression", expressions())
def test_an_expression_runs_and_asks_for_metrics_that_are_there(
    prometheus: Prometheus, expression: str
):
    prometheus.query(expression.replace("$__rate_interval", "1m"))
    # A counter of gunicorn's processes is not there before it counts: the code declares it.
    for module in ("webhooks.metrics", "workers.engine.metrics"):
        importlib.import_module(module)
    declared = {metric.name for metric in REGISTRY.collect()}
    known = {"up", *prometheus.get("metadata"), *declared}
    bare = {SAMPLES.sub("", name) for name in known} | known
    asked = NAMES.findall(re.sub(r"\{[^}]*\}|by \([^)]*\)", "", expression))
    assert asked
    assert [name for name in asked if name not in bare and SAMPLES.sub("", name) not in bare] == []


@needs_prometheus
@pytest.mark.flow
def test_a_panel_that_has_something_to_show_shows_it(prometheus: Prometheus):
    """What one product leaves must be there: these labels exist in the real exposition."""
    for expression in (
        'worker_jobs_total{kind="analyze_product",outcome="succeeded"} == 1',
        'worker_job_wait_seconds_count{kind="analyze_product"} == 1',
        'worker_job_total_seconds_count{kind="analyze_product"} == 1',
        'edge_request_seconds_count{route="/auth/session",status="200"} >= 1',
        'jobs_due{queue="ingestion"} == 0',
        'postgres_connections{state="used"} > 3',
        "edge_database_up == 1",
        'up{job="postgrest"} == 1',
    ):
        prometheus.wait_for(expression)


@needs_prometheus
@pytest.mark.flow
def test_labels_do_not_grow_with_accounts(prometheus: Prometheus):
    names = {
        label
        for series in prometheus.get(
            "series", **{"match[]": '{__name__=~"(edge|worker|jobs|postgres)_.+"}'}
        )
        for label in series
        if label not in {"__name__", "job", "instance", "le"}
    }
    assert names <= {
        *("route", "status", "queue", "state", "kind", "outcome", "task", "type", "result"),
        *("provider", "operation", "model", "direction", "plan"),
    }


@pytest.mark.flow
@pytest.mark.parametrize("name", RUNBOOKS)
def test_the_command_of_a_runbook_runs(stack: LocalStack, name: str):
    """On a healthy stack: it answers with something, and without an error."""
    [command] = commands(name)
    port = stack.settings.worker_metrics_port
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
        env=stack.variables
        | stack.env
        | {
            "WORKER_URL": f"http://127.0.0.1:{port}",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
