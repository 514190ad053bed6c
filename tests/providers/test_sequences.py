"""What a sequence's text says of it, and the values that fit its variables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import (
    InvalidInputError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
)
from quantum_async.providers.sequences import (
    atoms_of,
    check_values,
    facts_of,
    json_values,
    read_facts,
)
from tests.providers.pasqal.sequences import program, text


def test_facts_are_read_from_the_text():
    """Atoms, device, limits and variables, without Pulser."""
    facts = facts_of(program(atoms=3, variables=("omega", "delta"), size=2))
    assert facts.atoms == ("q0", "q1", "q2")
    assert (facts.device, facts.max_runs, facts.is_measured) == ("FRESNEL", 2000, True)
    assert facts.variables == {"omega": 2, "delta": 2}


@pytest.mark.parametrize("bad", ["", "[]", "{}", '{"register": [{}]}', '{"register": 3}', "nope"])
def test_a_malformed_sequence_is_a_syntax_error(bad):
    """The error is ours, whatever is wrong with the text."""
    with pytest.raises(ProgramSyntaxError):
        read_facts(bad)


@given(st.integers(1, 5), st.integers(1, 5))
def test_a_mappable_register_gives_its_first_atoms(declared, mapped):
    """The atoms of a job are the first that the register declares, however they were named."""
    facts = read_facts(text(atoms=declared, mappable=True, variables=()))
    mapping = {f"q{n}": n for n in reversed(range(mapped))}
    if mapped > declared:
        with pytest.raises(UnboundParametersError):
            check_values(facts, {"qubits": mapping})
        return
    check_values(facts, {"qubits": mapping})
    assert atoms_of(facts, {"qubits": mapping}, provider="pasqal") == tuple(
        f"q{n}" for n in range(mapped)
    )


@pytest.mark.parametrize("variables", [{}, None, {"qubits": {}}, {"qubits": 3}])
def test_a_mappable_job_without_a_mapping_has_no_atoms(variables):
    """What cannot be known raises."""
    with pytest.raises(ResultError):
        atoms_of(read_facts(text(mappable=True)), variables, provider="azure")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"omega": 1.0, "other": 2.0},
        {"other": 1.0},
        {"omega": (1.0, 2.0)},
        {"omega": ()},
        {"omega": "x"},
        {"omega": True},
        {"omega": (False,)},
    ],
)
def test_values_that_do_not_fit_are_refused(variables):
    """Missing, unknown and misshapen values name the variable concerned."""
    with pytest.raises(UnboundParametersError) as caught:
        check_values(read_facts(text()), variables)
    assert caught.value.names


@pytest.mark.parametrize("value", [1, 1.5, [2], (1.0,), np.float64(0.5)])
def test_numbers_of_every_kind_fit(value):
    """A number is one by itself or in an array, and also where a library has made it."""
    check_values(read_facts(text()), {"omega": value})


@pytest.mark.parametrize("mapping", [{}, 3, {"q1": 0}, {"q0": 0, "x": 1}])
def test_mappings_that_do_not_fit_are_refused(mapping):
    """A mapping uses the first atoms of the register, and says so where it does not."""
    with pytest.raises(UnboundParametersError):
        check_values(read_facts(text(mappable=True, variables=())), {"qubits": mapping})


def test_values_go_as_json_has_them():
    """Arrays are lists, and what JSON cannot say is refused with the variable's name."""
    values = {"omega": (1.0, 2), "delta": (1.0, 2.0), "qubits": {"q0": 3}, "word": "ab", "n": 1}
    written = {**values, "omega": [1.0, 2], "delta": [1.0, 2.0]}
    assert json_values(values, provider="azure") == written
    for bad in (float("nan"), (1.0, float("inf")), (1, float("nan")), {"q0": [float("inf")]}):
        with pytest.raises(InvalidInputError, match="omega") as caught:
            json_values({"omega": bad}, provider="azure")
        assert caught.value.provider == "azure"
