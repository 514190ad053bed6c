"""Values of parameters and options as they are written on the command line."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from quantum_async.errors import InvalidOptionError
from quantum_async.models.carrying import is_given
from quantum_async.models.fields import read_field, types_of
from quantum_async.models.grid import Points, grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import DataclassInstance

    from quantum_async.models.grid import Value
    from quantum_async.models.submission import RunOptions
    from quantum_async.providers.base import ProviderClient

_PI = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)?\*?pi(?:/(\d+\.?\d*))?")
_DIGITS = 19
"""Digits of a count that are read: with more of them it is too large in any case."""

MOST_POINTS = 1_000_000
"""Points of one command: each is held, shown and written."""

_HOW = (
    "Write name=start:stop:count (both ends included) or name=value,value,...; "
    "a number may contain pi, as in 3pi/2."
)


def parse_points(texts: Sequence[str]) -> Points:
    """Read a grid: every combination of the values of each ``--param``.

    Args:
        texts: Such as ``omega=1:10:21`` or ``x=0.1,0.2``; the last one varies fastest.

    Raises:
        InvalidInputError: A text is not of this form, a parameter comes twice, or there are more
            than a million points.
    """
    axes: dict[str, list[Value]] = {}
    points = 1
    for text in texts:
        name, written = _split(text)
        if name in axes:
            raise InvalidOptionError(
                f"--param {name} is given twice",
                remedy=f"Put all its values into one: --param {name}=0.1,0.2.",
            )
        is_span = written.count(":") == 2
        points *= _count(text, written) if is_span else 1
        if points <= MOST_POINTS:
            axes[name] = _span(text, written) if is_span else _listed(text, written)
            points *= 1 if is_span else len(axes[name])
        if points > MOST_POINTS:
            raise InvalidOptionError(
                f"{points:.7g} points, and a sweep on the command line has at most {MOST_POINTS}",
                remedy="Ask for fewer values, or split the sweep into several commands.",
            )
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


def parse_options(texts: Sequence[str], client: ProviderClient, given: RunOptions) -> RunOptions:
    """Read an option of a provider per ``--option``.

    Args:
        texts: Such as ``transpile=true`` or ``tags=a,b``; JSON where a word does not say it.
        client: Whose options they are.
        given: What other flags say.

    Raises:
        InvalidOptionError: There is no such option, or it has a value that it cannot have.
    """
    if not texts:
        return given
    kind = client.options_class
    known = [item.name for item in fields(kind) if item.init]
    has = f"Options of {client.provider}: {', '.join(known)}."
    said = (item.name for item in fields(given) if is_given(given, item.name))
    values: dict[str, Any] = {name: getattr(given, name) for name in said}
    for text in texts:
        name, equals, written = (part.strip() for part in text.partition("="))
        name = name.replace("-", "_")
        if not equals or not name:
            what, remedy = f"--option {text!r} is not KEY=VALUE", f"Write --option KEY=VALUE. {has}"
        elif name not in known:
            what, remedy = f"{client.provider} has no option {name!r}", has
        elif name in values:
            what, remedy = f"the option {name} is given twice", "Give it once."
        else:
            try:
                values[name] = read_field(kind, name, _document(kind, name, written))
                continue
            except InvalidOptionError as error:
                what, remedy = f"--option {error}", f"{error.remedy or ''} {has}".strip()
        raise InvalidOptionError(what, provider=client.provider, remedy=remedy)
    try:
        return kind(**values)
    except InvalidOptionError as error:
        raise error.concerning(provider=client.provider) from None


def _document(kind: type[DataclassInstance], name: str, written: str) -> str:
    """Take a file's text where an option is a document, which is too long for a command line."""
    is_document = any(
        getattr(part, "_is_protocol", False) for part in get_args(types_of(kind)[name])
    )
    if not is_document or written.startswith("{"):
        return written
    try:
        return Path(written).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise InvalidOptionError(
            f"{name}: {written!r} cannot be read: {why}",
            remedy="Give the name of a file with the JSON, or the JSON itself.",
        ) from None


def _split(text: str) -> tuple[str, str]:
    name, equals, written = text.partition("=")
    if not equals or not name.strip() or not written.strip():
        raise InvalidOptionError(f"--param {text!r} is not name=values", remedy=_HOW)
    return name.strip(), written.strip()


def _count(text: str, written: str) -> int:
    word = written.rpartition(":")[2].strip()
    if not word.isascii() or not word.isdigit() or not int(word[:_DIGITS]):
        raise InvalidOptionError(f"--param {text}: {word!r} is not a count", remedy=_HOW)
    return int(word[:_DIGITS])


def _span(text: str, written: str) -> list[Value]:
    start, stop, _ = written.split(":")
    low, high, number = _number(text, start), _number(text, stop), _count(text, written)
    if number == 1:
        return [low]
    if isinstance(low, int) and isinstance(high, int) and (high - low) % (number - 1) == 0:
        # Whole numbers stay whole: Pulser takes durations as integers only.
        return [low + (high - low) // (number - 1) * i for i in range(number)]
    try:
        # The last one as it was written: rounding must not miss it.
        span = [*(low + (high - low) * i / (number - 1) for i in range(number - 1)), float(high)]
    except OverflowError:
        span = [math.inf]
    if not all(map(math.isfinite, span)):
        raise InvalidOptionError(f"--param {text}: too large a span", remedy=_HOW)
    return list(span)


def _listed(text: str, written: str) -> list[Value]:
    if "[" in written or "{" in written or '"' in written:
        try:
            found: list[Value] = json.loads(f"[{written}]")
        except (ValueError, RecursionError) as error:
            why = getattr(error, "msg", error)
            raise InvalidOptionError(f"--param {text}: {why}", remedy=_HOW) from None
        return found
    return [_number(text, word) for word in written.split(",")]


def _number(text: str, word: str) -> int | float:
    word = word.strip()
    for kind in (int, float):
        try:
            value = kind(word)
            if math.isfinite(value):
                return value
        except (ValueError, OverflowError):
            continue
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
