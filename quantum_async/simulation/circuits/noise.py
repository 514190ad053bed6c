# mypy: allow-subclassing-any
"""Noise of circuits: Aer's noise models as text, and as Aer reads them."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from quantum_async.errors import InvalidOptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit_aer.noise import NoiseModel

    Document: TypeAlias = dict[str, Any]

_REMEDY = "Pass a qiskit_aer.noise.NoiseModel, or the JSON text of its to_dict(serializable=True)."
_KINDS = frozenset({"plerror", "qerror", "roerror"})
_BASIS = frozenset({"cx", "id", "rz", "sx"})
"""The gates that Aer takes a noise model for, besides those with errors, where it says nothing."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A noise model that has been read.

    Args:
        document: It, as `noise_text` writes it.
        digest: What stands for it, in hexadecimal.
        basis: The gates for which it is made.
        operations: The names of what it makes noisy.
        needs: The names of the operations that it inserts.
    """

    document: Document
    digest: str
    basis: frozenset[str]
    operations: frozenset[str]
    needs: frozenset[str]

    def on(self, qubits: Sequence[int]) -> NoiseModel:
        """Make what Aer takes for a circuit that has only some of the qubits.

        Args:
            qubits: The number that each of the circuit's qubits has in the noise model.
        """
        places = {number: place for place, number in enumerate(qubits)}
        errors = []
        for number, error in enumerate(self.document["errors"]):
            kept = {**error, "id": f"error {number}"}
            if "gate_qubits" in error:
                found = [[places.get(q, -1) for q in each] for each in error["gate_qubits"]]
                kept["gate_qubits"] = [each for each in found if -1 not in each]
                if not kept["gate_qubits"]:
                    continue
            errors.append(kept)
        return _model_class()(self.basis, errors, _passes(self.document["delays"], qubits))


def noise_text(model: Any) -> str:
    """Write a noise model of Aer's down; the same model, made again, is the same text.

    Raises:
        InvalidOptionError: It holds what only exists in this process.
    """
    document = model.to_dict(serializable=True)
    document["basis_gates"] = model.basis_gates
    document["delays"] = [_relaxation(each) for each in getattr(model, "_custom_noise_passes", ())]
    return _canonical(document)


@lru_cache(maxsize=16)
def canonical_noise(text: str) -> str:
    """Bring the text of a noise model to the form of `noise_text`.

    Args:
        text: That form, or the JSON of what Aer's ``to_dict(serializable=True)`` returns.

    Raises:
        InvalidOptionError: It is neither.
    """
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or "errors" not in document:
            raise _useless("it has no errors")
        return _canonical(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidOptionError):
            raise
        raise _useless(str(error) or type(error).__name__) from None


@lru_cache(maxsize=16)
def read_noise(text: str) -> Noise:
    """Read what `noise_text` or `canonical_noise` wrote."""
    document = json.loads(text)
    needs = {
        str(step["name"])
        for error in document["errors"]
        for steps in error.get("instructions", ())
        for step in steps
    }
    noisy = {name for error in document["errors"] for name in error.get("operations", ["measure"])}
    if document["delays"]:
        noisy.add("delay")
        needs.add("kraus")
    digest = hashlib.sha256(text.encode()).hexdigest()
    basis = frozenset(document["basis_gates"])
    return Noise(document, digest, basis, frozenset(noisy), frozenset(needs))


def _canonical(document: Document) -> str:
    errors = []
    for error in document["errors"]:
        if error["type"] not in _KINDS:
            raise _useless(f"there is no error of type {error['type']!r}")
        # Aer draws the id anew for each object.
        errors.append({name: value for name, value in error.items() if name != "id"})
    basis = document.get("basis_gates")
    if basis is None:
        named = {str(name) for error in errors for name in error.get("operations", ())}
        basis = (_BASIS | named) - {"measure", "reset"}
    return _dumped(
        {
            "basis_gates": sorted(basis),
            "delays": document.get("delays", []),
            "errors": sorted(errors, key=_dumped),
        }
    )


def _dumped(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _useless(why: str) -> InvalidOptionError:
    return InvalidOptionError(f"the noise model cannot be used: {why}", remedy=_REMEDY)


def _relaxation(found: Any) -> Document:
    """Write down what relaxes qubits while they are delayed: it has no form of Aer's."""
    from qiskit.circuit import Delay
    from qiskit_aer.noise import RelaxationNoisePass

    kinds = getattr(found, "_ops", ())
    if not isinstance(found, RelaxationNoisePass) or kinds != (Delay,):
        raise InvalidOptionError(
            f"the noise model cannot be written down: it holds a {type(found).__name__}",
            remedy="Leave out passes of your own: insert that noise into the circuit.",
        )
    return {
        "dt": getattr(found, "_dt", None),
        **{name: getattr(found, f"_{name}").tolist() for name in ("p1s", "t1s", "t2s")},
    }


def _passes(delays: list[Document], qubits: Sequence[int]) -> list[object]:
    from qiskit.circuit import Delay
    from qiskit_aer.noise import RelaxationNoisePass

    def picked(values: list[float], otherwise: float) -> list[float]:
        return [values[q] if q < len(values) else otherwise for q in qubits]

    return [
        RelaxationNoisePass(
            picked(each["t1s"], math.inf),
            picked(each["t2s"], math.inf),
            each["dt"],
            Delay,
            picked(each["p1s"], 0.0),
        )
        for each in delays
    ]


@cache
def _model_class() -> type[Any]:
    from qiskit_aer.noise import NoiseModel

    class ReadNoiseModel(NoiseModel):
        """A noise model that stays as it was read: making Aer's objects of it takes seconds."""

        def __init__(
            self, basis: frozenset[str], errors: list[Document], passes: list[object]
        ) -> None:
            super().__init__(sorted(basis))
            self._errors = errors
            self._custom_noise_passes = passes

        def to_dict(self, serializable: bool = False) -> Document:  # noqa: FBT001, FBT002 - Aer's
            """Return what was read, and what Aer has added for a circuit."""
            added: Document = super().to_dict(serializable)
            return {**added, "errors": [*self._errors, *added["errors"]]}

        def is_ideal(self) -> bool:
            """Say whether there is no noise in it."""
            return not self._errors and bool(super().is_ideal())

    return ReadNoiseModel
