"""Divi's own programs on our client: the same optimum as on the vendor's, and as locally."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import pytest
from divi.backends import CircuitRunner, JobConfig, JobStatus, MaestroSimulator
from divi.backends._base import AsyncJobBackend
from divi.backends._results_processing import _decode_histogram_b64
from divi.exceptions import ExecutionCancelledError
from divi.qprog import QAOA, VQE, GenericLayerAnsatz
from divi.qprog.optimizers import ScipyMethod, ScipyOptimizer
from divi.qprog.problems import HamiltonianProblem, MaxCutProblem
from qiskit.circuit.library import CXGate, RYGate
from qiskit.quantum_info import SparsePauliOp

from quantum_async import QoroClient
from quantum_async.integrations.divi.runner import QoroRunner
from quantum_async.providers.qoro.translate.results import decode_histogram
from quantum_async.providers.qoro.wire import Histogram
from quantum_async.sandbox.qoro.store import histogram
from tests.conformance.qoro.conftest import BELL, FLIPPED, TURNED, service_at

pytestmark = pytest.mark.filterwarnings("ignore")

SHOTS = 2000
NOISE = 4 / SHOTS**0.5
"""Four standard errors of a mean of values between -1 and 1."""


ELSEWHERE = {
    "auth_token",
    "fetch_qpu_systems",
    "fetch_simulator_clusters",
    "fetch_vendor_blueprints",
    "test_connection",
}
"""What the vendor's class has and ours does not: `client.systems` and the client itself do it."""


def runner_at(env: dict[str, str], **options) -> QoroRunner:
    """Our client as Divi's runner."""
    client = QoroClient(api_key=env["QORO_API_KEY"], url=env["QUANTUM_ASYNC_QORO_URL"])
    return QoroRunner(client, **{"shots": SHOTS, "polling_interval": 0.05, **options})


GROUND = -(2**0.5)
"""The exact energy of the chain, which the ansatz can reach."""


def vqe(backend: CircuitRunner, *, method: ScipyMethod = ScipyMethod.L_BFGS_B) -> float:
    """The ground state's energy of a small chain; by gradients, many circuits to a job."""
    chain = SparsePauliOp(["ZZ", "XI", "IX"], [-1.0, -0.5, -0.5])
    program = VQE(
        HamiltonianProblem(chain),
        n_layers=2,
        ansatz=GenericLayerAnsatz([RYGate], entangler=CXGate, entangling_layout="linear"),
        optimizer=ScipyOptimizer(method),
        max_iterations=8,
        backend=backend,
        seed=7,
    )
    program.run()
    return program.best_loss


def qaoa(backend: CircuitRunner) -> tuple[float, list[int]]:
    """The largest cut of a ring of four."""
    program = QAOA(
        MaxCutProblem(nx.cycle_graph(4)),
        n_layers=1,
        optimizer=ScipyOptimizer(ScipyMethod.COBYLA),
        max_iterations=6,
        backend=backend,
        seed=7,
    )
    program.run()
    return program.best_loss, sorted(program.solution)


@pytest.fixture
def ours(real_env):
    """Our runner on the sandbox that simulates."""
    with runner_at(real_env) as runner:
        yield runner


@pytest.fixture
def everywhere(real_env, ours) -> dict[str, CircuitRunner]:
    """Divi's own simulator, the vendor's service class and our runner."""
    config = JobConfig(shots=SHOTS, simulator_cluster="qoro_maestro")
    vendors = service_at(real_env, job_config=config)
    return {"local": MaestroSimulator(shots=SHOTS), "vendor": vendors, "ours": ours}


