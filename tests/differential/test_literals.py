"""Random numbers as angles: finite ones mean their value, all others are refused with their line."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import strategies as st

from tests.differential.exploring import PROGRAMS, compare, explore
from tests.differential.meaning import Angle, Call, Described, Measure, outcomes_of
from tests.differential.routes import Seen, taken

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]

ROUTES = ("local:statevector", "iqm", "qir:ionq.simulator", "native:quantinuum.sim.h2-1e", "qoro")
DIGITS = st.integers(0, 10**6).map(str)
NUMBERS = st.one_of(
    DIGITS,
    st.floats(0, 20, allow_nan=False).map(repr),
    st.sampled_from(["1e400", "1e-400", "2e308", "1.5e1000", "9" * 400, "pi", "1e3"]),
    st.integers(300, 320).map(lambda n: f"{n % 9 + 1}e{n}"),
    st.integers(10**300, 10**320).map(str),
)
TERMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda text: f"-{text}"),
        st.tuples(st.sampled_from(["sin", "cos", "sqrt", "exp"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
    ),
    max_leaves=3,
)


LITERAL = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")


def value(text: str) -> float | None:
    """The value of a term; ``None`` where it has none."""
    names = {name: getattr(math, name) for name in "sin cos sqrt exp pi".split()} | {"float": float}
    marked = LITERAL.sub(r"float('\g<0>')", text)
    try:
        found = eval(marked, {"__builtins__": {}}, names)  # what we drew ourselves
    except (ArithmeticError, ValueError):
        return None
    return found if math.isfinite(found) else None


@st.composite
def texts(draw):
    """Draw a program whose only gate has a random angle."""
    form = draw(st.sampled_from(["qasm2", "qasm3"]))
    return form, draw(TERMS), draw(st.sampled_from(["rx", "ry"]))


def written(form, term, gate):
    """Write it, the angle in line 4."""
    if form == "qasm2":
        return f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1]; creg c[1];\n{gate}({term}) q[0];\nmeasure q -> c;\n'
    return f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q; bit[1] c;\n{gate}({term}) q[0];\nc = measure q;\n'


@pytest.mark.parametrize("route", ROUTES)
def test_an_angle_is_its_value_or_refused(apart, route):
    """What is not finite is refused, with the line that it stands in."""

    def check(drawn, tally):
        form, term, gate = drawn
        seen: Seen = apart(taken, written(*drawn), {}, route)
        wanted = value(term)
        tally.compared += 1
        told = f"{route} {form} {gate}({term}) = {wanted}: {seen}"
        assert not seen.error, told
        if wanted is None:
            assert seen.refusal, f"not finite, and run: {told}"
            # What only a computation makes infinite may have lost its place.
            is_literal = LITERAL.fullmatch(term.strip("-"))
            is_placed = ":4" in seen.refusal or "line 4" in seen.refusal
            assert is_placed or not is_literal, f"without its line: {told}"
            return
        if seen.refusal:
            # Whose numbers are enormous may be refused, and OpenQASM 3's reader has no functions.
            large = any(float(found[0]) > 1e15 for found in LITERAL.finditer(term))
            assert large or (form == "qasm3" and re.search("[a-z]{3}", term)), told
            return
        if abs(wanted) > 1e6:
            # Neither the reader's arithmetic nor ours says any more which angle it is.
            return
        turn = Call(gate, (Angle(wanted),), (0,))
        program = Described((("q", 1),), (("c", 1),), statements=(turn, Measure(0, 0)))
        compare(outcomes_of(program), seen.counts, told)

    explore(f"literals {route}", texts(), check, least=0.9, programs=PROGRAMS // 4)
