"""Every named command of the pages about backup and scaling is run by a trial."""

from __future__ import annotations

import pytest

from tests.server import ROOT
from tests.trials.runbook import BACKUP, steps

SCALING = ROOT / "docs" / "scaling.md"
SOURCES = "".join(
    path.read_text()
    for path in (ROOT / "tests" / "trials").glob("*.py")
    if path.name != "runbook.py"
)


@pytest.mark.parametrize("page", [BACKUP, SCALING], ids=lambda page: page.name)
def test_each_step_is_run(page):
    named = steps(page)
    assert named
    unused = [
        name
        for name in named
        if f'runbook.run("{name}"' not in SOURCES and f'steps()["{name}"]' not in SOURCES
    ]
    assert unused == []
    # A block without a name would be run by nobody.
    assert page.read_text().count("```sh") == len(named)
