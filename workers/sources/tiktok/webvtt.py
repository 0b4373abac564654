"""Reads WebVTT, the format of TikTok's subtitles, in one pass over its lines.

A stranger may have written the file, so every bound below holds for any content. Regions, styles,
notes, positions and tags are left out.
"""

from __future__ import annotations

import html
import re

from workers.insights.inputs import Cue

MAX_BYTES = 512 * 1024  # of a file; an hour of speech has 100 KiB
MAX_CUES = 2000
MAX_CUE_CHARACTERS = 500
MAX_SECONDS = 600.0  # cues that begin later are not read; those that end later end here
MAX_LINE_CHARACTERS = 2000
_HEADER = "WEBVTT"
_TIME = r"(?:(\d{1,3}):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
_TIMING = re.compile(rf"\s*{_TIME}\s+-->\s+{_TIME}(?:\s|$)", re.ASCII)
_TAG = re.compile(r"<[^<>]*>")


def read_webvtt(content: bytes) -> tuple[Cue, ...]:
    """The cues by their start; none if the file is not WebVTT."""
    text = content[:MAX_BYTES].decode("utf-8-sig", "replace")
    if not text.startswith(_HEADER):
        return ()
    cues: list[Cue] = []
    timing: tuple[float, float] | None = None
    words: list[str] = []
    for line in [*text.splitlines(), ""]:
        stripped = line[:MAX_LINE_CHARACTERS].strip()
        match = _TIMING.match(line[:MAX_LINE_CHARACTERS]) if "-->" in stripped else None
        if match is not None or not stripped:
            _add(cues, timing, words)
            timing, words = (_seconds(match), []) if match is not None else (None, [])
        elif timing is not None and len(words) < MAX_CUE_CHARACTERS:
            words.append(stripped)
        if len(cues) >= MAX_CUES:
            break
    return tuple(sorted(cues, key=lambda cue: cue.start_s))


def _add(cues: list[Cue], timing: tuple[float, float] | None, words: list[str]) -> None:
    if timing is None or not words or not timing[0] < timing[1] or timing[0] >= MAX_SECONDS:
        return
    said = _plain(" ".join(words))
    # Rolling subtitles repeat their last line.
    if said and not (cues and cues[-1].text == said):
        cues.append(Cue(timing[0], min(timing[1], MAX_SECONDS), said))


def _seconds(match: re.Match[str]) -> tuple[float, float]:
    parts = [int(part or 0) for part in match.groups()]
    start, end = (
        hours * 3600 + minutes * 60 + seconds + thousandths / 1000
        for hours, minutes, seconds, thousandths in (parts[:4], parts[4:])
    )
    return start, end


def _plain(text: str) -> str:
    """One line without tags, entities and U+0000."""
    bare = html.unescape(_TAG.sub("", text[: 4 * MAX_CUE_CHARACTERS])).replace("\x00", "")
    return " ".join(bare.split())[:MAX_CUE_CHARACTERS].strip()
