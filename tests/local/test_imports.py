"""What is shipped stands without the tests, in rooms that import downwards, without circles."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

from local.layout import ROOT

SHIPPED = ("core", "deploy", "webhooks", "workers", "local")
# What a room may import beside itself; `workers` are the modules that put a worker together.
MAY_IMPORT = {
    "core": set(),
    # The image's commands; those of the edge and the workers are started, not imported.
    "deploy": {"core", "workers"},
    "webhooks": {"core"},
    # local/tools writes the types of the documents from their models.
    "local": {"core", "deploy", "webhooks", "workers.insights"},
    "workers.engine": {"core"},
    "workers.insights": set(),
    "workers.sources": {"core", "workers.engine", "workers.insights"},
    "workers.writing": {"core", "workers.engine", "workers.insights", "workers.sources"},
}
MAY_IMPORT["workers.jobs"] = {*MAY_IMPORT["workers.writing"], "workers.writing"}
MAY_IMPORT["workers"] = {*MAY_IMPORT["workers.jobs"], "workers.jobs"}


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {module_of(path): path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")}


def imported(nodes):
    """The modules, or the names in them, that import statements among the nodes ask for."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (
                name if (name := f"{module}.{alias.name}") in PATHS else module
                for alias in node.names
            )


def parsed(module):
    return ast.parse(PATHS[module].read_text())


def room_of(module):
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "workers" and len(parts) > 2 else 1])


def test_no_shipped_module_imports_the_tests():
    found = {
        module: sorted(names)
        for module in PATHS
        if (names := {n for n in imported(ast.walk(parsed(module))) if n.split(".")[0] == "tests"})
    }
    assert len(PATHS) > 100
    assert found == {}


def test_no_room_imports_one_above_it():
    found = {
        (module, name)
        for module in PATHS
        for name in imported(ast.walk(parsed(module)))
        if name in PATHS and room_of(name) not in MAY_IMPORT[room_of(module)] | {room_of(module)}
    }
    assert found == set()


def test_no_modules_import_each_other():
    found = {module: set(imported(parsed(module).body)) & PATHS.keys() for module in PATHS}
    TopologicalSorter(found).prepare()  # raises CycleError


def test_no_import_is_for_the_type_checker_alone():
    assert [module for module in PATHS if "TYPE_CHECKING" in PATHS[module].read_text()] == []
