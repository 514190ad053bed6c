"""Circuits as OpenQASM 2, which the simulator reads fastest."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.sandbox.iqm.instructions import Step, SubmittedCircuit


@dataclass(slots=True)
class _Writer:
    places: dict[str, int]
    lines: list[str] = field(default_factory=list)
    bits: int = 0
    feedback: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, step: Step) -> None:
        qubits = [f"q[{self.places[name]}]" for name in step.locus]
        match step.name:
            case "prx":
                self.lines.append(f"{_prx(step)} {qubits[0]};")
            case "cc_prx":
                key, qubit = str(step.args["feedback_key"]), str(step.args["feedback_qubit"])
                bit = self.feedback[key, qubit]
                self.lines.append(f"if(c{bit}==1) {_prx(step)} {qubits[0]};")
            case "cz":
                self.lines.append(f"cz {','.join(qubits)};")
            case "move":
                # An empty resonator makes a MOVE a swap; the phases cancel when it comes back.
                self.lines.append(f"swap {','.join(qubits)};")
            case "reset":
                self.lines += [f"reset {qubit};" for qubit in qubits]
            case "barrier":
                self.lines.append(f"barrier {','.join(qubits)};")
            case _:
                self._measure(step, qubits)

    def _measure(self, step: Step, qubits: list[str]) -> None:
        key = step.args.get("feedback_key")
        for name, qubit in zip(step.locus, qubits, strict=True):
            if key is not None:
                self.feedback[str(key), name] = self.bits
            self.lines.append(f"measure {qubit}->c{self.bits}[0];")
            self.bits += 1


def script(circuit: SubmittedCircuit) -> str:
    """Write a circuit that was checked, with a register of one bit for each bit measured."""
    active = [step for step in circuit.steps if step.name not in {"barrier", "delay"}]
    names = dict.fromkeys(name for step in active for name in step.locus)
    writer = _Writer({name: place for place, name in enumerate(names)})
    for step in active:
        writer.add(step)
    head = ['OPENQASM 2.0; include "qelib1.inc";', f"qreg q[{max(1, len(names))}];"]
    head += [f"creg c{bit}[1];" for bit in range(writer.bits)]
    return "\n".join([*head, *writer.lines])


def _prx(step: Step) -> str:
    # RZ(phase) RX(angle) RZ(-phase), as one gate.
    angle, phase = step.number("angle"), step.number("phase")
    return f"u3({angle!r},{phase - math.pi / 2!r},{math.pi / 2 - phase!r})"
