"""What a release would do to a database: `python -m local.tools.migration_plan FOLDER`.

FOLDER has the migrations of what runs now. They make a scratch database. The migrations of this
checkout go on from there. It prints each file with its time, and each object that changed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from core.config import LocalSettings, load
from core.database import connect
from deploy import migrations
from local import provisioning, scratch
from local.tools import schema


def main(base: Path) -> int:
    """Prints the plan as Markdown. Exit status 1 if a released file was edited or taken away."""
    now = {each.path.name: each.path.read_text() for each in migrations.files(base)}
    then = {each.path.name: each.path.read_text() for each in migrations.files()}
    edited = [name for name, text in now.items() if then.get(name) != text]
    if edited and any(text.startswith(schema.GENERATED) for text in now.values()):
        print("Nothing is released yet: databases are made anew from the initial migration.")
        return 0
    if edited:
        print(f"Edited or removed after their release: {', '.join(edited)}.")
        return 1
    folder = load(LocalSettings).local_dir
    with scratch.temporary_server(folder / "migration-plan") as server:
        provisioning.prepare_platform(server.superuser_url())
        with connect(server.url("postgres"), application_name="plan") as db:
            migrations.apply(db, base)
            before = schema.snapshot(server.superuser_url())
            for each in migrations.pending(db):
                print(f"- {each.path.name}")
            started = time.monotonic()
            migrations.apply(db)
            seconds = time.monotonic() - started
        after = schema.snapshot(server.superuser_url())
    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    print(f"\nApplied to an empty database in {seconds:.1f} s. {len(changed)} objects change:\n")
    for name in sorted(changed):
        verb = "new" if name not in before else "gone" if name not in after else "changed"
        print(f"- {verb}: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
