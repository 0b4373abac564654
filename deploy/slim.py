"""While the image is built: leaves what our processes use, and compiles that.

`python -m deploy.slim` takes out of /packages and of Python's own library what no process of ours
imports. Then it imports all that they do import and compiles it, because nothing can be written
later. Of packages the bytecode alone stays: our log names places, and prints no line of a source.
It ends with an error if an import fails.
"""

from __future__ import annotations

import importlib
import py_compile
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

PACKAGES = Path("/packages")
_HERE = Path(__file__).resolve().parent.parent
_LIBRARY = Path(sysconfig.get_path("stdlib"))
# What packages ship for those who develop them.
_FOLDERS = ("tests", "test", "docs", "examples", "include")
_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.h", "*.cpp", "*.hpp", "*.a", "*.pyc")
_PARTS = (
    *("bin", "numpy/f2py", "numpy/distutils", "numpy/_core/lib"),
    "stripe/params",  # types alone
    # Of OpenAI's library what our calls never import.
    *(
        f"openai/{part}/{name}"
        for part in ("resources", "types")
        for name in ("admin", "beta", "live")
    ),
    # The other parser. We use lexbor.
    *("selectolax/modest", "selectolax/parser*.so"),
    # Only an operator's commands use SQLAlchemy, with PostgreSQL. It goes without its C modules.
    *("sqlalchemy/dialects/mssql", "sqlalchemy/dialects/mysql", "sqlalchemy/dialects/oracle"),
    *("sqlalchemy/testing", "sqlalchemy/*/_*_cy*.so"),
)
_LIBRARY_PARTS = (
    *("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo", "config-*"),
    *("site-packages/pip*", "site-packages/setuptools*", "site-packages/wheel*"),
    *("distutils", "unittest/test", "turtle.py"),
)
_READ = "vaderSentiment/*.py"  # it looks for its own source
# All that the edge, a worker, its fork server and an operator import.
_ENTRIES = (
    *("deploy.entrypoint", "deploy.migrations", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread"),
    *("webhooks.app", "webhooks.buffering", "webhooks.gunicorn_hooks", "webhooks.key_rotation"),
    *("workers.__main__", "workers.process", "workers.operator", "workers.engine.isolated"),
    *("sqlalchemy.dialects.postgresql.psycopg", "encodings.idna", "uuid", "wsgiref.simple_server"),
    *("openai.resources.chat.completions", "openai.resources.responses"),
    *("opentelemetry.sdk.trace.export", "opentelemetry.exporter.otlp.proto.http.trace_exporter"),
)
# Stripe's services, which its library imports at first use.
_STRIPE = (
    *("accounts", "billing_portal.sessions", "checkout.sessions", "customers", "events"),
    *("invoices", "prices", "subscriptions"),
)


def main() -> None:
    """Slims, imports, compiles."""
    for path in _superfluous():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    sys.dont_write_bytecode = True
    _use()
    # A set: some modules have two names.
    files = {Path(getattr(m, "__file__", None) or "none") for m in [*sys.modules.values()]}
    ours = [f for f in files if f.suffix == ".py" and {PACKAGES, _HERE, _LIBRARY} & {*f.parents}]
    for file in ours:
        _compile(file, keep=PACKAGES not in file.parents or file.match(_READ))
    for folder in (PACKAGES, _HERE, _LIBRARY):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{folder}: {size / 1e6:.0f} MB")
    print(f"{len(ours)} modules compiled")


def _compile(path: Path, *, keep: bool) -> None:
    # By content, so that the files' times do not matter.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    beside = None if keep else str(path.with_suffix(".pyc"))
    py_compile.compile(str(path), beside, doraise=True, invalidation_mode=mode)
    if not keep:
        path.unlink()


def _superfluous() -> Iterator[Path]:
    for part in _PARTS:
        yield from PACKAGES.glob(part)
    for part in _LIBRARY_PARTS:
        yield from _LIBRARY.glob(part)
    yield from [*_LIBRARY.rglob("*.pyc")]
    for path in [*PACKAGES.rglob("*")]:
        if path.name in _FOLDERS if path.is_dir() else any(map(path.match, _FILES)):
            yield path


def _use() -> None:
    """Imports what processes import, also what they import at first use."""
    for name in _ENTRIES:
        importlib.import_module(name)
    import stripe  # noqa: PLC0415

    for service in _STRIPE:
        found = stripe.StripeClient("sk_test_of_nobody").v1
        for part in service.split("."):
            found = getattr(found, part)
    from workers.registry import TASKS  # noqa: PLC0415

    for task in TASKS:
        task.load()


if __name__ == "__main__":
    main()