def test_programs_of_divi_end_alike_everywhere(everywhere):
    """A VQE and a QAOA on Divi's simulator, through the vendor's class and through our runner.

    The energy is the exact one, and the cut is a largest one; where they are measured and not
    computed, they agree within shot noise.
    """
    energies = {name: vqe(backend) for name, backend in everywhere.items()}
    cuts = {name: qaoa(backend) for name, backend in everywhere.items()}
    assert energies == pytest.approx(dict.fromkeys(everywhere, GROUND), abs=0.001)
    assert {tuple(cut) for _, cut in cuts.values()} <= {(0, 2), (1, 3)}
    losses = [loss for loss, _ in cuts.values()]
    assert max(losses) - min(losses) < 12 * NOISE


def test_a_vqe_from_counts_agrees_within_shot_noise(real_env):
    """Where the target computes no expectation values, Divi estimates them from our counts."""
    method = ScipyMethod.COBYLA
    local = vqe(MaestroSimulator(shots=SHOTS), method=method)
    with runner_at(real_env, supports_expval=False) as sampling:
        assert vqe(sampling, method=method) == pytest.approx(local, abs=3 * NOISE)


class Mortal(QoroRunner):
    """Counts what is submitted, and ends the program once it has handed over some results."""

    submitted = 0
    lives = -1

    def submit_circuits(self, *args, **options):
        """Submit."""
        self.submitted += 1
        return super().submit_circuits(*args, **options)

    def get_job_results(self, job):
        """Fetch."""
        found = super().get_job_results(job)
        self.lives -= 1
        if not self.lives:
            raise KeyboardInterrupt
        return found


def test_a_vqe_that_is_stopped_and_run_again_pays_for_nothing_twice(
    real_env, simulating_sandbox, tmp_path
):
    """It goes on where it was, and once it is over all of it is read from the journal."""
    before = simulating_sandbox.stats("qoro")["jobs_created"]

    def created():
        return simulating_sandbox.stats("qoro")["jobs_created"] - before

    def run(lives=-1):
        client = QoroClient(
            api_key=real_env["QORO_API_KEY"], url=real_env["QUANTUM_ASYNC_QORO_URL"]
        )
        with Mortal(
            client, journal=tmp_path / "jobs.db", name="chain", polling_interval=0.05
        ) as runner:
            runner.lives = lives
            return vqe(runner, method=ScipyMethod.COBYLA), runner.submitted

    with pytest.raises(KeyboardInterrupt):
        run(lives=3)
    assert created() == 3
    found = run()
    assert created() == found[1] > 3
    assert run() == found
    assert created() == found[1]


def test_a_vqe_on_a_quantum_computer_is_measured_by_counts(real_env):
    """The target computes no expectation values, which the vendor's class and ours read there."""
    vendors = service_at(real_env, job_config=JobConfig(shots=SHOTS, qpu_system="lab_qpu"))
    method = ScipyMethod.COBYLA
    with runner_at(real_env, target="lab_qpu") as runner:
        assert runner.supports_expval is vendors.supports_expval is False
        found = vqe(runner, method=method)
    assert found == pytest.approx(vqe(vendors, method=method), abs=3 * NOISE)


def test_our_runner_is_what_divi_asks_for(ours, real_service):
    """It is a runner of jobs, and answers as the vendor's service class does."""
    assert isinstance(ours, CircuitRunner)
    assert isinstance(ours, AsyncJobBackend)
    for name in ("is_async", "resolves_parameters", "supports_expval"):
        assert getattr(ours, name) == getattr(real_service, name)
    with pytest.raises(TypeError):
        ours.submit_circuits([BELL], no_such_option=1)
    with pytest.raises(TypeError):
        ours.submit_circuits(BELL)
    for name in dir(real_service):
        assert name.startswith("_") or hasattr(ours, name) or name in ELSEWHERE, name
    with pytest.raises(ValueError, match="shot_groups"):
        ours.submit_circuits([BELL], ham_ops="ZZ", shot_groups=[[0, 1, 5]])


