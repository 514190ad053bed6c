"""Measurements read slice by slice: they may be tens of megabytes, and other tasks want to run.

A parser of JSON holds the interpreter until it has read everything, even on another thread, and
makes a list of every shot. Few outcomes differ, so each is made once here and shared.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import JsonValue

    Shots = list[tuple[int, ...]]

SLICE = 64 * 1024
"""Characters of which shots are made at a time."""

_SPACE = re.compile(r"[ \t\r\n]*")
_END = re.compile(r"\][ \t\r\n]*\]")
_EMPTY = re.compile(r"\[[ \t\r\n]*\]")
_FIRST = re.compile(r"\[[ \t\r\n]*\[([^\[]*)")
_NEXT = re.compile(r"[ \t\r\n]*,[ \t\r\n]*\[([^\[]*)")
_DECODER = json.JSONDecoder()


def measurements_of(content: bytes) -> list[dict[str, Shots]]:
    """Read what every circuit of a job measured: by key, shot and qubit.

    Args:
        content: JSON.

    Raises:
        ValueError: It is something else.
    """
    reader = _Reader(content.decode())
    found = list(reader.circuits())
    reader.end()
    return found


def split_run(content: bytes) -> tuple[dict[str, JsonValue], list[dict[str, Shots]] | None]:
    """Read a job of the older interface, its measurements apart from the rest.

    Args:
        content: JSON.

    Raises:
        ValueError: It is something else.
    """
    reader = _Reader(content.decode())
    rest: dict[str, JsonValue] = {}
    measurements = None
    for key in reader.members():
        if key == "measurements" and reader.sees("["):
            measurements = list(reader.circuits())
        else:
            rest[key] = reader.value()
    reader.end()
    return rest, measurements


class _Reader:
    """Goes through JSON text.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._known: dict[str, tuple[int, ...]] = {}
        self._shared: dict[tuple[int, ...], tuple[int, ...]] = {}

    def circuits(self) -> Iterator[dict[str, Shots]]:
        """Read a list of circuits."""
        self._expect("[")
        if self._takes("]"):
            return
        while True:
            yield {key: self._shots() for key in self.members()}
            if not self._takes(","):
                break
        self._expect("]")

    def members(self) -> Iterator[str]:
        """Go through an object: whoever gets a key reads its value before the next one."""
        self._expect("{")
        if self._takes("}"):
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise ValueError("a key is expected")
            self._expect(":")
            yield key
            if not self._takes(","):
                break
        self._expect("}")

    def value(self) -> JsonValue:
        """Read any value at once."""
        self._skip()
        value: JsonValue
        value, self._place = _DECODER.raw_decode(self._text, self._place)
        return value

    def end(self) -> None:
        """Expect nothing more."""
        self._skip()
        if self._place < len(self._text):
            raise ValueError(f"more than expected at {self._place}")

    def sees(self, character: str) -> bool:
        """Whether a character comes next."""
        self._skip()
        return self._text.startswith(character, self._place)

    def _shots(self) -> Shots:
        self._skip()
        if (empty := _EMPTY.match(self._text, self._place)) is not None:
            self._place = empty.end()
            return []
        end = _END.search(self._text, self._place)
        if end is None:
            raise ValueError("shots are expected")
        place, last = self._text.find("]", self._place), end.start()
        shots = [self._shot(_FIRST, self._text[self._place : place])]
        while place < last:
            cut = self._text.find("]", min(place + SLICE, last))
            words = self._text[place + 1 : cut].split("]")
            shots += [self._known.get(word) or self._next(word) for word in words]
            place = cut
        self._place = end.end()
        return shots

    def _next(self, word: str) -> tuple[int, ...]:
        shot = self._known[word] = self._shot(_NEXT, word)
        return shot

    def _shot(self, form: re.Pattern[str], word: str) -> tuple[int, ...]:
        """Read a shot without its closing bracket, with what must stand before it."""
        found = form.fullmatch(word)
        bits = json.loads(f"[{found[1]}]") if found is not None else None
        if bits is None or not all(type(bit) is int for bit in bits):
            raise ValueError(f"{word!r} are no outcomes")
        return self._shared.setdefault(tuple(bits), tuple(bits))

    def _takes(self, character: str) -> bool:
        found = self.sees(character)
        self._place += found
        return found

    def _expect(self, character: str) -> None:
        if not self._takes(character):
            raise ValueError(f"{character} is expected at {self._place}")

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._place)
        self._place = space.end() if space is not None else self._place
