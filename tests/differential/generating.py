"""Strategies of programs: small circuits with everything in them that names can confuse."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.differential.meaning import (
    CLIFFORD,
    GATES,
    Angle,
    Call,
    Definition,
    Described,
    If,
    Measure,
    Prepare,
    Reset,
)

_FOREIGN = (
    "ryy ecr r iswap dcx diagonal unitary initialize kraus roerror multiplexer pauli store ccz cs "
    "csdg mcx mcp mcphase mcy superop quantum_channel qerror_loc save_state set_statevector rcccx "
    "rzx xx_plus_yy state_preparation permutation isometry hamiltonian prx move cc_prx zz v vi si "
    "not cnot ms gpi gpi2 cu2 mcr mcu3 circuit multiplex u_0 g own"
).split()
"""Names that are in neither language's file of gates, and mean something to some library."""

_FILE2 = (
    "u3 u2 u1 cx id u0 u p x y z h s sdg t tdg rx ry rz sx sxdg cz cy swap ch ccx cswap crx cry "
    "crz cu1 cp cu3 csx cu rxx rzz rccx rc3x c3x c3sqrtx c4x"
).split()
_FILE3 = (
    "p x y z h s sdg t tdg sx rx ry rz cx cy cz cp crx cry crz ch swap ccx cswap cu CX phase "
    "cphase id u1 u2 u3"
).split()

GATE_NAMES = {
    ("qasm2", True): [*_FOREIGN, "delay"],
    ("qasm2", False): [*_FOREIGN, *_FILE2, "delay"],
    ("qasm3", True): [*_FOREIGN, "rxx", "rzz", "sxdg", "csx", "rccx", "Ünit", "_g"],
    ("qasm3", False): [*_FOREIGN, *_FILE3, "rxx", "rzz", "sxdg", "u", "Ünit"],
    ("object", True): [
        *_FOREIGN,
        *_FILE2,
        *"delay measure reset barrier if_else h_dg circuit-12 é my_gate".split(),
        "my gate",
    ],
}
BIT_NAMES = {
    "qasm2": "c m measured x1 cx rx ro out q0 bits c0 ryy creg1 zz é_".split()[:-1],
    "qasm3": "c m é Ω x1 _x ro out bits bits_ c0 zz meas qreg1".split(),
    "object": ["c", "é", "measure", "my reg", "x", "pi", "c0", "ro", "bits", "if", "U", "Q", "1st"],
}
QUBIT_NAMES = {
    "qasm2": "q a qr w0 q0 ecr".split(),
    "qasm3": "q a ψ _q w0 q0 ecr".split(),
    "object": ["q", "a", "ψ", "my qubits", "h", "gate", "w0"],
}
ANGLE_NAMES = "t0 theta a0 lam".split()

_BUILTIN = {
    "qasm2": "x y z h s sdg t tdg sx rx ry rz p cx cy cz ch swap cp crx crz ccx cswap rxx rzz u3 u2 u1".split(),
    "qasm3": "x y z h s sdg t tdg sx rx ry rz p cx cy cz ch swap cp crx cry crz ccx cswap".split(),
}
_BUILTIN["object"] = [
    *dict.fromkeys([*_BUILTIN["qasm2"], "ryy", "iswap", "U", "sxdg"]),
    "*unitary1",
    "*unitary2",
    "*multiplexer",
]

ANGLES = st.one_of(
    st.sampled_from([0.0, math.pi, math.pi / 2, -math.pi / 2, math.pi / 4, 2 * math.pi]),
    st.floats(-7, 7, allow_nan=False).map(lambda x: round(x, 3)),
)


@dataclass(frozen=True)
class Dialect:
    """What a form of program can say.

    Args:
        form: ``"object"``, ``"qasm2"`` or ``"qasm3"``.
        clifford: Whether only Clifford gates are used.
        goes_on: Whether anything follows a measurement.
        decides: Whether it decides by what was measured.
        renamed: Whether definitions have names that nobody else has, for readers who know others.
        parameters: Whether it may have parameters.
        composite: Whether there are instructions made of several, and prepared states.
        loose: Whether there are bits outside any register.
        inside: Whether instructions made of several may go on after a measurement in any case.
        wide: Whether classical registers may be very wide.
        powers: Whether gates are raised to powers.
        registers: How many classical registers there are at most.
    """

    form: str
    clifford: bool = False
    goes_on: bool = True
    decides: bool = True
    renamed: bool = False
    parameters: bool = True
    composite: bool = True
    loose: bool = True
    inside: bool = False
    wide: bool = False
    powers: bool = True
    registers: int = 3


