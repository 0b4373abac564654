"""What the image can do: `edge`, `worker`, `migrate`, `keys`, `health`, with their arguments.

`edge` and `worker` become their process, so that signals reach it.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

_EDGE_PORT = "8080"
_TIMEOUT_SECONDS = 3


def main(arguments: list[str]) -> int:
    """Runs the command; its exit status. `edge` and `worker` never return."""
    name, *rest = arguments or ["edge"]
    if name not in _COMMANDS:
        print(f"There is no command {name}. Name one of {', '.join(_COMMANDS)}.", file=sys.stderr)
        return 2
    return _COMMANDS[name](rest)


def edge(arguments: list[str]) -> int:
    """Becomes gunicorn with the Flask app."""
    # Each process writes its counters to a file there; those of an earlier run count no more.
    metrics = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "/tmp/metrics"))  # noqa: S108
    metrics.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in metrics.glob("*.db"):
        left.unlink()
    return _become(
        *("gunicorn", "--no-control-socket", "-c", "webhooks/gunicorn.conf.py"),
        *("-b", f"0.0.0.0:{os.environ.get('EDGE_PORT', _EDGE_PORT)}"),
        *arguments,
        "webhooks.app:create_app()",
    )


def worker(arguments: list[str]) -> int:
    """Becomes a worker, or an operator's command of it, such as `worker doctor`."""
    return _become("workers", *arguments)


def keys(arguments: list[str]) -> int:
    """Makes or rotates the edge's signing keys: `keys FILE create|add|promote|retire`."""
    return _become("webhooks.key_rotation", *arguments)


def migrate(arguments: list[str]) -> int:
    """Applies what the database lacks."""
    # Imported here: a probe must not wait for libraries that it does not use.
    from deploy import migrations  # noqa: PLC0415

    return migrations.main(arguments)


def health(_arguments: list[str]) -> int:
    """0 if the first process of this container is healthy."""
    words = Path("/proc/1/cmdline").read_bytes().split(b"\0")
    is_edge = any(word.endswith(b"gunicorn") for word in words)
    name, default = ("EDGE_PORT", _EDGE_PORT) if is_edge else ("WORKER_METRICS_PORT", "")
    url = f"http://127.0.0.1:{os.environ.get(name, default)}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.HTTPError) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return 1


def _become(module: str, *arguments: str) -> int:
    command = [sys.executable, "-m", module, *arguments]
    os.execv(command[0], command)  # noqa: S606 - no shell


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "edge": edge,
    "worker": worker,
    "migrate": migrate,
    "keys": keys,
    "health": health,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
