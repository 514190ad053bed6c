"""The vendor's service class and our client, side by side: requests and answers, field by field."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from random import Random

import anyio
import pytest
from divi.backends import DeviceConfig, JobConfig, JobStatus, MaestroConfig, QoroService
from divi.backends._base import ExecutionResult
from divi.backends.runners import _qoro
from divi.circuits import CircuitPayload
from qiskit.circuit import Parameter

from quantum_async import QoroClient
from quantum_async.errors import ConflictError, NotFoundError, PermissionDeniedError, ResultError
from quantum_async.integrations.divi.runner import QoroRunner
from quantum_async.providers.qoro.options import (
    JobConfig as OurJobConfig,
    MaestroConfig as OurMaestroConfig,
)
from quantum_async.providers.qoro.payloads import QoroCircuit
from tests.conformance.qoro.conftest import BELL, FLIPPED, TURNED
from tests.conformance.qoro_differential import JOB, wire

PAGE = (Path(__file__).parents[3] / "docs" / "qoro.md").read_text("utf-8")
CONFIG = JobConfig(shots=200, simulator_cluster="qoro_maestro", tag="same")
POINTS = (("zero", (0.0,)), ("one", (3.141592653589793,)), ("third", (-1e-05,)))


@pytest.fixture(scope="module")
def listening():
    """A service that notes what it is asked."""
    with wire() as found:
        yield found


@pytest.fixture
def vendor(listening, monkeypatch):
    """The vendor's service on it."""
    monkeypatch.setattr(_qoro, "API_URL", listening.url)
    service = QoroService(auth_token="key", job_config=CONFIG, polling_interval=0.01)
    listening.taken()
    return service


@pytest.fixture
def there(listening):
    """The same service, as our client finds it."""
    return {"QORO_API_KEY": "key", "QUANTUM_ASYNC_QORO_URL": listening.url}


@pytest.mark.parametrize(
    ("payloads", "options"),
    [
        ({"b/1": BELL, "a@2": FLIPPED}, {}),
        ({"a": BELL, "b": BELL}, {"shot_groups": [[0, 1, 5], [1, 2, 7]]}),
        ({"a": FLIPPED}, {"ham_ops": "ZII;IXY;III"}),
        (
            {"a": FLIPPED, "b": BELL},
            {"ham_ops": "ZII;IIZ|ZZ", "circuit_ham_map": [[0, 1], [1, 2]]},
        ),
        ([CircuitPayload(TURNED, (Parameter("theta"),), POINTS)], {}),
        ([CircuitPayload(TURNED, (Parameter("theta"),), POINTS)] * 1, {"ham_ops": "Z;X"}),
        ({"a": BELL}, {"maestro_config": MaestroConfig(max_bond_dimension=16)}),
        (
            {"a": BELL},
            {
                "device_config": DeviceConfig(transpile_level=1),
                "job_config": JobConfig(shots=7, qpu_system="lab_qpu", tag="q"),
            },
        ),
        (
            {"a": BELL},
            {
                "job_config": JobConfig(
                    simulator_cluster="gpu_cluster", use_circuit_packing=True, tag="p"
                )
            },
        ),
    ],
    ids="counts ranges values map template template-values maestro device packing".split(),
)
def test_the_same_job_is_the_same_on_the_wire(vendor, listening, payloads, options):
    """Every field of every body, programs unpacked: our runner sends what the vendor's class does."""
    vendor.submit_circuits(payloads, **options)
    theirs = submissions(listening)
    client = QoroClient(api_key="key", url=listening.url)
    with QoroRunner(client, shots=200, tag="same", target="qoro_maestro") as runner:
        runner.submit_circuits(payloads, **options)
    mine = submissions(listening)
    assert [path for _, path, _ in mine] == ["/job/init/", f"/job/{JOB}/add_circuits/"]
    assert mine == theirs


def submissions(listening):
    """What was posted; a configuration that says nothing is as much as none."""
    return [
        (method, path, {name: value for name, value in body.items() if value != {}})
        for method, path, body in listening.taken()
        if method == "POST"
    ]


def test_small_operations_are_the_same_requests(vendor, listening, there):
    """Method, path, query and body of everything that is one request, or three."""
    job = ExecutionResult(job_id=JOB)
    problem = {"reference_states": ["1"], "tag": "t", "options": {"preset": "fast"}}
    pairs = [
        (vendor.test_connection, lambda c: c.test_connection()),
        (vendor.fetch_vendor_blueprints, lambda c: c.systems.blueprints()),
        (vendor.get_credit_transactions, lambda c: c.credits.page()),
        (lambda: vendor.delete_job(job), lambda c: c.jobs.delete(JOB)),
        (lambda: vendor.cancel_job(job), lambda c: c.jobs.cancel(JOB)),
        (lambda: vendor.get_maestro_config(job), lambda c: c.jobs.config(JOB)),
        (lambda: vendor.get_device_config(job), lambda c: c.jobs.config(JOB)),
        (lambda: vendor.poll_job_status(job), lambda c: c.jobs.status(JOB)),
        (
            lambda: vendor.characterize_and_validate({"0": -1.0}, **problem),
            lambda c: c.characterisations.submit({"0": -1.0}, **problem),
        ),
    ]
    for vendors, operation in pairs:
        vendors()
        theirs = listening.taken()
        in_order(there, operation)
        assert listening.taken() == theirs


