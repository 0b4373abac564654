"""Log lines: JSON, and never the data that an error was about."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging, structlog
from core.logs import configure
configure("INFO", "worker")
log = structlog.get_logger()
log.info("job_ended", outcome="succeeded", token="canary")
try:
    try:
        int("canary")
    except ValueError as error:
        raise RuntimeError("canary") from error
except RuntimeError as error:
    log.error("job_bug", exc_info=error)
    logging.getLogger("library").exception("library_event")
"""


def lines() -> list[dict[str, object]]:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    assert "canary" not in output.stdout + output.stderr
    return [json.loads(line) for line in output.stdout.splitlines()]


def test_every_line_is_json_with_its_service_and_time():
    assert [(line["event"], line["service"], "timestamp" in line) for line in lines()] == [
        ("job_ended", "worker", True),
        ("job_bug", "worker", True),
        ("library_event", "worker", True),
    ]


def test_secrets_logged_by_mistake_are_redacted():
    assert lines()[0]["token"] == "[redacted]"


def test_an_exception_shows_classes_and_places_but_no_message():
    for line in lines()[1:]:
        assert [link["class"] for link in line["exception"]] == [
            "builtins.RuntimeError",
            "builtins.ValueError",
        ]
        assert line["exception"][0]["frames"][-1].endswith("<module>")
