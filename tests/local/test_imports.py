"""What is shipped stands without the tests."""

from __future__ import annotations

import ast

from local.layout import ROOT

SHIPPED = ("core", "webhooks", "workers", "local")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_no_shipped_module_imports_the_tests():
    paths = [path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")]
    found = {
        str(path.relative_to(ROOT)): sorted(names)
        for path in paths
        if (names := {name for name in imported(path) if name.split(".")[0] == "tests"})
    }
    assert len(paths) > 100
    assert found == {}
