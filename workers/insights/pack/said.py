"""What a pack says about what: the one list by which no line is said twice or contradicts another.

The writer asks the list before it writes the next line; tests read the whole of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Place = Literal["headline", "finding", "hook", "script", "facts", "compared", "summary"]
Direction = Literal[-1, 0, 1]

APART = "apart"  # subject of every measured difference between the better posts and the others
TURNED = "turned"  # the same of the newer half of the posts and the older one


@dataclass(frozen=True, slots=True)
class About:
    """`direction`: 1 for more or better, -1 for less or worse, 0 for no difference.

    None takes no side. `figure` is the number that it rests on, as it is shown.
    """

    subject: str
    direction: Direction | None = None
    figure: str | None = None


@dataclass(slots=True)
class Said:
    """The lines in the order in which they were written: where, and about what."""

    lines: list[tuple[Place, About]] = field(default_factory=list)

    def add(self, place: Place, *about: About) -> None:
        self.lines.extend((place, each) for each in about)

    def knows(self, subject: str) -> bool:
        """Whether a line says something of it.

        A headline is too short for the numbers of its subject, so it is no such line.
        """
        return any(line.subject == subject for place, line in self.lines if place != "headline")

    def at(self, place: Place) -> list[str]:
        """The subjects of the lines there."""
        return [about.subject for where, about in self.lines if where == place]

    def contradictions(self) -> Iterator[str]:
        """Subjects of which lines say opposite things, or for which they give two numbers."""
        sides: defaultdict[str, set[object]] = defaultdict(set)
        figures: defaultdict[str, set[object]] = defaultdict(set)
        for _, about in self.lines:
            sides[about.subject] |= {about.direction} - {None}
            figures[about.subject] |= {about.figure} - {None}
        for found in (sides, figures):
            yield from (f"{name}: {said}" for name, said in found.items() if len(said) > 1)
