"""Angles of OpenQASM 2 in which names stand for numbers."""

from __future__ import annotations

import math
import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from quantum_async.errors import ProgramSyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from quantum_async.programs.tokens import Source

_DEEPEST = 100
"""Levels of brackets in an angle; a program from elsewhere must not exhaust the stack."""
_NUMBER = r"(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?"
_BINARY: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "*": (2, operator.mul),
    "/": (2, operator.truediv),
    "^": (4, operator.pow),
}
_SIGN = 3
"""A sign binds less than a power and more than a product, as in Qiskit's reader."""
_FUNCTIONS: dict[str, tuple[str, Callable[[float], float]]] = {
    "sin": ("sin", math.sin),
    "cos": ("cos", math.cos),
    "tan": ("tan", math.tan),
    "asin": ("arcsin", math.asin),
    "acos": ("arccos", math.acos),
    "atan": ("arctan", math.atan),
    "exp": ("exp", math.exp),
    "ln": ("log", math.log),
}

RESERVED = frozenset({"pi", "sqrt", *_FUNCTIONS})
"""Words of the language in an angle, which stand for nothing else."""

# A value is a number, or one of Qiskit's expressions, which are `Any`: Qiskit has no types.


def whole_words(names: Iterable[str]) -> str:
    """Write a pattern that finds names: the longest first, never in a word.

    Args:
        names: What to find, such as ``theta`` or ``w[2]``.
    """
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return rf"(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])"


def angle_value(source: Source, start: int, stop: int, names: Mapping[str, Any]) -> Any:
    """Compute an angle.

    Args:
        source: The text that holds it.
        start: Where it begins.
        stop: Where it ends.
        names: Numbers or expressions by name.

    Returns:
        A number, or an expression of Qiskit's.

    Raises:
        ProgramSyntaxError: It is malformed, or no finite number.
    """
    reader = _Reader(source, start, stop, names)
    try:
        value = reader.value(0, 0)
        reader.expect("")
        # A root of a negative number is complex in Python.
        if not hasattr(value, "parameters") and not math.isfinite(value):
            raise OverflowError
    except ProgramSyntaxError:
        raise
    except (ArithmeticError, ValueError, TypeError, RuntimeError) as error:
        raise source.error("the angle is no finite number", start) from error
    return value


@lru_cache
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    named = rf"(?P<given>{whole_words(names)})|" if names else ""
    return re.compile(
        rf"\s+|//[^\n]*|{named}(?P<number>{_NUMBER})|(?P<word>[^\W\d]\w*)|(?P<mark>.)"
    )


class _Reader:
    def __init__(self, source: Source, start: int, stop: int, names: Mapping[str, Any]) -> None:
        self._source = source
        self._names = names
        self._stop = stop
        matches = _pattern(frozenset(names)).finditer(source.text, start, stop)
        self._words = [match for match in matches if match.lastgroup]
        self._place = 0

    def value(self, power: int, depth: int) -> Any:
        """Compute what follows, up to an operator that binds less than `power`."""
        if depth > _DEEPEST:
            raise self._source.error("the angle is nested too deeply", self._at)
        left = self._operand(depth + 1)
        while (known := _BINARY.get(self._text)) and known[0] > power:
            is_power = self._text == "^"
            self._place += 1
            left = known[1](left, self.value(known[0] - is_power, depth + 1))
        return left

    def expect(self, text: str) -> None:
        if self._text != text:
            shown = repr(self._text) if self._text else "the end of the angle"
            raise self._source.error(f"unexpected {shown} in an angle", self._at)
        self._place += 1

    def _operand(self, depth: int) -> Any:
        text, kind = self._text, self._kind
        if text in {"+", "-"}:
            self._place += 1
            value = self.value(_SIGN, depth)
            return -value if text == "-" else value
        if text == "(":
            return self._bracketed(depth)
        if kind == "word" and text in RESERVED - {"pi"}:
            self._place += 1
            return _applied(text, self._bracketed(depth))
        if kind in {"number", "given"} or text == "pi":
            self._place += 1
            if kind == "given":
                return self._names[text]
            return math.pi if kind == "word" else float(text)
        self.expect("a number" if kind is None else "")
        return None

    def _bracketed(self, depth: int) -> Any:
        self.expect("(")
        value = self.value(0, depth)
        self.expect(")")
        return value

    @property
    def _at(self) -> int:
        return self._words[self._place].start() if self._place < len(self._words) else self._stop

    @property
    def _text(self) -> str:
        return self._words[self._place].group() if self._place < len(self._words) else ""

    @property
    def _kind(self) -> str | None:
        return self._words[self._place].lastgroup if self._place < len(self._words) else None


def _applied(name: str, value: Any) -> Any:
    if name == "sqrt":
        return value**0.5
    theirs, function = _FUNCTIONS[name]
    return getattr(value, theirs)() if hasattr(value, "parameters") else function(value)
