"""Every provider on the sandbox: Targets, jobs, primitives, and how few requests they take."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Clbit
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2, StatevectorEstimator
from qiskit.providers import JobStatus as QiskitStatus
from qiskit.quantum_info import SparsePauliOp

from quantum_async import blocking
from quantum_async.errors import JobFailedError, UnknownTargetError, UnsupportedProgramError
from quantum_async.integrations.qiskit import (
    EstimatorV2,
    OutsideTargetError,
    QuantumAsyncProvider,
    SamplerV2,
)
from quantum_async.providers.azure.options import AzureOptions, CircuitForm
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.iqm.options import HeraldingMode, IQMOptions
from tests.integrations.qiskit.circuits import asymmetric, counter, index_points, measured, turned

BACKENDS = [
    ("iqm", "garnet"),
    ("iqm", "sirius"),
    ("azure", "ionq.simulator"),
    ("azure", "quantinuum.sim.h2-1e"),
    ("azure", "rigetti.sim.qvm"),
    ("qoro", "qoro_maestro"),
    ("qoro", "lab_qpu"),
]


@pytest.fixture(params=BACKENDS, ids="-".join)
def backend(request, connect):
    """A backend of each provider."""
    service, name = request.param
    return connect(service).backend(name)


@pytest.fixture
def garnet(connect):
    """IQM's quantum computer on a square lattice."""
    return connect("iqm").backend("garnet")


@pytest.fixture
def created(cloud):
    """Count the jobs that a service has got."""
    return lambda service: cloud.stats()[service]["jobs_created"]


def test_bits_are_where_they_belong(backend):
    """X on qubit 0 in two registers, transpiled for the backend, is one key everywhere."""
    circuits = transpile([asymmetric(), asymmetric()], backend, seed_transpiler=1)
    job = backend.run(circuits, shots=20)
    assert job.result(timeout=30).get_counts() == [{"0 01": 20}] * 2
    assert job.status() is QiskitStatus.DONE
    (sampled,) = SamplerV2(backend).run([circuits[0]], shots=10).result()
    assert sampled.data.low.get_counts() == {"01": 10}
    assert sampled.data.high.get_counts() == {"0": 10}


@pytest.mark.parametrize("form", CircuitForm)
def test_a_sampler_takes_registers_of_any_name(connect, form):
    """Whichever format the circuit is sent in, and with a bit beside its registers."""
    names = ["é", "measure", "my reg", "x", "pi"]
    circuit = QuantumCircuit(QuantumRegister(2, "if"), *(ClassicalRegister(2, n) for n in names))
    circuit.add_bits([Clbit()])
    circuit.x(0)
    circuit.measure([0, 1, 0, 1, 0, 0], [0, 1, 3, 5, 8, 10])
    options = {"provider_options": AzureOptions(form=form)}
    sampler = SamplerV2(connect("azure").backend("quantinuum.sim.h2-1e"), **options)
    (sampled,) = sampler.run([circuit], shots=4).result()
    assert {name: sampled.data[name].get_counts() for name in names} == {
        "é": {"01": 4},
        "measure": {"10": 4},
        "my reg": {"00": 4},
        "x": {"00": 4},
        "pi": {"01": 4},
    }


def test_jobs_are_found_by_another_process(backend, connect):
    """A job's id is enough: another provider finds circuits, registers and counts."""
    circuits = transpile([asymmetric(), asymmetric()], backend, seed_transpiler=1)
    job = backend.run(circuits, shots=20)
    job.wait_for_final_state(timeout=30)
    other = connect(backend.device.provider)
    found = other.retrieve_job(job.job_id())
    assert found.result(timeout=30).get_counts() == [{"0 01": 20}] * 2
    assert found.status() is QiskitStatus.DONE
    if backend.device.provider != "qoro":
        assert found.backend().name == backend.name


def test_estimates_agree_with_the_reference(backend):
    """Computed or measured, expectation values are those of Qiskit's reference."""
    estimator = EstimatorV2(backend, optimization_level=1, seed_simulator=5)
    pub = (turned(), [["ZZ"], ["XX"], [{"IZ": 0.5, "II": 2.0, "YX": 1.0}]], [[0.4], [1.3]])
    ours = estimator.run([pub], precision=0.05).result(timeout=30)[0].data
    theirs = StatevectorEstimator().run([pub]).result()[0].data
    assert ours.evs.shape == ours.stds.shape == (3, 2)
    if backend.machine.has_observables:
        np.testing.assert_allclose(ours.evs, theirs.evs, atol=1e-6)
        assert np.isnan(ours.stds).all()  # the service tells no error, and none is made up
    else:
        assert (np.abs(ours.evs - theirs.evs) < 6 * ours.stds + 1e-9).all()


