"""The operations of IQM's quantum computers: arity, arguments, and where they may act."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Operation:
    """What is known of an operation.

    Args:
        name: Its name.
        arity: How many components it acts on; 0 for any number from 1 up.
        numbers: Arguments that are finite numbers: angles in radians, durations in seconds.
        words: Arguments that are names.
        optional_words: Further names that may be left out.
        is_symmetric: Whether the order of its locus means nothing.
        is_factorizable: Whether it acts on each component by itself.
        needs_calibration: Whether it runs only where it is calibrated.
    """

    name: str
    arity: int = 0
    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    optional_words: tuple[str, ...] = ()
    is_symmetric: bool = False
    is_factorizable: bool = False
    needs_calibration: bool = True


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            Operation("prx", 1, ("angle", "phase")),
            Operation("cz", 2, is_symmetric=True),
            Operation("move", 2),
            Operation(
                "measure", 0, words=("key",), optional_words=("feedback_key",), is_factorizable=True
            ),
            Operation("cc_prx", 1, ("angle", "phase"), ("feedback_qubit", "feedback_key")),
            Operation("reset", 0, is_symmetric=True, is_factorizable=True, needs_calibration=False),
            Operation("barrier", 0, is_symmetric=True, needs_calibration=False),
            Operation("delay", 0, ("duration",), is_symmetric=True, needs_calibration=False),
        )
    }
)
"""Every operation that IQM documents for circuits."""

_OLD_NAMES = {"phased_rx": "prx", "measurement": "measure"}


def present_name(name: str) -> str:
    """Say what an operation is called today.

    Args:
        name: Its name in any release of the older interface.
    """
    return _OLD_NAMES.get(name, name)