@st.composite
def programs(draw, dialect: Dialect) -> Described:
    """Draw a program."""
    return _Drawing(draw, dialect).program()


class _Drawing:
    def __init__(self, draw, dialect) -> None:
        self.draw = draw
        self.dialect = dialect
        self.form = dialect.form
        self.definitions: list[Definition] = []

    def among(self, items):
        return self.draw(st.sampled_from(list(items)))

    def _some(self, of: int, many: int) -> tuple[int, ...]:
        places = st.integers(0, of - 1)
        return tuple(self.draw(st.lists(places, min_size=many, max_size=many, unique=True)))

    def often(self, of: int = 4) -> bool:
        return self.draw(st.integers(0, of - 1)) != 0

    def seldom(self, of: int = 4) -> bool:
        return self.draw(st.integers(0, of - 1)) == of - 1

    def program(self) -> Described:
        self.includes = self.form == "object" or self.dialect.clifford or self.often()
        self.builtin = self._builtin()
        names = self._distinct(self.draw(st.integers(0, 3)))
        for name in names:
            self.definitions.append(self._definition(name))
        qubits = self._registers(QUBIT_NAMES[self.form], 2, 2, names)
        file = {"qasm2": _FILE2, "qasm3": _FILE3}.get(self.form, []) if self.includes else []
        bits = self._registers(
            BIT_NAMES[self.form],
            self.dialect.registers,
            3,
            [*[name for name, _ in qubits], *names, *file],
        )
        self.bits = bits
        self.loose = self.draw(st.integers(0, 1)) if self._has_loose() else 0
        self.num_qubits = sum(width for _, width in qubits)
        self.num_bits = sum(width for _, width in bits) + self.loose
        self.names = {}
        if self.form != "qasm2" and self.dialect.parameters and self.seldom():
            self.names = {"theta_0": self.draw(ANGLES)}
        statements = self._statements()
        if not _uses(statements, "theta_0"):
            self.names = {}
        return Described(
            qubits, bits, tuple(self.definitions), statements, self.includes, self.names, self.loose
        )

    def _has_loose(self):
        return self.form == "object" and self.dialect.loose and self.seldom()

    def _builtin(self):
        if self.dialect.clifford:
            return [name for name in CLIFFORD if name in _BUILTIN[self.form]]
        if not self.includes:
            return ["U", "CX"] if self.form == "qasm2" else ["U"]
        return _BUILTIN[self.form]

    def _distinct(self, many):
        if self.dialect.renamed:
            return [f"own{n}" for n in range(many)]
        pool = GATE_NAMES[self.form, self.includes]
        found = [self.among(pool) for _ in range(many)]
        # Objects may have two definitions of one name.
        return found if self.form == "object" else list(dict.fromkeys(found))

    def _registers(self, pool, most, widest, taken):
        # Languages have one space of names; objects have none but that of registers.
        shared = taken if self.form != "object" else []
        many = self.draw(st.integers(1, most))
        if self.form == "object" and self.dialect.renamed:
            # What is dumped keeps the names of registers, and these are no names there.
            shared = [*_FILE2, "U"]
        names = list(dict.fromkeys(self.among(pool) for _ in range(many)))
        spare = "r_1" if pool is BIT_NAMES[self.form] else "q_1"
        names = [name for name in names if name not in shared] or [spare]
        widths = st.integers(1, widest)
        if self.dialect.wide and pool is BIT_NAMES[self.form]:
            widths = st.sampled_from([1, 3, 60, 2100])
        return tuple((name, self.draw(widths)) for name in names)

    def _angle(self, names):
        shift = self.draw(ANGLES)
        if self.dialect.clifford:
            return Angle(math.pi / 2 * round(shift))
        if names and self.often():
            return Angle(round(shift, 3), self.among(names), self.among([1.0, 2.0, -0.5]))
        return Angle(shift)

    def _definition(self, name):
        width = self.draw(st.integers(1, 2))
        angles = ()
        if not self.dialect.clifford and self.draw(st.booleans()):
            angles = tuple(ANGLE_NAMES[: self.draw(st.integers(1, 2))])
        composite = self.form == "object" and self.dialect.composite and self.seldom()
        bits = 1 if composite and self.draw(st.booleans()) else 0
        body = [self._call(width, angles) for _ in range(self.draw(st.integers(1, 3)))]
        if composite and (self.dialect.goes_on or self.dialect.inside):
            place = self.draw(st.integers(0, len(body)))
            qubit = self.draw(st.integers(0, width - 1))
            body.insert(place, Measure(qubit, 0) if bits else Reset(qubit))
        elif bits:
            body.append(Measure(self.draw(st.integers(0, width - 1)), 0))
        elif not self.includes and not self.dialect.clifford and self.seldom():
            # What stands under a well-known name does nothing.
            body = [Call("U", (Angle(0.0),) * 3, (0,))]
        return Definition(name, angles, width, tuple(body), bits)

    def _call(self, width, names, *, top=False):
        choices = [name for name in self.builtin if GATES[name][1] <= width]
        own = [
            number
            for number, found in enumerate(self.definitions)
            if found.width <= width and (top or found.is_gate)
        ]
        gate = self.among(own) if own and self.often(3) else self.among(choices)
        if isinstance(gate, int):
            found = self.definitions[gate]
            many, wires, bits, pure = len(found.angles), found.width, found.bits, found.is_gate
        else:
            many, wires, _ = GATES[gate]
            bits, pure = 0, True
        angles = tuple(self._angle(() if str(gate).startswith("*") else names) for _ in range(many))
        modifiers = self._modifiers(wires, width, names) if pure else ()
        wires += modifiers.count("ctrl")
        chosen = self._some(width, wires)
        places = self._some(self.num_bits, bits) if bits else ()
        return Call(gate, angles, chosen, modifiers, places)

    def _modifiers(self, wires, width, names):
        # Without the file of gates the phase of U is a matter of opinion, which controls would show.
        if self.form == "qasm2" or not self.includes or not self.seldom(3):
            return ()
        known = ["inv"]
        if self.dialect.powers and not names and not getattr(self, "names", None):
            known.append("pow2")
        if wires < width and not (self.dialect.clifford):
            known.append("ctrl")
        return (self.among(known),)

    def _statements(self):
        found = []
        if self.form == "object" and self.dialect.composite and self.seldom():
            found.append(self._prepare())
        for _ in range(self.draw(st.integers(1, 6))):
            found += self._statement()
        # What is left is measured in part, in any order.
        many = self.draw(st.integers(1, min(self.num_qubits, self.num_bits)))
        qubits, bits = self._some(self.num_qubits, many), self._some(self.num_bits, many)
        found += [Measure(q, b) for q, b in zip(qubits, bits, strict=True)]
        return tuple(found)

    def _prepare(self):
        wires = self._some(self.num_qubits, self.draw(st.integers(1, min(2, self.num_qubits))))
        resets = self.dialect.goes_on and self.draw(st.booleans())
        return Prepare(wires, tuple(Angle(self.draw(ANGLES)) for _ in wires), resets)

    def _statement(self):
        kind = self.draw(st.integers(0, 9))
        if kind < 7 or not self.dialect.goes_on:
            return [self._gate()]
        if kind == 7:
            return [Reset(self._qubit())]
        measured = Measure(self._qubit(), self.draw(st.integers(0, self.num_bits - 1)))
        if kind == 8 or not self.dialect.decides:
            return [measured]
        return [measured, self._if(measured.bit)]

    def _gate(self):
        call = self._call(self.num_qubits, tuple(self.names), top=True)
        if isinstance(call.gate, str) or self.dialect.goes_on or self.dialect.inside:
            return call
        # It ends with a measurement: only what was defined as a gate stays in the middle.
        return call if self.definitions[call.gate].is_gate else self._call_builtin()

    def _call_builtin(self):
        kept, self.definitions = self.definitions, []
        try:
            return self._call(self.num_qubits, tuple(self.names), top=True)
        finally:
            self.definitions = kept

    def _qubit(self):
        return self.draw(st.integers(0, self.num_qubits - 1))

    def _if(self, bit):
        start, register = 0, None
        for number, (_, width) in enumerate(self.bits):
            if start <= bit < start + width:
                register, place, wide = number, bit - start, width
            start += width
        if register is None:
            return If(None, bit, 1, (self._pure(),))
        value = 1 << place if self.often() else self.draw(st.integers(0, 2**wide - 1))
        if self.form != "qasm2" and self.draw(st.booleans()):
            then = tuple(self._pure() for _ in range(self.draw(st.integers(1, 2))))
            otherwise = (self._pure(),) if self.seldom() else ()
            return If(None, bit, self.draw(st.integers(0, 1)), then, otherwise)
        return If(register, None, value, (self._pure(),))

    def _pure(self):
        return self._call(self.num_qubits, tuple(self.names))


def _uses(steps, name) -> bool:
    for step in steps:
        inner = (*step.then, *step.otherwise) if isinstance(step, If) else ()
        if _uses(inner, name) or any(a.name == name for a in getattr(step, "angles", ())):
            return True
    return False
