"""What the service checks before it runs a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.iqm.calibration import T2
from quantum_async.sandbox.iqm.instructions import CircuitFault

if TYPE_CHECKING:
    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.iqm.instructions import Step, SubmittedCircuit

_DURATIONS = {"prx": 40e-9, "cc_prx": 500e-9, "cz": 60e-9, "move": 80e-9, "measure": 1e-6}
_ANYWHERE = {"reset", "barrier", "delay"}


def check(
    circuit: SubmittedCircuit, chip: Chip, *, moves: str, duration_over_t2: float | None
) -> None:
    """Find out whether a circuit can be run on a chip.

    Args:
        circuit: The circuit.
        chip: The chip.
        moves: How strictly MOVE gates are checked.
        duration_over_t2: Longest duration as a part of T2; 0 or ``None`` checks nothing.

    Raises:
        CircuitFault: It cannot.
    """
    if not circuit.keys:
        raise CircuitFault("it measures nothing")
    for step in circuit.steps:
        _placed(step, chip)
    _check_feedback(circuit)
    if moves != "none":
        _check_moves(circuit, moves)
    if duration_over_t2:
        duration = sum(_DURATIONS.get(step.name, 0.0) for step in circuit.steps)
        if duration > duration_over_t2 * T2:
            raise CircuitFault("the circuit is longer than max_circuit_duration_over_t2 allows")


def _check_feedback(circuit: SubmittedCircuit) -> None:
    measured: set[tuple[str, str]] = set()
    for step in circuit.steps:
        key = step.args.get("feedback_key")
        if step.name == "measure" and key is not None:
            measured |= {(str(key), qubit) for qubit in step.locus}
        source = (str(key), str(step.args.get("feedback_qubit")))
        if step.name == "cc_prx" and source not in measured:
            raise CircuitFault(f"no earlier measurement feeds back {key!r}")


def _placed(step: Step, chip: Chip) -> None:
    strange = [name for name in step.locus if name not in chip.components]
    if strange:
        raise CircuitFault(f"{step.name}: the chip has no {', '.join(strange)}")
    if step.name in _ANYWHERE:
        return
    loci = chip.loci.get(step.name, frozenset())
    shown = ", ".join(step.locus)
    if step.name == "measure":
        if not all((name,) in loci for name in step.locus):
            raise CircuitFault(f"measure is not calibrated on {shown}")
    elif step.locus not in loci and not (step.name == "cz" and step.locus[::-1] in loci):
        raise CircuitFault(f"{step.name} is not calibrated on {shown}")


def _check_moves(circuit: SubmittedCircuit, moves: str) -> None:
    held: dict[str, str] = {}
    allowed = {"barrier", "prx"} if moves == "allow_prx" else {"barrier"}
    for step in circuit.steps:
        if step.name == "move":
            qubit, resonator = step.locus
            if held.get(resonator) == qubit:
                del held[resonator]
            elif resonator in held or qubit in held.values():
                raise CircuitFault(f"MOVE on {qubit}, {resonator}: the state is elsewhere")
            else:
                held[resonator] = qubit
        elif step.name not in allowed and set(step.locus) & set(held.values()):
            raise CircuitFault(f"{step.name} on {', '.join(step.locus)}: its state was moved away")
