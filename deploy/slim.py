"""While the image is built: takes out of installed packages what no process of ours uses.

`python -m deploy.slim FOLDER`. Then it compiles the modules that our processes import. Others are
compiled when they are imported, which nobody notices. It ends with an error if an import fails.
"""

from __future__ import annotations

import importlib
import py_compile
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# What packages ship for those who develop them.
_FOLDERS = ("tests", "test", "docs", "examples", "include")
_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "*.cpp", "*.hpp", "*.a", "*.pyc")
# Of numpy, only what f2py and its distutils need.
_PARTS = ("numpy/f2py", "numpy/_core/include", "numpy/_core/lib", "bin")
# All that the edge, a worker, its fork server and an operator import.
_ENTRIES = (
    *("deploy.entrypoint", "deploy.migrations", "gunicorn.app.wsgiapp", "webhooks.app"),
    *("webhooks.buffering", "webhooks.gunicorn_hooks", "webhooks.key_rotation"),
    *("workers.__main__", "workers.process", "workers.operator", "workers.engine.isolated"),
)


def main(folder: Path) -> None:
    """Slims the packages in `folder`, then compiles what was imported from there and from here."""
    for path in _superfluous(folder):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    sys.dont_write_bytecode = True
    _use()
    here = Path(__file__).resolve().parent.parent
    compiled = 0
    for module in [*sys.modules.values()]:
        path = Path(getattr(module, "__file__", None) or "none")
        if path.suffix == ".py" and (folder in path.parents or here in path.parents):
            # By content, so that the files' times do not matter.
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(str(path), doraise=True, invalidation_mode=mode)
            compiled += 1
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{compiled} modules compiled, {size / 1e6:.0f} MB of packages")


def _superfluous(folder: Path) -> Iterator[Path]:
    for name in _PARTS:
        yield folder / name
    for path in [*folder.rglob("*")]:
        if path.name in _FOLDERS if path.is_dir() else any(map(path.match, _FILES)):
            yield path


def _use() -> None:
    """Imports what processes import, also what they import at first use."""
    for name in _ENTRIES:
        importlib.import_module(name)
    from workers.registry import TASKS  # noqa: PLC0415

    for task in TASKS:
        task.load()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