def test_results_take_one_request_less(vendor, listening, there):
    """The same page; the vendor's class then asks for the status once more (weak spot 8)."""
    vendor.get_job_results(ExecutionResult(job_id=JOB))
    page, status = listening.taken()
    in_order(there, lambda c: c.jobs.rows(JOB))
    assert listening.taken() == [page]
    assert status[1].endswith("/status/")


def in_order(env, operation):
    """Do something with our client at a sandbox."""

    async def main():
        async with QoroClient(
            api_key=env["QORO_API_KEY"], url=env["QUANTUM_ASYNC_QORO_URL"]
        ) as client:
            return await operation(client)

    return anyio.run(main)


def test_lists_and_credits_read_alike(service, env):
    """Every field of every target, the balance and its movements."""
    systems = in_order(env, lambda c: c.systems.qpus())
    clusters = in_order(env, lambda c: c.systems.clusters())
    for theirs, mine in zip(
        [*service.fetch_qpu_systems(), *service.fetch_simulator_clusters()],
        [*systems, *clusters],
        strict=True,
    ):
        said = _fields(theirs)
        assert {name: _fields(getattr(mine, name)) for name in said} == said
    balance = in_order(env, lambda c: c.credits.balance())
    for name, value in service.get_credit_balance().items():
        assert _same(getattr(balance, name), value), name
    page = in_order(env, lambda c: c.credits.page(1, page_size=5))
    theirs = service.get_credit_transactions(page=1, page_size=5)
    assert (page.count, page.total_pages, page.next) == (
        theirs["count"],
        theirs["total_pages"],
        theirs["next"],
    )
    for mine, row in zip(page.results, theirs["results"], strict=True):
        for name, value in row.items():
            assert _same(getattr(mine, name), value), name
    blueprints = in_order(env, lambda c: c.systems.blueprints())
    for vendor_name, blueprint in service.fetch_vendor_blueprints().items():
        mine = blueprints[vendor_name]
        assert mine.label == blueprint["label"]
        for part in ("device", "credentials"):
            found = {one.name: one for one in getattr(mine, part)}
            assert set(found) == set(blueprint[part])
            for name, spec in blueprint[part].items():
                said = {key: value for key, value in spec.items() if key != "name"}
                assert {key: _fields(getattr(found[name], key)) for key in said} == said


def _fields(value):
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    elif hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    if isinstance(value, dict):
        # What is missing is None there and empty here.
        return {name: "" if one is None else _fields(one) for name, one in value.items()}
    return [_fields(one) for one in value] if isinstance(value, tuple | list) else value


def _same(mine, said) -> bool:
    if isinstance(mine, Decimal):
        return mine == Decimal(said)
    if hasattr(mine, "isoformat"):
        return mine.isoformat().replace("+00:00", "Z")[:19] == said[:19]
    return str(mine) == str(said)


@pytest.mark.parametrize(
    "options", [{}, {"ham_ops": "ZII;IIZ"}, {"shot_groups": [[0, 1, 5], [1, 101, 9]]}], ids=range(3)
)
def test_one_job_reads_alike_through_both(service, env, options):
    """Submitted by the vendor's, fetched by either: status, labels, order, counts, values."""
    circuits = {f"c{n}": FLIPPED for n in range(101)}
    submitted = service.submit_circuits(circuits, **options)
    assert service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    theirs = service.get_job_results(submitted)
    state = in_order(env, lambda c: c.jobs.status(submitted.job_id))
    assert state.reported == JobStatus.COMPLETED.value
    assert state.run_time == pytest.approx(theirs.run_time)
    rows = in_order(env, lambda c: c.jobs.rows(submitted.job_id))
    assert [{"label": row.label, "results": row.plain()} for row in rows] == theirs.results
    if "ham_ops" in options:
        values = in_order(env, lambda c: c.jobs.expectation_values(submitted.job_id))
        assert values == {row["label"]: row["results"] for row in theirs.results}
    else:
        counts = in_order(env, lambda c: c.jobs.counts(submitted.job_id))
        assert counts == {row["label"]: row["results"] for row in theirs.results}


