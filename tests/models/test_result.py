"""Results: what they compute, and that bit order is never mixed up."""

from __future__ import annotations

import pickle

import pytest

from quantum_async.errors import MissingExtraError, ResultError
from quantum_async.models._extras import call_late
from quantum_async.models.result import BitOrder, Register, Result

# Registers of different width, and only bit 0 of the first one set: nothing here is symmetric.
CIRCUIT = Result(
    counts={"010 01": 7, "000 01": 3},
    shots=10,
    bit_order=BitOrder.QISKIT,
    registers=(Register("first", 2), Register("second", 3)),
)
ATOMS = Result(
    counts={"100": 6, "101": 4}, shots=10, bit_order=BitOrder.ATOMS, atoms=("left", "mid", "right")
)


def test_circuit_bits_are_counted_from_the_right() -> None:
    """Bit 0 is the last character: the first bit of the first register."""
    assert CIRCUIT.marginal(0) == {"1": 10}
    assert CIRCUIT.marginal(1) == {"0": 10}
    assert CIRCUIT.marginal(3) == {"1": 7, "0": 3}
    assert CIRCUIT.marginal(3, 0) == {"11": 7, "01": 3}


def test_atoms_are_counted_from_the_left() -> None:
    """Position 0 is the first atom of the register."""
    assert ATOMS.marginal(0) == {"1": 10}
    assert ATOMS.marginal(2) == {"0": 6, "1": 4}
    assert ATOMS.marginal(2, 0) == {"01": 6, "11": 4}


def test_a_register_is_found_by_name() -> None:
    """The first declared register is the rightmost group of a key."""
    assert CIRCUIT.register_counts("first") == {"01": 10}
    assert CIRCUIT.register_counts("second") == {"010": 7, "000": 3}
    with pytest.raises(ResultError, match="no register 'third' among"):
        CIRCUIT.register_counts("third")


def test_a_bit_that_is_not_there_is_refused() -> None:
    """A marginal of a bit outside the outcome is an error, not a wrong number."""
    with pytest.raises(ResultError, match="an outcome of 3 bits"):
        ATOMS.marginal(3)


@pytest.mark.parametrize(
    ("result", "fraction"), [(CIRCUIT, 17 / 50), (ATOMS, 14 / 30)], ids=["circuit", "atoms"]
)
def test_the_excited_fraction_counts_bits_only(result: Result, fraction: float) -> None:
    """Separators are no bits."""
    assert result.excited_fraction() == pytest.approx(fraction)


def test_probabilities_are_counts_over_shots() -> None:
    """Without exact probabilities the counts decide; with them they win."""
    assert ATOMS.probabilities == {"100": 0.6, "101": 0.4}
    exact = Result({"0": 1}, 1, BitOrder.QISKIT, exact_probabilities={"0": 0.5, "1": 0.5})
    assert exact.probabilities == {"0": 0.5, "1": 0.5}


def test_an_empty_result_has_no_numbers() -> None:
    """Nothing measured is no division by zero."""
    empty = Result({}, 0, BitOrder.QISKIT)
    assert empty.probabilities == {}
    assert empty.excited_fraction() == 0.0
    assert empty.width == 0


def test_outcomes_come_by_frequency() -> None:
    """The most frequent outcome is first."""
    assert CIRCUIT.most_common(1) == [("010 01", 7)]
    assert [outcome for outcome, _ in ATOMS.most_common()] == ["100", "101"]


def test_an_outcome_of_another_width_is_refused() -> None:
    """A translation that lost a bit fails where the result is made."""
    with pytest.raises(ResultError, match="does not have the 6 characters") as caught:
        Result({"01001": 1}, 1, BitOrder.QISKIT, registers=CIRCUIT.registers)
    assert caught.value.remedy
    with pytest.raises(ResultError, match="does not have the 3 characters"):
        Result({"10": 1}, 1, BitOrder.ATOMS, atoms=ATOMS.atoms)


@pytest.mark.parametrize("result", [CIRCUIT, ATOMS], ids=["circuit", "atoms"])
def test_a_result_survives_pickling(result: Result) -> None:
    """Results cross process boundaries."""
    assert pickle.loads(pickle.dumps(result)) == result


def test_a_missing_library_names_the_extra() -> None:
    """A conversion whose library is absent tells the line that installs it."""
    with pytest.raises(MissingExtraError, match="rich is not installed") as caught:
        call_late("rich.no_such_module_of_rich", "anything")
    assert caught.value.extra == "cli"


def test_an_absence_that_no_extra_cures_is_not_explained_away() -> None:
    """Only libraries of our extras become a missing extra."""
    with pytest.raises(ModuleNotFoundError, match="nobody_wrote_this"):
        call_late("nobody_wrote_this", "anything")
