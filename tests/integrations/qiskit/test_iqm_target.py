"""IQM's figures and its MOVE gates, without a server."""

from __future__ import annotations

import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter

from quantum_async.integrations.qiskit.machines import Figures, decorate, numbered, routed
from quantum_async.providers.iqm.architecture import Architecture
from quantum_async.providers.iqm.wire import DynamicArchitecture, ObservationSet

STAR = Architecture(
    DynamicArchitecture.model_validate(
        {
            "qubits": ["QB1", "QB2", "QB3"],
            "computational_resonators": ["CR1"],
            "gates": {
                "prx": {
                    "implementations": {"fast": {"loci": [["QB1"], ["QB2"], ["QB3"]]}, "slow": {}},
                    "default_implementation": "slow",
                    "override_default_implementation": {"QB2": "fast"},
                },
                "cz": {
                    "implementations": {"i": {"loci": [["QB1", "CR1"], ["QB2", "CR1"]]}},
                    "default_implementation": "i",
                },
                "move": {
                    "implementations": {"i": {"loci": [["QB3", "CR1"]]}},
                    "default_implementation": "i",
                },
                "measure": {
                    "implementations": {"i": {"loci": [["QB1"], ["QB2"]]}},
                    "default_implementation": "i",
                },
            },
        }
    )
)
METRICS = {
    "metrics.rb.prx.slow.QB1.fidelity:par=d2": 0.99,
    "metrics.rb.prx.slow.QB2.fidelity:par=d2": 0.5,
    "metrics.rb.prx.fast.QB2.fidelity:par=d2": 0.98,
    "metrics.irb.cz.i.CR1__QB1.fidelity": 0.97,
    "metrics.irb.cz.i.QB2__CR1.fidelity": 0.96,
    "metrics.irb.move.i.QB3__CR1.fidelity": 0.9,
    "metrics.ssro.measure.i.QB1.fidelity": 0.95,
    "characterization.model.QB1.t1_time": 4e-5,
}
CALIBRATION = {
    "gates.cz.i.QB1__CR1.duration": 4e-8,
    "gates.move.i.QB3__CR1.duration": 1e-7,
    "controllers.QB1.drive.frequency": 4.5e9,
}


def observed(values, **changes):
    """Write values as the server's observations."""
    found = [{"dut_field": name, "value": value, **changes} for name, value in values.items()]
    return ObservationSet.model_validate({"observations": found})


@pytest.fixture
def figures():
    """What is told of the star."""
    return Figures(STAR, observed(METRICS), observed(CALIBRATION))


def test_figures_are_those_of_the_usual_implementation(figures):
    """Errors are one minus the fidelity of the implementation that runs there."""
    assert figures.error("prx", ("QB1",)) == pytest.approx(0.01)
    assert figures.error("prx", ("QB2",)) == pytest.approx(0.02)
    assert figures.error("prx", ("QB3",)) is None
    assert figures.error("cz", ("QB1", "CR1")) == pytest.approx(0.03)
    assert figures.duration("cz", ("CR1", "QB1")) == 4e-8
    assert figures.error("ccz", ("QB1",)) is None


def test_a_cz_over_a_resonator_is_the_sum_of_its_parts(figures):
    """Error and duration of MOVE, CZ, MOVE follow from theirs, and only where all are told."""
    told = figures.over_resonator(("QB3", "CR1", "QB1"))
    assert told.error == pytest.approx(1 - 0.9**2 * 0.97)
    assert told.duration == pytest.approx(2e-7 + 4e-8)
    partly = figures.over_resonator(("QB3", "CR1", "QB2"))
    assert partly.error == pytest.approx(1 - 0.9**2 * 0.96)
    assert partly.duration is None
    assert Figures(STAR, None, None).over_resonator(("QB3", "CR1", "QB1")) is None


def test_a_target_gets_the_figures(figures):
    """Figures stand where they belong, and nothing stands where nothing is told."""
    target = STAR.to_qiskit()
    decorate(target, STAR, figures)
    assert target["r"][(0,)].error == pytest.approx(0.01)
    assert target["r"][(2,)] is None
    assert target["measure"][(1,)] is None
    assert set(target["measure"]) == {(0,), (1,)}
    assert set(target["cz"]) == {(0, 2), (2, 0), (1, 2), (2, 1)}
    assert target["cz"][2, 0].error == target["cz"][0, 2].error == pytest.approx(1 - 0.7857)
    assert (target.qubit_properties[0].t1, target.qubit_properties[0].frequency) == (4e-5, 4.5e9)
    assert target.qubit_properties[1].t1 is None


def test_what_is_invalid_is_not_told():
    """Figures that the server calls invalid, and those that are no numbers, are left out."""
    assert Figures(STAR, observed(METRICS, invalid=True), None).error("prx", ("QB1",)) is None
    words = dict.fromkeys(METRICS, "good")
    assert Figures(STAR, observed(words), None).error("prx", ("QB1",)) is None
    bare = STAR.to_qiskit()
    decorate(bare, STAR, Figures(STAR, None, None))
    assert bare.qubit_properties is None
    assert all(found is None for places in bare.values() for found in (places or {}).values())


def test_routes_are_by_numbers():
    """The pairs that MOVE joins are named by the numbers of qubits, resonators behind them."""
    assert numbered(STAR) == {
        (2, 0): (2, 3, 0),
        (0, 2): (2, 3, 0),
        (2, 1): (2, 3, 1),
        (1, 2): (2, 3, 1),
    }


def test_moves_are_spelt_out():
    """A CZ over a resonator becomes MOVE, CZ, MOVE; everything else stays as it is."""
    circuit = QuantumCircuit(
        QuantumRegister(3, "q"), ClassicalRegister(1, "a"), ClassicalRegister(2, "b"), name="me"
    )
    circuit.metadata = {"my": "note"}
    circuit.r(Parameter("t"), 0, 1)
    circuit.cz(1, 2)
    circuit.barrier()
    circuit.measure([1, 2], [2, 0])
    wide = routed(circuit, numbered(STAR), 4)
    steps = [
        (step.operation.name, [wide.find_bit(q).index for q in step.qubits]) for step in wide.data
    ]
    assert steps == [
        ("r", [1]),
        ("move", [2, 3]),
        ("cz", [1, 3]),
        ("move", [2, 3]),
        ("barrier", [0, 1, 2]),
        ("measure", [1]),
        ("measure", [2]),
    ]
    assert [register.name for register in wide.cregs] == ["a", "b"]
    assert [wide.find_bit(wide.data[n].clbits[0]).index for n in (5, 6)] == [2, 0]
    assert (wide.name, wide.metadata, wide.num_qubits) == ("me", {"my": "note"}, 4)
    assert [parameter.name for parameter in wide.parameters] == ["t"]


def test_circuits_without_routes_stay_the_same():
    """A circuit in which no CZ goes over a resonator is not rewritten."""
    circuit = QuantumCircuit(2)
    circuit.r(math.pi, 0, 0)
    assert routed(circuit, numbered(STAR), 4) is circuit
