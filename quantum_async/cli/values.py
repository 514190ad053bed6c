"""Values of parameters as they are written on the command line."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidOptionError
from quantum_async.models.grid import Points, grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.grid import Value

_PI = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)?\*?pi(?:/(\d+\.?\d*))?")
_HOW = (
    "Write name=start:stop:count (both ends included) or name=value,value,...; "
    "a number may contain pi, as in 3pi/2."
)


def parse_points(texts: Sequence[str]) -> Points:
    """Read a grid: every combination of the values of each ``--param``.

    Args:
        texts: Such as ``omega=1:10:21`` or ``x=0.1,0.2``; the last one varies fastest.

    Raises:
        InvalidInputError: A text is not of this form, or a parameter comes twice.
    """
    axes: dict[str, list[Value]] = {}
    for text in texts:
        name, written = _split(text)
        if name in axes:
            raise InvalidOptionError(
                f"--param {name} is given twice",
                remedy=f"Put all its values into one: --param {name}=0.1,0.2.",
            )
        axes[name] = _span(text, written) if written.count(":") == 2 else _listed(text, written)
    return grid(**axes)


def parse_values(texts: Sequence[str]) -> dict[str, Value]:
    """Read one value per ``--param``.

    Args:
        texts: Such as ``omega=6.28`` or ``angles=[0.1,0.2]``.

    Raises:
        InvalidOptionError: A text is not of this form.
    """
    values: dict[str, Value] = {}
    for text in texts:
        name, written = _split(text)
        found = _listed(text, written)
        if len(found) != 1:
            raise InvalidOptionError(
                f"--param {text} gives {len(found)} values where one is run",
                remedy="Use quantum-async sweep for several values, or [..] for an array.",
            )
        values[name] = found[0]
    return values


def _split(text: str) -> tuple[str, str]:
    name, equals, written = text.partition("=")
    if not equals or not name.strip() or not written.strip():
        raise InvalidOptionError(f"--param {text!r} is not name=values", remedy=_HOW)
    return name.strip(), written.strip()


def _span(text: str, written: str) -> list[Value]:
    start, stop, count = written.split(":")
    if not count.strip().isdigit() or int(count) < 1:
        raise InvalidOptionError(f"--param {text}: {count!r} is not a count", remedy=_HOW)
    low, high, number = _number(text, start), _number(text, stop), int(count)
    if number == 1:
        return [low]
    if isinstance(low, int) and isinstance(high, int) and (high - low) % (number - 1) == 0:
        # Whole numbers stay whole: Pulser takes durations as integers only.
        return [low + (high - low) // (number - 1) * i for i in range(number)]
    # The last one as it was written: rounding must not miss it.
    return [*(low + (high - low) * i / (number - 1) for i in range(number - 1)), float(high)]


def _listed(text: str, written: str) -> list[Value]:
    if "[" in written or "{" in written or '"' in written:
        try:
            found: list[Value] = json.loads(f"[{written}]")
        except json.JSONDecodeError as error:
            raise InvalidOptionError(f"--param {text}: {error.msg}", remedy=_HOW) from None
        return found
    return [_number(text, word) for word in written.split(",")]


def _number(text: str, word: str) -> int | float:
    word = word.strip()
    for kind in (int, float):
        try:
            value = kind(word)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    match = _PI.fullmatch(word)
    if match is None:
        raise InvalidOptionError(f"--param {text}: {word!r} is not a number", remedy=_HOW)
    sign, factor, divisor = match.groups()
    try:
        value = float(factor or 1) * math.pi / float(divisor or 1)
    except ZeroDivisionError:
        value = math.inf
    if not math.isfinite(value):
        raise InvalidOptionError(f"--param {text}: {word!r} is not finite", remedy=_HOW)
    return -value if sign == "-" else value
