"""What emulators observe arrives as Pulser's own connections return it, from every provider."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pulser import AnalogDevice, Pulse, Register, Sequence
from pulser.backend import (
    BitStrings,
    CorrelationMatrix,
    Energy,
    Expectation as Expected,
    Occupation,
    Results,
)
from pulser_simulation import QutipBackendV2, QutipConfig, QutipOperator

from quantum_async.errors import ResultError
from quantum_async.journal.forms import pack_result, unpack_result
from quantum_async.models.job import JobRef
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.azure.translate.results import result_of as azure_result
from quantum_async.providers.azure.wire import AzureJob
from quantum_async.providers.pasqal.translate.results import read_results, result_of
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.run import simulate

AZURE = AzureJob.model_validate(
    {"id": "job-1", "target": "x", "outputDataFormat": "pasqal.pulser-results.v1"}
)
ATOMS = ("a", "b")


def of_pasqal(document):
    stored = read_results(json.dumps(document))
    return result_of(stored, ATOMS, JobRef("pasqal", "job-1", "EMU_FREE"))


def of_azure(document):
    return azure_result(json.dumps(document).encode(), AZURE, JobRef("azure", "job-1"), ATOMS)


@pytest.fixture(params=[of_pasqal, of_azure], ids=["pasqal", "azure"])
def read(request):
    """A provider's reading of what its service has stored."""
    return request.param


def sequence() -> Sequence:
    """A pulse on two atoms that see each other."""
    made = Sequence(Register({"a": (0, 0), "b": (8, 0)}), AnalogDevice)
    made.declare_channel("ch", "rydberg_global")
    made.add(Pulse.ConstantPulse(400, 5.0, 1.0, 0.0), "ch")
    return made


def lowering() -> QutipOperator:
    """An operator that is not Hermitian."""
    return QutipOperator.from_operator_repr(
        eigenstates=("r", "g"), n_qudits=2, operations=[(1.0, [({"gr": 1.0}, {0})])]
    )


def emulated(*observables) -> Results:
    """What Pulser's own emulator gives."""
    return QutipBackendV2(sequence(), config=QutipConfig(observables=observables)).run()


def serialised(*observables) -> dict:
    """What a service stores of it."""
    return {"counter": None, "serialised_results": emulated(*observables).to_abstract_repr()}


def test_vectors_and_matrices_arrive_without_counts(read):
    """As Pulser's connections return them; there are no counts, and none are made up."""
    document = serialised(Occupation(), CorrelationMatrix(evaluation_times=[0.5, 1.0]))
    found = read(document)
    theirs = Results.from_abstract_repr(document["serialised_results"])
    assert found.to_pulser() == theirs
    assert np.shape(found.to_pulser().get_result("correlation_matrix", 0.5)) == (2, 2)
    assert (found.counts, found.shots, found.atoms) == ({}, 0, ATOMS)
    assert found.raw == document["serialised_results"]
    assert found.expectation_values == {}


def test_an_observable_with_a_suffix_arrives(read):
    """Under its tag; bitstrings with a suffix are counted where there are no others."""
    found = read(serialised(Energy(tag_suffix="mine"), BitStrings(num_shots=20, tag_suffix="x")))
    assert set(found.expectation_values) == {"energy_mine"}
    assert found.shots == sum(found.counts.values()) == 20
    found = read(serialised(Occupation(tag_suffix="mine")))
    assert found.to_pulser().get_result_tags() == ["occupation_mine"]


def test_bitstrings_that_cannot_be_told_apart_are_not_counted(read):
    """Two suffixes: which of them is meant is the caller's to say."""
    many = [BitStrings(num_shots=n, tag_suffix=str(n)) for n in (10, 20)]
    found = read(serialised(*many))
    assert (found.counts, found.shots) == ({}, 0)
    assert sum(found.to_pulser().get_result("bitstrings_20", 1.0).values()) == 20


def test_counts_are_of_the_final_state(read):
    """Earlier ones stay in Pulser's own results."""
    document = serialised(
        BitStrings(evaluation_times=[0.25, 0.5], num_shots=30), Energy(evaluation_times=[0.5])
    )
    found = read(document)
    assert (found.counts, found.shots, found.expectation_values) == ({}, 0, {})
    assert sum(found.to_pulser().get_result("bitstrings", 0.5).values()) == 30
    final = read(serialised(BitStrings(evaluation_times=[0.25, 1.0], num_shots=30)))
    assert final.counts == final.to_pulser().final_bitstrings