def test_qiskits_own_primitives_run_on_it(backend):
    """`BackendSamplerV2` and `BackendEstimatorV2` take the backend as any other."""
    circuit = transpile(measured().assign_parameters([math.pi]), backend, seed_transpiler=1)
    result = BackendSamplerV2(backend=backend).run([circuit], shots=30).result()
    assert set(result[0].data.meas.get_counts()) <= {"01", "11", "10", "00"}
    bare = transpile(turned().assign_parameters([math.pi]), backend, seed_transpiler=1)
    observable = SparsePauliOp("IZ")
    if bare.layout is not None:
        observable = observable.apply_layout(bare.layout)
    estimator = BackendEstimatorV2(backend=backend)
    (estimated,) = estimator.run([(bare, observable)], precision=0.2).result()
    assert estimated.data.evs == pytest.approx(-1.0)


def test_targets_hold_what_the_provider_tells(connect):
    """Sizes and gates are the provider's; nothing is made up where it tells nothing."""
    azure = {backend.name: backend for backend in connect("azure").backends()}
    assert azure["ionq.simulator"].num_qubits == 29
    assert azure["quantinuum.sim.h2-1e"].num_qubits == 56
    assert not any(name.startswith("pasqal") for name in azure)
    target = azure["ionq.simulator"].target
    assert target.build_coupling_map() is None
    assert set(target.operation_names) > {"cx", "rz", "ccx", "measure"}
    assert "reset" not in target.operation_names
    qoro = {backend.name: backend for backend in connect("qoro").backends()}
    assert qoro["qoro_maestro"].num_qubits is None
    assert qoro["lab_qpu"].num_qubits == 20
    assert qoro["qoro_maestro"].machine.has_observables
    assert not qoro["lab_qpu"].machine.has_observables
    for backend in (*azure.values(), *qoro.values()):
        found = [p for places in backend.target.values() for p in places.values()]
        assert found
        assert all(properties is None for properties in found)


def test_iqms_target_has_its_figures(garnet, cloud):
    """Couplings, errors, T1 and T2 are those of the calibration, in five requests in all."""
    assert cloud.stats()["iqm"]["requests"] == {
        "GET /api/v1/quantum-computers": 1,
        "GET /api/v1/calibration-sets/{id}/{id}/dynamic-quantum-architecture": 1,
        "GET /api/v1/quantum-computers/{id}/limits": 1,
        "GET /api/v1/calibration-sets/{id}/{id}/metrics": 1,
        "GET /api/v1/calibration-sets/{id}/{id}": 1,
    }
    target = garnet.target
    assert (garnet.num_qubits, garnet.max_circuits) == (20, 500)
    assert garnet.calibration_set_id
    assert garnet.options.shots <= garnet.device.max_shots
    assert len(target.build_coupling_map().get_edges()) == 62
    assert 0 < target["cz"][0, 1].error == target["cz"][1, 0].error < 0.02
    assert 0 < target["r"][(3,)].error < 0.01
    assert target["r"][(3,)].duration == 2e-8
    assert target["cz"][0, 1].duration is None
    assert 0 < target["measure"][(0,)].error < 0.05
    assert 1e-5 < garnet.qubit_properties(0).t1 < 1e-4
    assert garnet.qubit_properties(0).frequency is None
    assert garnet.physical_target is None
    before = cloud.stats()["iqm"]["requests"]
    assert garnet.coupling_map.size() == 20
    assert garnet.instruction_durations is not None
    assert cloud.stats()["iqm"]["requests"] == before


def test_a_star_is_told_truthfully(connect):
    """CZ over a resonator is offered as if direct, and the real target has resonator and MOVE."""
    sirius = connect("iqm").backend("sirius")
    assert sirius.num_qubits == 24
    assert "move" not in sirius.target.operation_names
    assert len(sirius.target["cz"]) == 24 * 23
    # The sandbox tells no fidelity of MOVE, so that none of the whole can be known.
    assert all(properties is None for properties in sirius.target["cz"].values())
    physical = sirius.physical_target
    assert physical.num_qubits == 25
    assert set(physical["move"]) == {(qubit, 24) for qubit in range(24)}
    assert set(physical["cz"]) == {(q, 24) for q in range(24)} | {(24, q) for q in range(24)}
    assert physical["cz"][0, 24].error > 0


