"""A real Prometheus beside a real stack. Debian's package `prometheus` brings it and promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from core.config import LocalSettings
from local.layout import ROOT
from local.scratch import free_port
from tests.patience import PATIENCE_SECONDS

MONITORING = ROOT / "deploy" / "monitoring"
MISSING = "promtool and prometheus are missing: apt-get install --no-install-recommends prometheus"
SCALE = 60  # a minute of the rules is a second of a drill
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?<=[\[:])(\d+)([smhd])(?=[\]:])")


def is_installed() -> bool:
    """Whether both programs are in PATH."""
    return all(shutil.which(name) for name in ("promtool", "prometheus"))


def rules() -> list[dict[str, Any]]:
    """The alerts of deploy/monitoring/rules.yml."""
    groups = yaml.safe_load((MONITORING / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def scaled(document: str) -> str:
    """The rules with shorter `for` and windows, for a drill: the one place that scales them.

    Thresholds stay: sixty seconds of waiting are sixty seconds.
    """
    groups = yaml.safe_load(document)
    for group in groups["groups"]:
        for rule in group["rules"]:
            rule["for"] = _shorter(rule.get("for", "0s"))
            rule["expr"] = _DURATION.sub(lambda found: _shorter(found[0]), rule["expr"])
    return yaml.safe_dump(groups)


def _shorter(duration: str) -> str:
    number, unit = re.fullmatch(r"(\d+)([smhd])", duration).groups()  # type: ignore[union-attr]
    return f"{int(number) * _SECONDS[unit] * 1000 // SCALE}ms"


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str

    def get(self, path: str, **query: str) -> Any:
        """The data of an answer of its API; an error is raised with what it says."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=query, timeout=PATIENCE_SECONDS)
        body = answer.json()
        assert body["status"] == "success", body
        return body["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an expression now."""
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found

    def wait_for(self, expression: str) -> None:
        """Returns once the expression has a sample."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.query(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.2)

    def firing(self) -> list[dict[str, str]]:
        """The labels of the alerts that fire now."""
        alerts = self.get("alerts")["alerts"]
        return [each["labels"] for each in alerts if each["state"] == "firing"]


@contextmanager
def scraping(settings: LocalSettings, folder: Path, rules: str) -> Iterator[Prometheus]:
    """Prometheus scrapes the stack of these settings each second and follows these rules.

    The jobs are those of deploy/monitoring/prometheus.yml, with the stack's ports as targets.
    """
    configuration = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    ports = {
        "edge": settings.edge_port,
        "worker": settings.worker_metrics_port,
        "postgrest": settings.rest_admin_port,
    }
    for job in configuration["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]
    (folder / "rules.yml").write_text(rules)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            prometheus = Prometheus(f"http://127.0.0.1:{port}")
            _wait_until_ready(prometheus)
            yield prometheus
        finally:
            process.terminate()


def _wait_until_ready(prometheus: Prometheus) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            httpx.get(f"{prometheus.url}/-/ready", timeout=1).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "Prometheus did not start"
            time.sleep(0.1)
        else:
            return