def test_complex_values_stay_complex(read):
    """The imaginary part is kept, here and in the journal; a real value is a real number."""
    document = serialised(Expected(lowering()), Energy())
    found = read(document)
    theirs = Results.from_abstract_repr(document["serialised_results"])
    value = found.expectation_values["expectation"].value
    assert value == theirs.get_result("expectation", 1.0)
    assert abs(value.imag) > 0.1
    assert isinstance(found.expectation_values["energy"].value, float)
    assert unpack_result(pack_result(found, str)) == found


def test_the_simulator_keeps_them_too():
    """Counts of the end, complex values, vectors; what was observed earlier is in its own results."""
    config = QutipConfig(
        observables=[
            BitStrings(evaluation_times=[0.25, 0.5], num_shots=10),
            Expected(lowering()),
            Energy(evaluation_times=[0.5]),
            Occupation(),
        ]
    )
    options = SimulationOptions(emulation=config.to_abstract_repr())
    job = JobSpec("key", as_program(sequence()), 500, options=options)
    found = simulate(job, "pulser")
    reference = emulated(Expected(lowering())).get_result("expectation", 1.0)
    assert set(found.expectation_values) == {"expectation"}
    assert found.expectation_values["expectation"].value == pytest.approx(reference, abs=1e-6)
    assert found.shots == sum(found.counts.values()) == 500
    whole = found.to_pulser()
    assert whole.get_result_times("bitstrings") == [0.25, 0.5]
    assert np.shape(whole.get_result("occupation", 1.0)) == (2,)


GOOD = {
    "atom_order": ["a", "b"],
    "total_duration": 400,
    "tagmap": {"bitstrings": "1"},
    "results": {"1": [{"01": 3}]},
    "times": {"1": [1.0]},
}
DAMAGED = {
    "no atoms": ({"atom_order": "ab"}, "'ab'"),
    "no tags": ({"tagmap": ["bitstrings"]}, "['bitstrings']"),
    "no values": ({"results": {}}, "values of bitstrings"),
    "no list": ({"results": {"1": {"01": 3}}}, "{'01': 3}"),
    "no times": ({"times": {"2": [1.0]}}, "times of bitstrings"),
    "lengths": ({"times": {"1": [0.5, 1.0]}}, "1 values at 2 times"),
    "no counts": ({"results": {"1": [[0, 1]]}}, "[0, 1]"),
    "negative": ({"results": {"1": [{"01": -3}]}}, "-3 times"),
    "textual": ({"results": {"1": [{"01": "3"}]}}, "'3' times"),
    "width": ({"results": {"1": [{"011": 3}]}}, "'011' does not fit the 2 atoms"),
    "letter": ({"results": {"1": [{"0r": 3}]}}, "'0r' does not fit"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_quoted(read, name):
    """Nothing is skipped or taken for zero."""
    change, said = DAMAGED[name]
    with pytest.raises(ResultError) as caught:
        read({"serialised_results": json.dumps({**GOOD, **change})})
    assert said in str(caught.value)
    assert caught.value.job_id == "job-1"


@pytest.mark.parametrize(
    "document", [{}, {"counter": None}, {"counter": None, "serialised_results": None}]
)
def test_nothing_is_no_result(read, document):
    """Neither counts nor observables: an error, and no empty result."""
    with pytest.raises(ResultError, match="no counts and no observables"):
        read(document)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"counter": [1]}, r"\[1\]"),
        ({"counter": {"01": 2.5}}, "2.5 times"),
        ({"counter": {"01": True}}, "True times"),
        ({"01": 3, "message": "late"}, "'late' times"),
        ({"counter": {"01": 1}, "serialised_results": {"a": 1}}, r"\{'a': 1\}"),
        (["01"], r"\['01'\]"),
    ],
)
def test_azures_other_shapes_are_quoted(document, said):
    """A counter that is none, a document where text belongs."""
    with pytest.raises(ResultError, match=said):
        of_azure(document)


def test_pasqals_shots_and_counts_must_agree():
    """Both say what was measured."""
    with pytest.raises(ResultError, match=r"counts \{'01': 2\} and lists \{'01': 1\}"):
        of_pasqal({"counter": {"01": 2}, "raw": ["01"]})