def test_circuits_with_moves_of_their_own(connect):
    """A circuit written for the real target of a star runs as it is."""
    from qiskit.circuit import Gate

    sirius = connect("iqm").backend("sirius")
    circuit = QuantumCircuit(25, 2)
    circuit.r(math.pi, 0, 3)
    for qubit in (3, 5):
        circuit.r(math.pi / 2, math.pi / 2, qubit) if qubit == 5 else None
    circuit.append(Gate("move", 2, []), [3, 24])
    circuit.cz(5, 24)
    circuit.append(Gate("move", 2, []), [3, 24])
    circuit.r(-math.pi / 2, math.pi / 2, 5)
    circuit.measure([3, 5], [0, 1])
    assert sirius.run(circuit, shots=10).result(timeout=30).get_counts() == {"11": 10}


def test_outside_the_target_nothing_is_sent(garnet, cloud, created):
    """Neither a foreign gate nor a pair that is not coupled reaches the server."""
    before = cloud.stats()["iqm"]["requests"]
    far = QuantumCircuit(20, 1)
    far.cz(0, 19)
    far.measure(0, 0)
    for circuit, what in ((asymmetric(), "x on qubits 0"), (far, "cz on qubits 0, 19")):
        with pytest.raises(OutsideTargetError, match=what):
            garnet.run(circuit)
        with pytest.raises(OutsideTargetError, match=what):
            SamplerV2(garnet).run([circuit])
    assert cloud.stats()["iqm"]["requests"] == before
    assert created("iqm") == 0


@pytest.mark.parametrize(
    ("service", "name", "jobs"),
    [("iqm", "garnet", 1), ("qoro", "qoro_maestro", 1), ("qoro", "lab_qpu", 1)],
)
def test_a_sweep_is_as_few_jobs_as_can_be(connect, created, service, name, jobs):
    """A hundred points of one PUB are one job, and each has its own outcome."""
    backend = connect(service).backend(name)
    sampler = SamplerV2(backend, optimization_level=1)
    circuit = counter(7)
    job = sampler.run([(circuit, np.reshape(index_points(7, 100), (4, 25, 7)))], shots=2)
    bits = job.result(timeout=30)[0].data.meas
    assert bits.shape == (4, 25)
    counts = [bits.get_counts(index) for index in np.ndindex(4, 25)]
    assert counts == [{f"{index:07b}": 2} for index in range(100)]
    assert created(service) == jobs
    assert len(job.refs()) == jobs


@pytest.mark.parametrize(("service", "name"), [("iqm", "garnet"), ("qoro", "lab_qpu")])
def test_pubs_of_equal_shots_share_a_job(connect, created, service, name):
    """Several PUBs, and the bases of several observables, become one job."""
    backend = connect(service).backend(name)
    sampler = SamplerV2(backend, optimization_level=1)
    pubs = [(measured(), [[0.1], [0.2]]), asymmetric(), (counter(2), index_points(2, 4))]
    results = sampler.run(pubs, shots=20).result(timeout=30)
    assert results[1].data.low.get_counts() == {"01": 20}
    assert results[2].data.meas.get_counts(2) == {"10": 20}
    assert created(service) == 1
    estimator = EstimatorV2(backend, optimization_level=1)
    estimator.run([(turned(), [["ZZ"], ["XX"], ["YY"]], [0.1, 0.2])], precision=0.2).result()
    assert created(service) == 2


def test_jobs_beyond_a_limit_are_split(connect, cloud, created):
    """More circuits than one of the provider's jobs takes are several of them, and one of ours."""
    cloud.change(options={"iqm": {"max_circuits_per_job": 30}})
    try:
        backend = connect("iqm").backend("garnet")
        assert backend.max_circuits == 30
        circuits = []
        for index in range(70):
            circuit = QuantumCircuit(7, 7)
            for bit in range(7):
                circuit.r(math.pi * (index >> bit & 1), 0, bit)
            circuit.measure(range(7), range(7))
            circuits.append(circuit)
        job = backend.run(circuits, shots=2)
        assert created("iqm") == 3
        assert job.job_id().count(",") == 2
        wanted = [{f"{index:07b}": 2} for index in range(70)]
        assert job.result(timeout=30).get_counts() == wanted
        assert connect("iqm").retrieve_job(job.job_id()).result(30).get_counts() == wanted
    finally:
        cloud.change(options={"iqm": {"max_circuits_per_job": 500}})


