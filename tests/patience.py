"""How long a test waits for what must come. Only a test that hangs is ended by it.

A machine that is busy otherwise takes thirty times as long as an idle one.
"""

from __future__ import annotations

PATIENCE_SECONDS = 900
# The same for servers: gunicorn ends workers that take long to start or to stop.
GUNICORN = {
    "GUNICORN_CMD_ARGS": f"--timeout={PATIENCE_SECONDS} --graceful-timeout={PATIENCE_SECONDS} "
    f"--keep-alive={PATIENCE_SECONDS}"
}
