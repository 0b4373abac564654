"""`python -m workers`: runs jobs until told to stop.

SIGTERM finishes or hands back what is running.
"""

from __future__ import annotations

import argparse
import sys
import uuid

from core.queues import QUEUES


def main() -> None:
    """Entry point. Imports follow the arguments: help must not wait for every client library."""
    arguments = _parser().parse_args()
    if arguments.command:
        from core.config import OperatorSettings, load  # noqa: PLC0415

        operator_settings = load(OperatorSettings)
        from workers import operator  # noqa: PLC0415

        sys.exit(operator.run(arguments, operator_settings))
    from core.config import WorkerSettings, load  # noqa: PLC0415

    settings = load(
        WorkerSettings,
        worker_queues=arguments.queues,
        worker_concurrency=arguments.concurrency,
    )
    from workers import process  # noqa: PLC0415

    process.run(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument(
        "--queues", help=f"comma-separated, of {','.join(QUEUES)}; default: WORKER_QUEUES, else all"
    )
    parser.add_argument(
        "--concurrency", type=int, help="jobs at once; default: WORKER_CONCURRENCY, else 10"
    )
    commands = parser.add_subparsers(dest="command", title="commands for operators (use DB_URL)")
    commands.add_parser("queues", help="depth, age, failures of each queue")
    commands.add_parser("doctor", help="what is wrong with the job layer; exit 1 if anything is")
    for name, text in (("pause", "claim nothing more from a queue"), ("resume", "claim again")):
        commands.add_parser(name, help=text).add_argument("queue")
    peek = commands.add_parser("peek", help="look at a queue's messages, without leasing them")
    peek.add_argument("queue")
    peek.add_argument("--limit", type=int, default=20, help="default: %(default)s")
    peek.add_argument("--archived", action="store_true", help="those in the archive, newest first")
    archive = commands.add_parser("archive", help="fail a harmful job and archive its message")
    archive.add_argument("job_id", type=uuid.UUID)
    commands.add_parser("replay", help="queue archived jobs again").add_argument("queue")
    purge = commands.add_parser("purge", help="cancel every job of a queue that does not run")
    purge.add_argument("queue")
    purge.add_argument("--yes", action="store_true", help="it is meant")
    commands.add_parser("reconcile", help="look at Stripe now for what no event told us")
    commands.add_parser(
        "register-webhook-key", help="encrypt new webhook secrets with WEBHOOK_SECRET_KEYS' first"
    )
    redrive = commands.add_parser("redrive", help="bring a failed job back")
    redrive.add_argument("job_id", type=uuid.UUID)
    return parser


if __name__ == "__main__":
    main()
