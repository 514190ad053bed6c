"""Pauli observables between this package's way of writing them and the service's.

Here the rightmost letter acts on qubit 0, as Qiskit writes them; there the leftmost does.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidOptionError, ResultError
from quantum_async.http.encode import gzip_bytes
from quantum_async.models.result import Expectation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LETTERS = frozenset("IXYZ")


def turned(observable: str) -> str:
    """Turn an observable round: from our order of qubits to the service's, or back."""
    return observable[::-1]


def check_observables(observables: Sequence[str], width: int, where: str = "the circuit") -> None:
    """Refuse observables that a circuit does not have.

    Args:
        observables: Pauli strings.
        width: How many qubits the circuit declares.
        where: What the circuit is called.

    Raises:
        InvalidOptionError: One is not a Pauli string of that width.
    """
    for observable in observables:
        if len(observable) != width or not _LETTERS.issuperset(observable):
            raise InvalidOptionError(
                f"{observable!r} is not an observable of {where}, which has {width} qubits",
                provider="qoro",
                remedy="Write one of I, X, Y, Z per qubit.",
            )


def packed_groups(groups: Sequence[Sequence[str]]) -> str:
    """Write groups of observables as the service reads them.

    Args:
        groups: Pauli strings whose leftmost letter acts on qubit 0; those of one group are of one
            length.
    """
    return "|".join(_packed(group) for group in groups)


def expectations(
    values: Mapping[str, object], observables: Sequence[str] | None = None
) -> dict[str, Expectation]:
    """Read the values of observables.

    Args:
        values: What the service sent, by its way of writing them.
        observables: What was asked for, in our way; all that was sent where it is not known.

    Raises:
        ResultError: A value is missing, or is no number.
    """
    wanted = [turned(name) for name in values] if observables is None else observables
    return {observable: _expectation(values, observable) for observable in wanted}


def number(name: str, value: object) -> float:
    """Read a value.

    Args:
        name: What it is the value of.
        value: What the service sent.

    Raises:
        ResultError: It is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ResultError(
            f"the service sent {value!r} as the value of {name}",
            provider="qoro",
            remedy="Fetch it again; if that does not help, report it to the service.",
        )
    return float(value)


def _expectation(values: Mapping[str, object], observable: str) -> Expectation:
    # The service tells no error: its simulators compute, its quantum computers estimate.
    return Expectation(number(observable, values.get(turned(observable))), None)


def _packed(group: Sequence[str]) -> str:
    terms = ";".join(
        "".join(f"{letter}{place}" for place, letter in enumerate(term) if letter != "I") or "I"
        for term in group
    )
    packed = base64.b64encode(gzip_bytes(terms.encode())).decode()
    return f"@gzs{len(group[0])}:{packed}"