def test_both_clients_get_the_same_results(ours, real_service):
    """One job of each kind, the same through either client: labels, order, counts, values."""
    circuits = {"b/1": FLIPPED, "a@2": FLIPPED}
    for options in ({}, {"ham_ops": "ZII;IIZ"}, {"shot_groups": [[0, 1, 5], [1, 2, 2000]]}):
        found = []
        for backend in (ours, real_service):
            submitted = backend.submit_circuits(circuits, **options)
            status = backend.poll_job_status(submitted, loop_until_complete=True, verbose=False)
            assert status is JobStatus.COMPLETED
            done = backend.get_job_results(submitted)
            assert done.run_time > 0
            found.append([(row["label"], row["results"]) for row in done.results])
        if not options:  # the vendor's was set to 200 shots
            assert found[0] == [(label, {"001": SHOTS}) for label in circuits]
        else:
            assert found[0] == found[1]


def test_templates_of_divi_before_it_bound_payloads(ours):
    """The older interface: templates with their own method, results by label."""

    class Entry:
        template_qasm = TURNED
        parameter_names = ("theta",)
        parameter_sets = (("zero", (0.0,)), ("one", (3.141592653589793,)))

    submitted = ours.submit_circuit_templates([Entry()])
    ours.poll_job_status(submitted, loop_until_complete=True)
    rows = ours.get_job_results(submitted).results
    assert [(r["label"], r["results"]) for r in rows] == [
        ("zero", {"0": SHOTS}),
        ("one", {"1": SHOTS}),
    ]


def test_a_cancellation_event_ends_the_waiting_at_once(env, sandbox):
    """The event ends a wait that would last for an hour."""
    sandbox.change(job_time=3600)
    try:
        with runner_at(env, polling_interval=3600.0) as runner:
            submitted = runner.submit_circuits([BELL])
            event = threading.Event()
            threading.Timer(0.3, event.set).start()
            with pytest.raises(ExecutionCancelledError):
                runner.poll_job_status(
                    submitted, loop_until_complete=True, cancellation_event=event
                )
            runner.cancel_job(submitted)
            runner.cancel_job(submitted)  # one that has ended stays as it is
        assert sandbox.stats("qoro")["jobs_by_status"] == {"cancelled": 1}
    finally:
        sandbox.change(job_time=0.02)


def test_a_cancellation_event_ends_a_submission_and_leaves_nothing(env, sandbox):
    """The vendor's client ignores the event here; ours cancels what it had opened."""
    fault = {"provider": "qoro", "route": "*/add_circuits/", "fault": "delay:20000"}
    sandbox.set_faults(fault)
    event = threading.Event()
    threading.Timer(0.5, event.set).start()
    with runner_at(env) as runner, pytest.raises(ExecutionCancelledError):
        runner.submit_circuits([BELL], cancellation_event=event)
    stats = sandbox.stats("qoro")
    assert stats["jobs_created"] == 0
    assert stats["batches_open"] == 0


def test_many_threads_share_one_runner(ours):
    """Each thread gets the results of its own job."""

    def work(number: int) -> dict[str, int]:
        submitted = ours.submit_circuits({str(number): FLIPPED}, shot_groups=[[0, 1, number]])
        ours.poll_job_status(submitted, loop_until_complete=True)
        [row] = ours.get_job_results(submitted).results
        assert row["label"] == str(number)
        return row["results"]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(1, 25))) == [{"001": n} for n in range(1, 25)]


@pytest.mark.parametrize("width", [1, 2, 63, 64, 65, 127, 255, 256, 300, 1000])
def test_both_decoders_read_the_same_histograms(width):
    """What the sandbox packs, the vendor's unpacks as we do."""
    chance = random.Random(width)
    for _ in range(5):
        keys = {format(chance.getrandbits(width), f"0{width}b") for _ in range(40)}
        counts = {key: chance.choice([1, 1, 2, 300, 70_000]) for key in keys}
        wire = histogram(counts, width)
        assert _decode_histogram_b64(wire) == counts
        assert decode_histogram(**_fields(wire)) == counts


def _fields(wire: dict) -> dict:
    found = Histogram(**wire)
    return {"encoding": found.encoding, "payload": found.payload, "width": found.n_bits}
