"""Programs of Divi before 0.14 on our runner: the same optimum as on the vendor's, and locally."""

from __future__ import annotations

import networkx as nx
import pytest
import requests
from divi.backends import (
    AsyncJobBackend,
    CircuitRunner,
    ExecutionConfig,
    JobConfig,
    JobStatus,
    MaestroSimulator,
    SupportsCircuitTemplates,
)
from divi.circuits import TemplateEntry
from divi.qprog import QAOA, VQE, GenericLayerAnsatz, ScipyMethod, ScipyOptimizer
from divi.qprog.problems import MaxCutProblem
from qiskit.circuit.library import CXGate, RYGate
from qiskit.quantum_info import SparsePauliOp

from quantum_async import QoroClient
from quantum_async.integrations.divi.runner import QoroRunner
from tests.conformance.qoro_legacy.conftest import FLIPPED, TURNED, service_at

pytestmark = pytest.mark.filterwarnings("ignore")

SHOTS = 2000
NOISE = 4 / SHOTS**0.5
"""Four standard errors of a mean of values between -1 and 1."""
CONFIG = ExecutionConfig(bond_dimension=8)
PI = 3.141592653589793


@pytest.fixture
def ours(real_env):
    """Our runner on the sandbox that simulates."""
    client = QoroClient(api_key=real_env["QORO_API_KEY"], url=real_env["QUANTUM_ASYNC_QORO_URL"])
    with QoroRunner(client, shots=SHOTS, polling_interval=0.05) as runner:
        yield runner


@pytest.fixture
def everywhere(real_env, ours) -> list[CircuitRunner]:
    """Divi's own simulator, the vendor's service class and our runner."""
    config = JobConfig(shots=SHOTS, simulator_cluster="qoro_maestro")
    return [MaestroSimulator(shots=SHOTS), service_at(real_env, job_config=config), ours]


def test_a_vqe_and_a_qaoa_end_alike_everywhere(everywhere):
    """The exact energy of a chain, and a largest cut of a ring of four, within shot noise."""
    chain = SparsePauliOp(["ZZ", "XI", "IX"], [-1.0, -0.5, -0.5])
    energies, losses = [], []
    for backend in everywhere:
        vqe = VQE(
            hamiltonian=chain,
            n_layers=2,
            ansatz=GenericLayerAnsatz([RYGate], entangler=CXGate, entangling_layout="linear"),
            optimizer=ScipyOptimizer(ScipyMethod.L_BFGS_B),
            max_iterations=8,
            backend=backend,
            seed=7,
        )
        vqe.run()
        energies.append(vqe.best_loss)
        qaoa = QAOA(
            MaxCutProblem(nx.cycle_graph(4)),
            n_layers=1,
            optimizer=ScipyOptimizer(ScipyMethod.COBYLA),
            max_iterations=6,
            backend=backend,
            seed=7,
        )
        qaoa.run()
        losses.append(qaoa.best_loss)
        assert sorted(qaoa.solution) in ([0, 2], [1, 3])
    assert energies == pytest.approx([-(2**0.5)] * 3, abs=0.001)
    assert max(losses) - min(losses) < 12 * NOISE


def test_our_runner_is_what_divi_asks_for(ours):
    """A runner of jobs that takes templates by a method of their own."""
    assert isinstance(ours, CircuitRunner)
    assert isinstance(ours, AsyncJobBackend)
    assert isinstance(ours, SupportsCircuitTemplates)


def test_both_clients_get_the_same_results(everywhere):
    """One job of each kind, the same through either client: labels, order, counts, values."""
    circuits = {"b/1": FLIPPED, "a@2": FLIPPED}
    entry = TemplateEntry(TURNED, ("theta",), (("zero", (0.0,)), ("one", (PI,))))
    jobs = [
        ("submit_circuits", circuits, {}),
        ("submit_circuits", circuits, {"ham_ops": "ZII;IIZ"}),
        ("submit_circuits", circuits, {"shot_groups": [[0, 1, 5], [1, 2, 2000]]}),
        ("submit_circuits", circuits, {"override_job_config": JobConfig(shots=7)}),
        (
            "submit_circuits",
            circuits,
            {"override_execution_config": ExecutionConfig(bond_dimension=8)},
        ),
        ("submit_circuit_templates", [entry], {}),
    ]
    for method, content, options in jobs:
        found = []
        for backend in everywhere[1:]:
            submitted = getattr(backend, method)(content, **options)
            status = backend.poll_job_status(submitted, loop_until_complete=True, verbose=False)
            assert status is JobStatus.COMPLETED
            rows = backend.get_job_results(submitted).results
            found.append([(row["label"], row["results"]) for row in rows])
        assert found[0] == found[1], (method, options)


def test_the_run_time_reaches_divi(ours):
    """Divi's own callbacks read it from what they are called with, which is a response as well."""
    heard = []
    submitted = ours.submit_circuits({"a": FLIPPED})
    ours.poll_job_status(submitted, True, heard.append, False)
    assert isinstance(heard[0], requests.Response)
    assert heard[0]["run_time"] == heard[0].json()["run_time"] > 0


def test_configurations_are_divis_own(ours, env):
    """What is set is read again, as an object of Divi's."""
    submitted = ours.submit_circuits({"a": FLIPPED}, override_execution_config=CONFIG)
    assert ours.get_execution_config(submitted) == CONFIG
