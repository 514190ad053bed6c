"""Numbers that people set: each is one, is not negative, and is finite unless it need not be."""

from __future__ import annotations

import math
import operator
from numbers import Real

from quantum_async.errors import InvalidOptionError


def check_number(
    what: str,
    value: object,
    *,
    whole: bool = False,
    positive: bool = False,
    endless: bool = False,
    remedy: str = "Leave it out to take the usual value.",
) -> None:
    """Refuse what is no number that can be used.

    Args:
        what: What it is, for the error, such as ``"grace"``.
        value: What was given.
        whole: Whether it has to be a whole number.
        positive: Whether 0 is refused as well.
        endless: Whether infinity is a value, and not a mistake.
        remedy: What to do about it.

    Raises:
        InvalidOptionError: It is none, with what was given.
    """
    fault = _fault(value, whole=whole, positive=positive, endless=endless)
    if fault:
        raise InvalidOptionError(f"{what} must be {fault}, got {value!r:.300}", remedy=remedy)


def check_seconds(what: str, value: object) -> None:
    """Refuse what is no time to wait; ``None`` waits without a limit, and so does infinity.

    Args:
        what: What it is, for the error, such as ``"timeout"``.
        value: Seconds, or ``None``.

    Raises:
        InvalidOptionError: It is none, with what was given.
    """
    if value is not None:
        remedy = "Give seconds, or None to wait without a limit."
        check_number(what, value, endless=True, remedy=remedy)


def _fault(value: object, *, whole: bool, positive: bool, endless: bool) -> str:
    kind = "a whole number" if whole else "a number"
    if isinstance(value, bool) or not isinstance(value, Real):
        return kind
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if operator.gt(value, 0) else -math.inf
    # Written so that NaN, with which every comparison is false, is refused as well.
    if not (number > 0 if positive else number >= 0):
        return "positive" if positive else f"{kind} that is not negative"
    if math.isinf(number) and not endless:
        return f"{kind} that is finite"
    return kind if whole and math.isfinite(number) and not number.is_integer() else ""
