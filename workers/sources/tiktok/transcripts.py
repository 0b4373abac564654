"""Fetches transcripts of videos: TikTok's subtitles, or a transcription that the actor made.

The setting VIDEO_TRANSCRIPTS and the plan of the account say whether there are any.
The texts stay in memory. A video whose file is missing or broken goes on without a transcript.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import structlog

from core.config import VideoTranscripts
from workers.engine.errors import Reject, Retry
from workers.engine.isolated import Task
from workers.engine.isolation import BeyondBounds
from workers.insights.inputs import Cue, Transcript, Video
from workers.sources.fields import Item, field, text
from workers.sources.services import SourceServices
from workers.sources.tiktok.webvtt import MAX_BYTES, read_webvtt
from workers.sources.web.fetch import FetchBounds

READ_WEBVTT = Task(read_webvtt, returns=tuple[Cue, ...])

MAX_TRANSCRIPTS = 12  # of an analysis: the subject's, and those of posts that stand out
MAX_LINKS = 60  # languages of one video
AT_ONCE = 4
BOUNDS = FetchBounds(max_bytes=MAX_BYTES, seconds=8.0, types=None, accept="text/vtt,*/*;q=0.5")

# Values of the actors' option `downloadSubtitlesOptions`.
_OPTIONS: dict[VideoTranscripts, str] = {
    "off": "NEVER_DOWNLOAD_SUBTITLES",
    "subtitles": "DOWNLOAD_SUBTITLES",
    "transcribe": "DOWNLOAD_AND_TRANSCRIBE_VIDEOS_WITHOUT_SUBTITLES",
}
# TikTok's own recognition of speech. Other sources are translations.
_SPOKEN = "ASR"
# ISO 639-3, which TikTok writes, to ISO 639-1.
_LANGUAGES = {
    "ara": "ar", "ben": "bn", "bul": "bg", "ces": "cs", "chi": "zh", "cmn": "zh", "dan": "da",
    "deu": "de", "ell": "el", "eng": "en", "fil": "tl", "fin": "fi", "fra": "fr", "fre": "fr",
    "ger": "de", "heb": "he", "hin": "hi", "hun": "hu", "ind": "id", "ita": "it", "jpn": "ja",
    "kor": "ko", "msa": "ms", "nld": "nl", "nor": "no", "pol": "pl", "por": "pt", "ron": "ro",
    "rus": "ru", "spa": "es", "swe": "sv", "tgl": "tl", "tha": "th", "tur": "tr", "ukr": "uk",
    "urd": "ur", "vie": "vi", "zho": "zh",
}  # fmt: skip

_log = structlog.get_logger()


@dataclass(frozen=True)
class TranscriptLink:
    """Where a transcript is; `urls` are tried in turn."""

    urls: tuple[str, ...]
    language: str | None
    basis: Literal["subtitles", "transcription"]


def subtitles_option(setting: VideoTranscripts) -> str:
    """The value of `downloadSubtitlesOptions` for a setting."""
    return _OPTIONS[setting]


def transcript_link(item: Item) -> TranscriptLink | None:
    """The subtitles in the language that is spoken, or the actor's transcription."""
    listed = field(item, "videoMeta.subtitleLinks")
    links = [link for link in listed if isinstance(link, dict)] if isinstance(listed, list) else []
    spoken_first = sorted(links[:MAX_LINKS], key=lambda link: _rank(link, item))
    for link in spoken_first:
        urls = [text(link.get(name)) for name in ("downloadLink", "tiktokLink")]
        known = tuple(url for url in urls if url)
        if known:
            return TranscriptLink(known, _language(link.get("language")), "subtitles")
    made = text(field(item, "videoMeta.transcriptionLink"))
    if made is None:
        return None
    return TranscriptLink((made,), _language(field(item, "textLanguage")), "transcription")


def _rank(link: Mapping[str, object], item: Item) -> tuple[bool, bool]:
    """Recognised speech first, then the language of the caption; else in the given order."""
    of_caption = _language(field(item, "textLanguage"))
    return link.get("source") != _SPOKEN, _language(link.get("language")) != of_caption


def _language(value: object) -> str | None:
    """The ISO 639-1 code of "eng-US" or "en"."""
    code = (text(value) or "").replace("_", "-").partition("-")[0].lower()
    if len(code) == 2 and code.isascii() and code.isalpha() and code != "un":
        return code
    return _LANGUAGES.get(code)


async def with_transcripts(
    videos: Sequence[Video], links: Mapping[str, TranscriptLink], services: SourceServices
) -> tuple[Video, ...]:
    """The videos. Up to MAX_TRANSCRIPTS of them have a transcript. `links` are by the ref."""
    chosen = _chosen([video for video in videos if video.ref in links])
    room = asyncio.Semaphore(AT_ONCE)

    async def read(video: Video) -> Transcript | None:
        async with room:
            return await _transcript(links[video.ref], services)

    found = await asyncio.gather(*map(read, chosen))
    by_ref = {video.ref: transcript for video, transcript in zip(chosen, found, strict=True)}
    if chosen:
        _log.info("transcripts_read", asked=len(chosen), read=len([each for each in found if each]))
    return tuple(replace(video, transcript=by_ref.get(video.ref)) for video in videos)


def _chosen(videos: Iterable[Video]) -> list[Video]:
    """The subject first, then at most half of the rest for the creator's posts with most views.

    The niche fills what is left: posts with the most views per follower come first.
    """
    videos = list(videos)
    subject = [video for video in videos if video.role == "subject"]
    own = [video for video in videos if video.role == "creator"]
    niche = [video for video in videos if video.role == "niche"]
    own.sort(key=lambda video: -(video.views or 0))
    niche.sort(key=lambda video: -(video.views or 0) / max(video.author.followers or 10_000, 1000))
    half = (MAX_TRANSCRIPTS - len(subject)) // 2
    picked = [*own[:half], *niche]
    return [*subject, *picked][:MAX_TRANSCRIPTS]


async def _transcript(link: TranscriptLink, services: SourceServices) -> Transcript | None:
    for url in link.urls:
        try:
            page = await services.fetcher.get(url, BOUNDS)
            cues = await services.compute(READ_WEBVTT, page.content)
        except (Reject, Retry) as error:
            _log.info("transcript_not_read", code=error.code)
        except BeyondBounds:
            _log.info("transcript_not_read", code="too_complex")
        else:
            if cues:
                return Transcript(link.language, link.basis, cues)
    return None
