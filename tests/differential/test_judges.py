"""The interpreter that judges every route, before judges that share nothing with it.

Qiskit's Statevector, mqt-ddsim, whose reader of OpenQASM 2 is its own, and Braket's local simulator,
whose reader of OpenQASM 3 is its own. Definitions have names that none of them knows: two of the
three take a definition for a gate of theirs that has its name.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from tests.differential.exploring import PROGRAMS, compare, explore
from tests.differential.generating import Dialect, programs
from tests.differential.meaning import Measure, Reset, outcomes_of
from tests.differential.writing import circuit_of, qasm2_of, qasm3_of

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]

SHOTS = 2000
PRELUDE = """
gate sdg a { inv @ s a; }
gate tdg a { inv @ t a; }
gate sx a { v a; }
gate p(t) a { phaseshift(t) a; }
gate cx a, b { cnot a, b; }
gate ch a, b { ctrl @ h a, b; }
gate cp(t) a, b { ctrl @ phaseshift(t) a, b; }
gate crx(t) a, b { ctrl @ rx(t) a, b; }
gate cry(t) a, b { ctrl @ ry(t) a, b; }
gate crz(t) a, b { ctrl @ rz(t) a, b; }
gate ccx a, b, c { ccnot a, b, c; }
"""


def test_statevector_agrees():
    """Objects of Qiskit, however they are nested: amplitudes to 1e-9."""

    def check(program, tally):
        from qiskit.quantum_info import Statevector

        gates = [step for step in program.statements if not isinstance(step, Measure)]
        bare = program.__class__(**{**program.__dict__, "statements": tuple(gates)})
        try:
            # Qiskit binds no parameter that stands two definitions deep.
            circuit = circuit_of(bare, bound=True)
        except Exception as error:  # noqa: BLE001  what Qiskit cannot build is not ours
            tally.refuse(str(error))
            return
        found = Statevector(circuit).probabilities()
        many = program.num_qubits
        # Qiskit's last qubit leads.
        shares = found.reshape((2,) * many).transpose(range(many)[::-1])
        expected = np.zeros((2,) * many)
        measures = tuple(Measure(n, n) for n in range(many))
        whole = program.__class__(
            **{**bare.__dict__, "statements": (*gates, *measures), "loose": 0}
            | {"bits": (("c", many),)}
        )
        for key, share in outcomes_of(whole).items():
            expected[tuple(map(int, reversed(key)))] = share
        assert np.allclose(shares, expected, atol=1e-9), f"{program}: {shares} {expected}"
        tally.compared += 1

    dialect = Dialect("object", goes_on=False, composite=False, loose=False)
    explore("judge statevector", programs(dialect), check, least=0.5)


def test_ddsim_agrees():
    """OpenQASM 2 with definitions, measurements in the middle, resets and conditions."""
    from mqt.core import load
    from mqt.ddsim import CircuitSimulator

    def check(program, tally):
        if _writes_twice(program.statements):
            # Where all measurements come last it keeps one for each qubit and each bit.
            tally.refuse("measured twice")
            return
        text = qasm2_of(program)
        try:
            counts = CircuitSimulator(load(text), seed=20).simulate(SHOTS)
        except ValueError as error:
            # One program in six trips over its own renaming of qubits.
            tally.refuse(str(error))
            return
        expected = {key.replace(" ", ""): p for key, p in outcomes_of(program).items()}
        compare(expected, dict(counts), text)
        tally.compared += 1

    dialect = Dialect("qasm2", renamed=True)
    explore("judge ddsim", programs(dialect), check, least=0.7)


def test_braket_agrees():
    """OpenQASM 3 with modifiers, measurements in the middle, resets and conditions."""
    from braket.default_simulator import StateVectorSimulator
    from braket.ir.openqasm import Program

    def check(program, tally):
        if sum(isinstance(step, Reset) for step in program.statements) > 1:
            # A second reset of entangled qubits moves the shares of the others there: no reset can.
            tally.refuse("several resets")
            return
        # A bit that nothing was written to has no value there.
        text = re.sub(
            r"^(bit\[(\d+)\] \S+);",
            lambda match: f'{match[1]} = "{"0" * int(match[2])}";',
            qasm3_of(program, PRELUDE),
            flags=re.MULTILINE,
        )
        np.random.seed(20)  # noqa: NPY002  the simulator draws from there
        try:
            found = StateVectorSimulator().run(Program(source=text), shots=SHOTS // 4)
        except (AttributeError, IndexError, NotImplementedError, TypeError, ValueError) as error:
            # What it cannot read, it trips over in its own ways.
            tally.refuse(str(error))
            return
        expected = outcomes_of(program)
        compare(expected, _counts(program, found), text)
        tally.compared += 1

    # One register of bits is what it can report; and the square of a definition is not, as it has
    # it, that of each gate in it.
    dialect = Dialect("qasm3", renamed=True, parameters=False, powers=False, registers=1)
    explore("judge braket", programs(dialect), check, least=0.4, programs=PROGRAMS // 4)


def _counts(program, found):
    (width,) = (width for _, width in program.bits)
    # Only bits that are measured have a column, in their order.
    places = sorted(_measured(program.statements))
    counts = Counter()
    for shot in found.measurements:
        bits = dict(zip(places, shot, strict=True))
        counts["".join(str(bits.get(place, 0)) for place in reversed(range(width)))] += 1
    return dict(counts)


def _writes_twice(steps):
    """Whether all measurements come last, and a qubit or a bit has more than one of them."""
    measures = [step for step in steps if isinstance(step, Measure)]
    if list(steps[len(steps) - len(measures) :]) != measures:
        return False
    qubits = {step.qubit for step in measures}
    bits = {step.bit for step in measures}
    return len(measures) > min(len(qubits), len(bits))


def _measured(steps):
    return {step.bit for step in steps if isinstance(step, Measure)}
