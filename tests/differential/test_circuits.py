"""Random circuits on every route, against what their definitions say."""

from __future__ import annotations

import pytest

from tests.differential.exploring import PROGRAMS, compare, explore
from tests.differential.generating import Dialect, programs
from tests.differential.meaning import outcomes_of
from tests.differential.routes import of_description
from tests.differential.writing import FORMS

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]

LANGUAGE = {"dumped2": "object", "dumped3": "object"}
LAST = {"goes_on": False}
INSIDE = {**LAST, "inside": True}
LOCAL = ("local:automatic", "local:matrix_product_state")
ROUTES = {
    "local": (LOCAL, {}),
    "last": (("local:statevector", "local:density_matrix"), LAST),
    "stabilizer": (("local:stabilizer", *LOCAL), {"clifford": True}),
    "qir": (("qir:ionq.simulator", "qir:quantinuum.sim.h2-1e"), LAST),
    "adaptive": (("qir:quantinuum.sim.h2-1e",), {"decides": False}),
    "ionq": (("native:ionq.simulator",), INSIDE),
    "quantinuum": (("native:quantinuum.sim.h2-1e",), {}),
    "rigetti": (("native:rigetti.sim.qvm",), INSIDE),
    "iqm": (("iqm",), {}),
    "qoro": (("qoro",), {}),
}
SLACK = 40
"""Shots that rounding may move where nothing is left to chance: one for each way to an outcome."""


def checked(apart, routes, form):
    """Make the check of one program."""

    def check(program, tally):
        expected = outcomes_of(program)
        found = apart(of_description, program, form, routes)
        if isinstance(found, str):
            tally.refuse(f"not written: {found}")
            return
        told = f"{form} {program}"
        results = [(route, seen) for route, seen in found.items() if not seen.refusal]
        for route, seen in found.items():
            if seen.refusal:
                # What we write is legal, so its syntax is no reason; what Qiskit dumps may not be.
                is_legal = form not in LANGUAGE
                wrong = is_legal and "SyntaxError" in seen.refusal
                # Every program measures something.
                wrong = wrong or "NoMeasurement" in seen.refusal
                assert not wrong, f"{route}: {seen.refusal}; {told}"
                tally.refuse(f"{route}: {seen.refusal}")
        for route, seen in results:
            assert not seen.error, f"{route}: {seen.error}; {told}"
            slack = 0 if route.startswith("local") else SLACK
            compare(expected, seen.counts, f"{route}; expected {expected}; {told}", slack)
            _same_registers(program, form, seen, route)
        tally.compared += bool(results)

    return check


def _same_registers(program, form, seen, route):
    widths = [width for _, width in program.registers]
    assert [width for _, width in seen.registers] == widths, f"{route}: {seen.registers} {program}"
    if form not in LANGUAGE:
        names = [name for name, _ in program.bits]
        assert [name for name, _ in seen.registers][: len(names)] == names, f"{route}: {seen}"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("route", ROUTES)
def test_a_program_means_what_its_definitions_say(apart, route, form):
    """Names decide nothing; registers, parts measured, resets and conditions come out right."""
    routes, limits = ROUTES[route]
    # Qiskit dumps a gate that is called as one of its own is as that one.
    is_dumped = form in LANGUAGE
    plain = {"renamed": is_dumped, "loose": not is_dumped}
    dialect = Dialect(LANGUAGE.get(form, form), **plain, **limits)
    # A form is a kind of program; each of its routes takes a part.
    check = checked(apart, routes, form)
    # Much of what Qiskit dumps is no text of the language.
    least = 0.15 if is_dumped else 0.3
    explore(f"{route} {form}", programs(dialect), check, least, programs=PROGRAMS // 4)


WIDE = ("local", "qir", "ionq", "quantinuum", "rigetti", "qoro")


@pytest.mark.parametrize("route", WIDE)
def test_registers_may_be_wide(apart, route):
    """Registers of thousands of bits, measured in part, keep their bits apart."""
    routes, _ = ROUTES[route]
    dialect = Dialect("object", wide=True, composite=False, **LAST)
    check = checked(apart, routes[:1], "object")
    explore(f"wide {route}", programs(dialect), check, least=0.1, programs=PROGRAMS // 8)
