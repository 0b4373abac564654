"""What no pack may do, whatever it is written from: found by what its lines are about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.insights import analysis
from workers.insights.documents import PackConfiguration
from workers.insights.inputs import Collection
from workers.insights.pack import writer
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.said import Said
from workers.insights.virality.seasons import is_out

OWN = {"own_video", "profile"}
_PERCENT = r"\d+(?:[.,]\d+)?[\s\u00a0\u202f]?%"
# A share of what? A pronoun or the end of a clause does not say it. Ranges stand behind their noun.
_BARE = re.compile(
    rf"(?<!\()(?:{_PERCENT})\s*(?:of them|davon|de ellos|de ellas|d'entre|de celles-ci|deles|delas"
    r"|dessas|desses|[;,.](?!\d)|$)"
)
_RANGES = re.compile(r"\([^()]*\)")


Written = tuple[PackConfiguration, Said, PackInputs]


def written(monkeypatch, collection: Collection, **fields) -> Written:
    """The pack of a collection, what it says about what, and what it was written from."""
    kept: list[Written] = []

    def kept_pack(given, log, grounding):
        pack, said = writer.compose(given, log, grounding)
        kept.append((pack, said, given))
        return pack

    monkeypatch.setattr(analysis, "write_pack", kept_pack)
    analysis.analyse(collection, **fields)
    return kept[-1]


def faults(pack: PackConfiguration, said: Said, given: PackInputs) -> list[str]:
    return [
        *said.contradictions(),
        *_of_the_first_video(said),
        *_twice(said),
        *_out_of_season(said, given),
        *_silent(said, given),
        *_bare_shares(pack),
        *_long_shots(pack),
    ]


def _of_the_first_video(said: Said) -> Iterator[str]:
    """Headline, first finding and first script are about one thing."""
    script = said.at("script")[:1]
    headline, finding = said.at("headline"), said.at("finding")[:1]
    if script and headline and headline[0] != "sold_out":
        if headline[0] != script[0]:
            yield f"the headline is about {headline[0]}, the script about {script[0]}"
        if finding and finding != script:
            yield f"the first finding is about {finding[0]}, the script about {script[0]}"


def _twice(said: Said) -> Iterator[str]:
    told = {*said.at("finding"), *said.at("hook")} - {"apart"}
    yield from (f"twice: {subject}" for subject in said.at("summary") if subject in told)


def _out_of_season(said: Said, given: PackInputs) -> Iterator[str]:
    tags = [line.subject for _, line in said.lines if line.subject.startswith("tag:")]
    for tag in (subject.removeprefix("tag:") for subject in tags):
        if is_out(tag, given.today):
            yield f"#{tag} is out of season"
    best = given.best_own
    if best is not None and given.out_of_season(best):
        yield "the sequel of a seasonal post"


def _silent(said: Said, given: PackInputs) -> Iterator[str]:
    if given.silent_days is not None and "age" not in said.at("headline"):
        yield f"silent for {given.silent_days} days, which the headline does not say"


def _lines(pack: PackConfiguration) -> Iterator[str]:
    yield pack.headline
    yield pack.summary
    for finding in pack.findings:
        yield from (finding.text, finding.do)
    yield from (step.text for step in pack.next_steps)
    yield from (angle.proof for angle in pack.angles)


def _bare_shares(pack: PackConfiguration) -> Iterator[str]:
    for text in _lines(pack):
        yield from (f"a share of nothing: {text}" for _ in _BARE.findall(_RANGES.sub("", text)))


def _long_shots(pack: PackConfiguration) -> Iterator[str]:
    """A number of seconds that a shot states fits its beat."""
    for script in pack.script_templates:
        for beat in script.beats:
            # The length of the whole post stands in brackets.
            stated = re.findall(r"(?<![\d(-])(\d+)\s?s\b", _RANGES.sub("", beat.shot))
            too_long = [each for each in stated if int(each) > script.duration_s]
            yield from (f"{each} s in {beat.to_s - beat.from_s} s" for each in too_long)
