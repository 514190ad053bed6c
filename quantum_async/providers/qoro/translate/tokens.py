"""The tokens of OpenQASM 2, with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import ProgramSyntaxError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_USUAL = r"""
    (?P<blank>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<text>"[^"\n]*")
  | (?P<mark>->|==|[-+*/^()\[\]{};,])
"""
_PLAIN = re.compile(_USUAL, re.VERBOSE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark of a program.

    Args:
        kind: ``"name"``, ``"number"``, ``"text"``, ``"mark"``, ``"parameter"`` or ``"end"``.
        text: What stands there.
        start: Where, counted in characters from 0.
    """

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Source:
    """A program's text.

    Args:
        text: The text.
        where: What it is called in errors.
    """

    text: str
    where: str

    def error(self, message: str, start: int) -> ProgramSyntaxError:
        """Make the error of something that stands at a place.

        Args:
            message: What is wrong.
            start: Where, counted in characters from 0.
        """
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        shown = self.text.split("\n")[line - 1].strip()
        quoted = f": {shown[:120]}" if shown else ""
        return ProgramSyntaxError(
            f"{message}{quoted}",
            source=self.where,
            line=line,
            column=column,
            remedy="Correct the program there.",
        )


def tokens(source: Source, parameters: Collection[str] = ()) -> Iterator[Token]:
    """Take a program apart; the last token is the end.

    Args:
        source: The program.
        parameters: Names that stand for numbers; they need not be names in OpenQASM.

    Raises:
        ProgramSyntaxError: A character has no meaning.
    """
    pattern, position, text = _pattern(parameters), 0, source.text
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise source.error(f"unexpected {text[position]!r}", position)
        kind = match.lastgroup or ""
        if kind != "blank":
            yield Token(kind, match.group(), position)
        position = match.end()
    yield Token("end", "the end", len(text.rstrip()))


def whole_words(names: Iterable[str]) -> str:
    """Write a pattern that finds names as the service does: the longest first, never in a word.

    Args:
        names: What to find; in a pattern that is ``re.VERBOSE`` as well.
    """
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return rf"(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])"


def _pattern(parameters: Collection[str]) -> re.Pattern[str]:
    if not parameters:
        return _PLAIN
    named = f"(?P<parameter>{whole_words(parameters)})"
    return re.compile(f"{named} | {_USUAL}", re.VERBOSE | re.DOTALL)
