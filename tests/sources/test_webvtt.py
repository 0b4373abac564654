"""WebVTT as TikTok and transcribers write it, and as somebody may write it to cost us dearly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data import hostile
from tests.sources.test_hostile_input import bounded
from workers.insights.inputs import Cue
from workers.sources.tiktok.webvtt import (
    MAX_CUE_CHARACTERS,
    MAX_CUES,
    MAX_SECONDS,
    read_webvtt,
)


def cues(*lines):
    return read_webvtt("\n".join(("WEBVTT", "", *lines)).encode())


def test_cues_have_their_seconds_and_plain_words():
    assert cues(
        "1",
        "00:00:00.120 --> 00:00:02.000 align:start position:0%",
        "<v Ada>Tom &amp; I <b>love</b></v>",
        "this <c.x>mug</c>",
        "",
        "NOTE nobody says this",
        "",
        "00:02.500 --> 00:04.000",
        "second",
    ) == (Cue(0.12, 2.0, "Tom & I love this mug"), Cue(2.5, 4.0, "second"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1\n00:00:01,000 --> 00:00:02,000\nSRT has no header",
        b"<html>no subtitles</html>",
        b'{"error": "record-not-found"}',
        b"\xff\xfe\x00W",
        b"WEBVTT",
        b"WEBVTT\n\n00:00:02.000 --> 00:00:01.000\nbackwards",
        b"WEBVTT\n\n00:61:00.000 --> 00:62:00.000\nno such minute",
        b"WEBVTT\n\n00:00:01 --> 00:00:02\nno thousandths",
        b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n\n",
        b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<b></b>",
    ],
)
def test_a_file_without_cues_that_can_be_read_gives_none(content):
    assert read_webvtt(content) == ()


def test_line_ends_and_a_byte_order_mark_do_not_matter():
    content = "\ufeffWEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nhola\r\n".encode()
    assert read_webvtt(content) == (Cue(1.0, 2.0, "hola"),)


def test_cues_come_in_the_order_of_their_times_and_a_repeated_line_once():
    found = cues(
        *("00:05.000 --> 00:06.000", "later", ""),
        *("00:01.000 --> 00:02.000", "first", ""),
        *("00:02.000 --> 00:03.000", "first"),
    )
    assert [cue.text for cue in found] == ["first", "later"]


def test_cues_texts_and_seconds_are_bounded():
    many = [
        line
        for n in range(3 * MAX_CUES)
        for line in (f"00:{n // 600:02}:{n // 10 % 60:02}.000 --> 00:59:59.000", f"word {n}", "")
    ]
    found = cues(*many)
    assert len(found) == MAX_CUES
    late = cues("00:10:01.000 --> 00:10:02.000", "late")
    assert (MAX_SECONDS, late) == (600.0, ())
    [long] = cues("00:01.000 --> 00:02.000", "word " * 4000)
    assert len(long.text) <= MAX_CUE_CHARACTERS


@given(st.text(alphabet="WEBVT\n\r 0123456789:.->&<#;a", max_size=400))
def test_no_file_breaks_the_reader(soup):
    for cue in read_webvtt(f"WEBVTT\n\n{soup}".encode()):
        assert 0 <= cue.start_s < cue.end_s
        assert cue.text


@pytest.mark.parametrize("name", hostile.TRANSCRIPTS)
def test_a_hostile_file_costs_little(name):
    content = hostile.TRANSCRIPTS[name]()
    bounded(lambda: read_webvtt(content))