def test_a_map_over_several_uploads_reads_alike(real_service, real_env, monkeypatch):
    """Both send the whole map with every upload; every circuit gets its own observables."""
    monkeypatch.setattr("divi.backends.runners._qoro._MAX_PAYLOAD_SIZE_MB", 0.001)
    circuits = {f"c{n}": FLIPPED for n in range(20)}
    job = {"ham_ops": "ZII|IZI;IIZ", "circuit_ham_map": [[0, 7], [7, 20]]}
    submitted = real_service.submit_circuits(circuits, **job)
    assert submitted.backend_jobs > 2
    real_service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    theirs = real_service.get_job_results(submitted).results
    long = {label: f"{text}//{_noise(label)}" for label, text in circuits.items()}
    client = QoroClient(api_key=real_env["QORO_API_KEY"], url=real_env["QUANTUM_ASYNC_QORO_URL"])
    with QoroRunner(client, polling_interval=0.05) as runner:
        mine = runner.submit_circuits(long, **job)
        runner.poll_job_status(mine, loop_until_complete=True)
        assert runner.get_job_results(mine).results == theirs
    assert theirs[6]["results"] == {"ZII": -1.0}
    assert theirs[7]["results"] == {"IZI": 1.0, "IIZ": 1.0}


def _noise(label: str) -> str:
    """Text that compression leaves long, so that our uploads are several as well."""
    return Random(label).randbytes(80_000).hex()


def test_cancelled_deleted_and_configured_jobs_read_alike(service, env, sandbox):
    """What one does the other sees, and refusals are typed here."""
    sandbox.change(job_time=30)
    try:
        given = MaestroConfig(max_bond_dimension=16, seed=3)
        submitted = service.submit_circuits([BELL], maestro_config=given)
        job_id = submitted.job_id
        stored = in_order(env, lambda c: c.jobs.config(job_id))
        theirs = service.get_maestro_config(submitted)
        assert stored.maestro_config["max_bond_dimension"] == theirs.max_bond_dimension == 16
        assert stored.device_config is service.get_device_config(submitted) is None
        with pytest.raises(ResultError):
            in_order(env, lambda c: c.jobs.rows(job_id))
        assert in_order(env, lambda c: c.jobs.cancel(job_id)).circuits_cancelled == 1
        assert service.poll_job_status(submitted) is JobStatus.CANCELLED
        with pytest.raises(ConflictError, match="Can only cancel"):
            in_order(env, lambda c: c.jobs.cancel(job_id))
        service.delete_job(submitted)
        with pytest.raises(NotFoundError):
            in_order(env, lambda c: c.jobs.status(job_id))
        with pytest.raises(PermissionDeniedError, match="Free tier"):
            in_order(
                env,
                lambda c: c.jobs.submit(
                    [QoroCircuit("a", BELL)],
                    config=OurJobConfig(maestro=OurMaestroConfig(max_bond_dimension=64)),
                ),
            )
    finally:
        sandbox.change(job_time=0.02)


def test_a_characterisation_reads_alike(service, env):
    """Every field of the report, and the same page."""
    qubo, options = {"0": -1.0, "1": 1.0, "0,1": 2.0}, {"preset": "deep"}
    reply = service.characterize_and_validate(qubo, reference_states=["10"], options=options)
    found = in_order(env, lambda c: c.characterisations.fetch(reply["job_id"], with_page=True))
    assert found.page == service._fetch_characterization_html(reply["job_id"])
    for name in ("job_id", "status", "hardness", "report"):
        assert getattr(found, name) == reply[name]
    assert [one.model_dump() for one in found.recommendations] == reply["recommendations"]
    assert _same(found.created_at, reply["created_at"])
    again = in_order(
        env,
        lambda c: c.characterisations.submit(qubo, reference_states=["10"], options=options),
    )
    assert (again.report, again.hardness) == (reply["report"], reply["hardness"])


def operations() -> dict[str, list[str]]:
    """The page's table of operations."""
    rows = re.findall(r"^\| `(\w+)` \| (`(?:client|runner)\..*) \|$", PAGE, re.MULTILINE)
    return {name: re.findall(r"`([^`]+)`", ours) for name, ours in rows}


def test_every_operation_of_the_vendors_class_is_here():
    """The page lists each public name, and what it lists exists and says what it does."""
    table = operations()
    public = {name for name in dir(QoroService) if not name.startswith("_")}
    assert public <= set(table)
    roots = {"client": QoroClient(api_key="k"), "runner": QoroRunner(QoroClient(api_key="k"))}
    for name, paths in table.items():
        for path in paths:
            first, *rest = path.split(".")
            found = roots[first]
            for part in rest:
                found = getattr(found, part)
            if inspect.ismethod(found):
                assert inspect.getdoc(found), (name, path)