def test_heralding_keeps_fewer_shots(garnet):
    """An array of points with different shots has the fewest of them, and says so."""
    options = IQMOptions(heralding_mode=HeraldingMode.ZEROS)
    sampler = SamplerV2(garnet, optimization_level=1, provider_options=options)
    (result,) = sampler.run([(counter(2), index_points(2, 4))], shots=200).result(timeout=30)
    kept = result.metadata["shots_by_point"]
    assert result.metadata["shots"] == result.data.meas.num_shots == min(kept) < 200
    assert result.data.meas.get_counts(3) == {"11": min(kept)}


def test_failed_circuits_hide_no_others(connect, cloud):
    """One failed circuit raises, and the others are had by asking for a part."""
    fault = {"provider": "azure", "method": "PUT", "route": "*/jobs/{id}", "nth": 2}
    cloud.set_faults([{**fault, "fault": "job-failure"}])
    backend = connect("azure").backend("ionq.simulator")
    job = backend.run([asymmetric()] * 3, shots=5)
    with pytest.raises(JobFailedError) as caught:
        job.result(timeout=30)
    assert any("1 of 3 circuits have no result" in note for note in caught.value.__notes__)
    assert job.status() is QiskitStatus.ERROR
    part = job.result(partial=True)
    assert not part.success
    assert [one.success for one in part.results].count(True) == 2
    good = next(place for place, one in enumerate(part.results) if one.success)
    assert part.get_counts(good) == {"0 01": 5}


def test_failed_pubs_hide_no_others(connect, cloud):
    """A PUB whose circuit failed raises; iterating over the job gives those that did not."""
    fault = {"provider": "azure", "method": "PUT", "route": "*/jobs/{id}", "nth": 1}
    cloud.set_faults([{**fault, "fault": "job-failure"}])
    job = SamplerV2(connect("azure").backend("ionq.simulator")).run([asymmetric()] * 3, shots=5)
    outcomes = list(job)
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    assert len(outcomes) == 3
    assert len(failed) == 1
    with pytest.raises(JobFailedError):
        failed[0].outcome()
    with pytest.raises(JobFailedError):
        job.result(timeout=30)
    assert job.status() is QiskitStatus.ERROR


def test_devices_that_are_not_there(connect):
    """An unknown device, and one that runs no circuits, are refused with those that do."""
    for service in ("azure", "iqm", "qoro"):
        with pytest.raises(UnknownTargetError):
            connect(service).backend("nowhere")
    with pytest.raises(UnknownTargetError, match="runs circuits"):
        connect("azure").backend("pasqal.sim.emu-free")


def test_azure_runs_what_comes_without_a_return(connect):
    """What a target cannot do although its gates fit is refused by the client, unsent."""
    backend = connect("azure").backend("ionq.simulator")
    circuit = QuantumCircuit(1, 2)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    with pytest.raises(UnsupportedProgramError, match="after a measurement"):
        backend.run(circuit)


def test_iqms_older_interface(cloud, created):
    """An older installation has a backend as well, with what figures it tells."""
    url = f"{cloud.url('iqm')}/cocos"
    client = blocking.IQMClient(url, token="any", generation=Generation.LEGACY)
    with QuantumAsyncProvider(client) as provider:
        backend = provider.backend()
        assert backend.num_qubits == 20
        assert 0 < backend.target["cz"][0, 1].error < 0.02
        assert backend.target["r"][(0,)].duration == 2e-8
        sampler = SamplerV2(backend, optimization_level=1)
        (result,) = sampler.run([(counter(3), index_points(3, 8))], shots=5).result(timeout=30)
        assert [result.data.meas.get_counts(i) for i in range(8)] == [
            {f"{index:03b}": 5} for index in range(8)
        ]
        job = backend.run(transpile(asymmetric(), backend), shots=5)
        job.wait_for_final_state(timeout=30)
        assert provider.retrieve_job(job.job_id()).result().get_counts() == {"0 01": 5}
    assert created("iqm") == 2
