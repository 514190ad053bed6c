"""A Qiskit `Target` of a quantum computer as it is calibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.translate.circuits import Route


def target_of(architecture: Architecture) -> Target:
    """Describe a quantum computer to Qiskit's transpiler.

    Its qubits are the architecture's, in their order; resonators are left out. Where a CZ between
    two qubits is reached over a resonator (`routes_of`), it is offered as if it were direct.

    Args:
        architecture: What is calibrated.
    """
    from qiskit.circuit import Delay, IfElseOp, Measure, Parameter, Reset
    from qiskit.circuit.library import CZGate, IGate, RGate
    from qiskit.transpiler import Target

    qubits = architecture.described.qubits
    index = {name: place for place, name in enumerate(qubits)}
    every: dict[tuple[int, ...], None] = {(place,): None for place in range(len(qubits))}
    target = Target(num_qubits=len(qubits))
    target.add_instruction(
        RGate(Parameter("theta"), Parameter("phi")), _single(architecture, "prx", index)
    )
    pairs = [p for p in _pairs(architecture) if p[0] in index and p[1] in index]
    target.add_instruction(
        CZGate(), {(index[a], index[b]): None for pair in pairs for a, b in (pair, pair[::-1])}
    )
    target.add_instruction(Measure(), _single(architecture, "measure", index))
    target.add_instruction(Reset(), dict(every))
    target.add_instruction(Delay(Parameter("duration")), dict(every))
    target.add_instruction(IGate(), dict(every))
    if architecture.loci("cc_prx"):
        target.add_instruction(IfElseOp, name="if_else")
    return target


def routes_of(architecture: Architecture) -> dict[tuple[str, str], Route]:
    """Say how a CZ between two qubits is reached over a resonator, where it is not direct.

    Args:
        architecture: What is calibrated.

    Returns:
        For each pair, in both orders: which qubit moves, where to, and the other qubit.
    """
    direct = architecture.loci("cz")
    routes: dict[tuple[str, str], Route] = {}
    for move in sorted(architecture.loci("move")):
        moved, resonator = move[0], move[1]
        for locus in sorted(direct):
            if resonator not in locus:
                continue
            other = locus[0] if locus[1] == resonator else locus[1]
            pair = (moved, other)
            if other != moved and pair not in direct and (other, moved) not in direct:
                routes.setdefault(pair, (moved, resonator, other))
                routes.setdefault((other, moved), (moved, resonator, other))
    return routes


def _single(
    architecture: Architecture, gate: str, index: dict[str, int]
) -> dict[tuple[int, ...], None]:
    names = {name for locus in architecture.loci(gate) for name in locus}
    return {(place,): None for name, place in index.items() if name in names}


def _pairs(architecture: Architecture) -> list[tuple[str, str]]:
    direct = [(locus[0], locus[1]) for locus in sorted(architecture.loci("cz"))]
    return [*direct, *routes_of(architecture)]
