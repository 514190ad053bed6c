"""The doors: each way into the package behind the same few verbs, so that one test tries all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Self

import anyio
from anyio.from_thread import start_blocking_portal

import quantum_async as qa
from quantum_async import blocking
from quantum_async.errors import InvalidOptionError
from quantum_async.http.options import SessionOptions
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.base import ProviderClient, provider
from quantum_async.providers.qoro.options import QoroOptions
from tests.crash.harness import CIRCUIT, TARGETS

SHOTS = 16
"""Shots of a job; the estimator is told the precision that takes as many."""
DEVICES = {name: target.partition(":")[2] for name, target in TARGETS.items()}
CLIENTS = {
    "azure": blocking.AzureClient,
    "iqm": blocking.IQMClient,
    "pasqal": blocking.PasqalClient,
    "qoro": blocking.QoroClient,
}
FLIP = """OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c;
rx(3.141592653589793) q[0]; c[0] = measure q[0]; c[1] = measure q[1]; c[2] = measure q[2];
"""
"""The first of three qubits is one, in IQM's native operations, which the others have as well."""


@dataclass(frozen=True)
class Setting:
    """What a door is opened with.

    Args:
        provider: Registry name of the provider behind it.
        env: Variables that point its client at a sandbox.
        journal: Where jobs are written down.
        budget: The most that may be spent.
        in_flight: How many jobs may be accepted and not finished; no limit by default.
        name: What the script's submissions are called.
        silence: Seconds without an answer after which a request is given up.
    """

    provider: str
    env: Mapping[str, str]
    journal: Path | None = None
    budget: qa.Budget | None = None
    in_flight: int | None = None
    name: str = "script"
    silence: float = 60.0

    @property
    def target(self) -> str:
        """Where jobs go."""
        return TARGETS[self.provider]

    def client(self) -> ProviderClient:
        """Make a client that nobody has opened."""
        return provider(self.provider).from_env(self.env, options=self._session())

    def blocking_client(self):
        """Make its blocking twin."""
        return CLIENTS[self.provider].from_env(self.env, options=self._session())

    @property
    def kept(self) -> dict[str, object]:
        """What every door takes besides a client."""
        limits = qa.Limits(
            min_poll_interval=0.05,
            jobs_in_flight=self.in_flight,
            # There circuits share a job, and would not be counted at the service.
            jobs_per_submission=1 if self.provider == "iqm" else None,
        )
        return {"journal": self.journal, "budget": self.budget, "limits": limits}

    def _session(self) -> SessionOptions:
        return SessionOptions(timeouts=Timeouts(read=self.silence))


class Door:
    """One way in: entered, it runs jobs at one provider, each with its own angle.

    Args:
        setting: What it is opened with.
    """

    name: ClassVar[str]
    """What the table calls it."""
    providers: ClassVar[tuple[str, ...]]
    """Whom it reaches: one that can be looked up and, where there is any, one that cannot."""
    is_one_by_one: ClassVar[bool] = False
    """Whether a job is sent before the next one is looked at."""

    shares_jobs: ClassVar[bool] = False
    """Whether circuits share a job where the provider lets them."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.stack = stack
            self.open()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *reason: object) -> None:
        self.stack.__exit__(*reason)

    @staticmethod
    def load() -> None:
        """Import what the door needs, which takes longer than what it does."""
        from quantum_async.integrations.pulser import PulserConnection, QPUBackend

        assert PulserConnection
        assert QPUBackend
        sequence()

    def open(self) -> None:
        """Enter what a script enters."""
        raise NotImplementedError

    def submit(
        self, angles: Sequence[float], *, shots: int = SHOTS, options: qa.RunOptions | None = None
    ) -> list[str]:
        """Submit jobs together, and return the ids that the door tells."""
        raise NotImplementedError

    def results(self) -> list[Mapping[str, float]]:
        """Wait for all that was submitted, and return counts, or values, in the same order."""
        raise NotImplementedError

    def flipped(self) -> list[float]:
        """Run the program that flips the first qubit, and tell how often each one is one."""
        raise NotImplementedError


@cache
def sequence(*, is_flip: bool = False):
    """Two atoms far apart, of which only the first is driven: by a parameter, or to the top."""
    from pulser import Pulse, Sequence as PulserSequence
    from pulser.devices import DigitalAnalogDevice
    from pulser.register import TriangularLatticeLayout

    register = TriangularLatticeLayout(61, 5.0).define_register(0, 60, qubit_ids=["a", "b"])
    driven = PulserSequence(register, DigitalAnalogDevice)
    driven.declare_channel("one", "rydberg_local", initial_target="a")
    theta = 2 * math.pi if is_flip else driven.declare_variable("theta")
    driven.add(Pulse.ConstantPulse(500, theta, 0.0, 0.0), "one")
    driven.measure("ground-rydberg")
    return driven


def program_of(setting: Setting, *, is_flip: bool = False):
    """Give the program that a provider runs."""
    if setting.provider == "pasqal":
        return sequence(is_flip=is_flip)
    return FLIP if is_flip else CIRCUIT


def ones(result: qa.Result) -> list[float]:
    """Tell how often each qubit is one, the first one first, in the order that a result states."""
    width = len(next(iter(result.counts)))
    shares = [0.0] * width
    for bits, number in result.counts.items():
        in_order = bits[::-1] if result.bit_order == "qiskit" else bits
        for place, bit in enumerate(in_order):
            shares[place] += (bit == "1") * number / result.shots
    return shares


class Awaited(Door):
    """A door that is awaited: its coroutines run in a loop of their own, in another thread."""

    def open(self) -> None:
        self.portal = self.stack.enter_context(start_blocking_portal())
        self.enter_async()

    def enter_async(self) -> None:
        """Enter what a script enters with ``async with``."""
        scheduler = qa.Scheduler(self.setting.client(), **self.setting.kept)
        entered = self.portal.wrap_async_context_manager(scheduler)
        self.scheduler = self.stack.enter_context(entered)

    def call(self, function, *arguments, **named):
        """Await something there."""
        return self.portal.call(partial(function, *arguments, **named))


class Classes(Awaited):
    """The async classes: jobs that are submitted together."""

    name = "async classes"
    providers = ("pasqal", "iqm")

    def open(self) -> None:
        super().open()
        self.jobs: list[qa.Job] = []
        self.times = 0

    def submit(self, angles, *, shots=SHOTS, options=None):
        self.times += 1
        program, on = program_of(self.setting), self.setting.target
        params = [qa.JobParams(shots=shots, variables={"theta": angle}) for angle in angles]
        name = f"{self.setting.name}/{self.times}"
        submit = self.scheduler.submit_many
        jobs = self.call(submit, program, params, on=on, options=options, name=name)
        self.jobs += jobs
        return [job.id for job in jobs]

    def results(self):
        return [dict(self.call(job.result).counts) for job in self.jobs]

    def flipped(self):
        program = program_of(self.setting, is_flip=True)
        submit = self.scheduler.submit
        job = self.call(submit, program, shots=SHOTS, on=self.setting.target)
        return ones(self.call(job.result))


class Twins(Door):
    """The blocking twins: named sweeps."""

    name = "blocking twins"
    providers = ("pasqal", "iqm")
    on_cancel = "cancel"

    def open(self) -> None:
        client, kept = self.setting.blocking_client(), self.setting.kept
        scheduler = blocking.Scheduler(client, on_cancel=self.on_cancel, **kept)
        self.scheduler = self.stack.enter_context(scheduler)
        self.sweeps: list[blocking.Sweep] = []

    def submit(self, angles, *, shots=SHOTS, options=None):
        sweep = self.scheduler.sweep(
            program_of(self.setting),
            qa.grid(theta=list(angles)),
            shots=shots,
            on=self.setting.target,
            options=options,
            name=f"{self.setting.name}/{len(self.sweeps) + 1}",
        )
        self.sweeps.append(sweep)
        refs = sweep.refs()
        if None in refs:
            sweep.results()
        return [ref.id for ref in refs]

    def results(self):
        return [dict(point.result.counts) for sweep in self.sweeps for point in sweep.results()]

    def flipped(self):
        program = program_of(self.setting, is_flip=True)
        job = self.scheduler.submit(program, shots=SHOTS, on=self.setting.target)
        return ones(job.result())


class Notebook(Twins):
    """A notebook's cell, as the documentation has it: stopped, its jobs go on and are found again."""

    name = "stopped notebook cell"
    on_cancel = "detach"


class Handler(Awaited):
    """A web service's handler: one scheduler for all requests, each of which owns its sweep."""

    name = "web handler"
    providers = ("azure", "iqm")

    def open(self) -> None:
        super().open()
        self.running = 0
        self.requests: list[Future[list[qa.Result]]] = []

    def __exit__(self, kind, *rest):
        if kind is not None:
            # The reader has gone; the service and its scheduler stay.
            for request in self.requests:
                request.cancel()
            self.call(self._until_gone)
        super().__exit__(None, None, None)

    async def _until_gone(self) -> None:
        while self.running:
            await anyio.sleep(0.02)

    async def handler(self, told, angles, shots, options, name):
        """Answer one request."""
        self.running += 1
        try:
            sweep = self.scheduler.sweep(
                program_of(self.setting),
                qa.grid(theta=list(angles)),
                shots=shots,
                on=self.setting.target,
                options=options,
                name=name,
            )
            try:
                told.set_result([ref and ref.id for ref in await sweep.refs()])
                return [point.result for point in await sweep]
            except BaseException:
                await sweep.cancel()
                raise
        except BaseException as error:
            if not told.done():
                told.set_exception(error)
            raise
        finally:
            self.running -= 1

    def submit(self, angles, *, shots=SHOTS, options=None):
        told: Future[list[str | None]] = Future()
        name = f"{self.setting.name}/{len(self.requests) + 1}"
        request = self.portal.start_task_soon(self.handler, told, angles, shots, options, name)
        try:
            ids = told.result()
            if None in ids:
                request.result()
        except Exception:
            wait([request])
            raise
        self.requests.append(request)
        return ids

    def results(self):
        return [dict(result.counts) for request in self.requests for result in request.result()]

    def flipped(self):
        program = program_of(self.setting, is_flip=True)
        submit = self.scheduler.submit
        job = self.call(submit, program, shots=SHOTS, on=self.setting.target)
        return ones(self.call(job.result))


def job_params(angles: Sequence[float], shots: int) -> list[dict[str, object]]:
    """Write jobs down as Pulser does."""
    return [{"runs": shots, "variables": {"theta": angle}} for angle in angles]


def ones_of_pulser(results) -> list[float]:
    """Tell how often each atom is excited, from Pulser's own results."""
    counts = results.final_bitstrings
    total = sum(counts.values())
    places = range(len(results.atom_order))
    return [sum(n for bits, n in counts.items() if bits[k] == "1") / total for k in places]


class PulserQPU(Door):
    """Pulser's own `QPUBackend`, on our connection in place of the vendor's."""

    name = "Pulser's QPUBackend"
    providers = ("pasqal",)

    def open(self) -> None:
        from pulser.devices import DigitalAnalogDevice

        from quantum_async.integrations.pulser import PulserConnection

        connection = PulserConnection(
            self.setting.blocking_client(),
            target="EMU_FREE",
            devices={"EMU_FREE": DigitalAnalogDevice},
            name=self.setting.name,
            **self.setting.kept,
        )
        self.connection = self.stack.enter_context(connection)
        self.submitted = []

    def submit(self, angles, *, shots=SHOTS, options=None):
        assert options is None
        return self.run(job_params(angles, shots))

    def run(self, params) -> list[str]:
        """Submit jobs as they are written down for Pulser."""
        import pulser

        self.submitted.append(pulser.QPUBackend(sequence(), self.connection).run(params))
        return list(self.submitted[-1].job_ids)

    def results(self):
        for results in self.submitted:
            results.wait()
        return [dict(one.final_bitstrings) for results in self.submitted for one in results]

    def flipped(self):
        import pulser

        backend = pulser.QPUBackend(sequence(is_flip=True), self.connection)
        return ones_of_pulser(backend.run([{"runs": SHOTS}], wait=True)[0])


class PulserBackends(Awaited):
    """Our awaited Pulser backends, on a scheduler."""

    name = "our Pulser backends"
    providers = ("pasqal",)

    def open(self) -> None:
        super().open()
        self.submitted = []
        self.backend = self.backend_for(sequence(), self.setting.name)

    def backend_for(self, wanted, name):
        """Make the backend of a sequence."""
        from pulser.devices import DigitalAnalogDevice

        from quantum_async.integrations.pulser import QPUBackend

        devices = {"EMU_FREE": DigitalAnalogDevice}
        return QPUBackend(wanted, self.scheduler, target="EMU_FREE", devices=devices, name=name)

    def submit(self, angles, *, shots=SHOTS, options=None):
        assert options is None
        return self.run(job_params(angles, shots))

    def run(self, params) -> list[str]:
        """Submit jobs as they are written down for Pulser."""
        self.submitted.append(self.call(self.backend.run, params))
        return self.submitted[-1].job_ids

    def results(self):
        async def wait(results):
            return await results

        found = [each for results in self.submitted for each in self.call(wait, results)]
        return [dict(each.final_bitstrings) for each in found]

    def flipped(self):
        async def run():
            backend = self.backend_for(sequence(is_flip=True), "flip")
            (found,) = await (await backend.run([{"runs": SHOTS}]))
            return found

        return ones_of_pulser(self.call(run))


@cache
def circuit(*, is_flip: bool = False, is_measured: bool = True, angle: float | None = None):
    """The same circuits as Qiskit has them, with a parameter where no angle is given."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    made = QuantumCircuit(3 if is_flip else 2)
    turn = Parameter("theta") if angle is None else angle
    made.rx(math.pi if is_flip else turn, 0)
    if not is_flip:
        made.cz(0, 1)
    if is_measured:
        made.measure_all()
    return made


class OfQiskit(Door):
    """What Qiskit's doors have in common."""

    providers = ("azure", "iqm")

    @staticmethod
    def load() -> None:
        from quantum_async.integrations.qiskit import EstimatorV2, QuantumAsyncProvider, SamplerV2

        assert SamplerV2
        assert EstimatorV2
        assert QuantumAsyncProvider
        circuit()

    def open(self) -> None:
        from quantum_async.integrations.qiskit import QuantumAsyncProvider

        client, kept = self.setting.blocking_client(), self.setting.kept
        made = QuantumAsyncProvider(client, run=self.setting.name, **kept)
        self.provider = self.stack.enter_context(made)
        self.backend = self.provider.get_backend(DEVICES[self.setting.provider])
        self.jobs = []

    @staticmethod
    def settings(options) -> dict[str, object]:
        """Write options down as Qiskit's doors take them."""
        return {"optimization_level": 0, "provider_options": options}


class QiskitBackend(OfQiskit):
    """Qiskit's ``backend.run``."""

    name = "Qiskit's backend.run"

    def submit(self, angles, *, shots=SHOTS, options=None):
        circuits = [circuit(angle=angle) for angle in angles]
        job = self.backend.run(circuits, shots=shots, **self.settings(options))
        self.jobs.append(job)
        return [ref.id for ref in job.refs()]

    def results(self):
        found = []
        for job in self.jobs:
            counts = job.result().get_counts()
            found += counts if isinstance(counts, list) else [counts]
        return found

    def flipped(self):
        job = self.backend.run(circuit(is_flip=True), shots=SHOTS, optimization_level=0)
        counts = job.result().get_counts()
        return [
            sum(n for bits, n in counts.items() if bits[-1 - k] == "1") / SHOTS for k in range(3)
        ]


class QiskitSampler(OfQiskit):
    """Qiskit's sampler."""

    name = "Qiskit's SamplerV2"

    def sampler(self, options):
        """Make the sampler."""
        from quantum_async.integrations.qiskit import SamplerV2

        return SamplerV2(self.backend, **self.settings(options))

    def submit(self, angles, *, shots=SHOTS, options=None):
        job = self.sampler(options).run([(circuit(), [[angle] for angle in angles])], shots=shots)
        self.jobs.append((job, len(angles)))
        return ids_of(job)

    def results(self):
        return [
            job.result()[0].data.meas.get_counts(place)
            for job, number in self.jobs
            for place in range(number)
        ]

    def flipped(self):
        (found,) = self.sampler(None).run([circuit(is_flip=True)], shots=SHOTS).result()
        bits = found.data.meas
        return [bits.slice_bits(k).get_counts().get("1", 0) / SHOTS for k in range(3)]


class QiskitEstimator(OfQiskit):
    """Qiskit's estimator."""

    name = "Qiskit's EstimatorV2"

    def estimator(self, options):
        """Make the estimator."""
        from quantum_async.integrations.qiskit import EstimatorV2

        return EstimatorV2(self.backend, measured=True, **self.settings(options))

    def submit(self, angles, *, shots=SHOTS, options=None):
        pub = (circuit(is_measured=False), "IZ", [[angle] for angle in angles])
        precision = shots**-0.5 if shots else 0.0
        job = self.estimator(options).run([pub], precision=precision)
        self.jobs.append(job)
        return ids_of(job)

    def results(self):
        return [
            {"IZ": float(value)} for job in self.jobs for value in job.result()[0].data.evs.ravel()
        ]

    def flipped(self):
        pub = (circuit(is_flip=True, is_measured=False), ["IIZ", "IZI", "ZII"])
        (found,) = self.estimator(None).run([pub], precision=SHOTS**-0.5).result()
        return [(1 - float(value)) / 2 for value in found.data.evs]


def ids_of(job) -> list[str]:
    """Name the provider's jobs of a primitive's; one that was not accepted raises its error."""
    refs = job.refs()
    if not refs:
        job.result()
    return [ref.id for ref in refs]


class DiviRunner(Door):
    """Divi's circuit runner, as its programs use it."""

    name = "Divi's runner"
    providers = ("qoro",)
    is_one_by_one = True

    @staticmethod
    def load() -> None:
        from quantum_async.integrations.divi.runner import QoroRunner

        assert QoroRunner

    def open(self) -> None:
        from quantum_async.integrations.divi.runner import QoroRunner

        client, kept = self.setting.blocking_client(), self.setting.kept
        runner = QoroRunner(client, name=self.setting.name, shots=SHOTS, **kept)
        self.runner = self.stack.enter_context(runner)
        self.submitted = []

    def submit(self, angles, *, shots=SHOTS, options=None):
        from divi.backends import JobConfig

        assert options is None
        configuration = JobConfig(shots=shots)
        return [self.run(turned(angle), job_config=configuration) for angle in angles]

    def run(self, text: str, **configurations: object) -> str:
        """Submit a circuit as Divi does, with Divi's configurations."""
        submitted = self.runner.submit_circuits({"circuit": text}, **configurations)
        self.submitted.append(submitted)
        return submitted.job_id

    def counts(self, submitted) -> dict[str, int]:
        """Wait for a job, and read its one circuit's counts as Divi does."""
        self.runner.poll_job_status(submitted, loop_until_complete=True, verbose=False)
        (row,) = self.runner.get_job_results(submitted).results
        return row["results"]

    def results(self):
        return [self.counts(submitted) for submitted in self.submitted]

    def flipped(self):
        counts = self.counts(self.runner.submit_circuits({"flip": FLIP_2}))
        return [
            sum(n for bits, n in counts.items() if bits[-1 - k] == "1") / SHOTS for k in range(3)
        ]


FLIP_2 = """OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3]; x q[0]; measure q -> c;"""


def turned(angle: float) -> str:
    """Write the circuit down for what only reads texts without parameters."""
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; '
    return text + f"rx({angle!r}) q[0]; cz q[0],q[1]; measure q -> c;"


class CommandLine(Door):
    """The command line: ``run`` submits and leaves, and the same command collects the results."""

    name = "`quantum-async run`"
    providers = ("azure", "iqm")
    shares_jobs = True
    words = ("--detach",)

    @staticmethod
    def load() -> None:
        from quantum_async.cli.app import app

        assert app

    def open(self) -> None:
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.journal = self.setting.journal or folder / "jobs.db"
        self.programs = self.journal.with_name("programs")
        self.programs.mkdir(exist_ok=True)
        self.commands: list[tuple[object, ...]] = []

    def written(self, angles: Sequence[float]) -> list[Path]:
        """Write a program for each angle."""
        files = [self.programs / f"{angle!r}.qasm" for angle in angles]
        for file, angle in zip(files, angles, strict=True):
            file.write_text(turned(angle))
        return files

    def submit(self, angles, *, shots=SHOTS, options=None):
        if isinstance(options, QoroOptions):
            given = ("--option", "use_packing=true")
        else:
            given = ("--option", f"tags={json.dumps(options.tags)}") if options else ()
        command = (*self.written(angles), "--shots", shots, *given)
        jobs = self.typed(*command, *self.words)
        self.commands.append(command)
        return [job["job_id"] for job in jobs]

    def ended(self, *words: object):
        """Type a command, and return how it ended and what it printed."""
        from typer.testing import CliRunner

        from quantum_async.cli.app import app

        line = ["run", *words, "--on", self.setting.target, "--journal", self.journal]
        words = [*map(str, line), "--json"]
        return CliRunner().invoke(app, words, prog_name="quantum-async", env={**self.setting.env})

    def typed(self, *words: object) -> list[dict]:
        """Type a command, and read what it says of its jobs; bad input is raised as what it is."""
        ran = self.ended(*words)
        if ran.exit_code == 2:
            raise InvalidOptionError(ran.stdout + ran.stderr)
        assert ran.exit_code == 0, ran.stdout + ran.stderr
        return json.loads(ran.stdout)["jobs"]

    def results(self):
        return [job["counts"] for command in self.commands for job in self.typed(*command)]

    def flipped(self):
        path = self.programs / "flip.qasm"
        path.write_text(FLIP)
        (job,) = self.typed(path, "--shots", SHOTS)
        counts = job["counts"]
        return [
            sum(n for bits, n in counts.items() if bits[-1 - k] == "1") / SHOTS for k in range(3)
        ]


DOORS: dict[str, type[Door]] = {
    door.name: door
    for door in (
        Classes,
        Twins,
        Notebook,
        Handler,
        PulserQPU,
        PulserBackends,
        QiskitBackend,
        QiskitSampler,
        QiskitEstimator,
        DiviRunner,
        CommandLine,
    )
}
"""Every door, by its name in the table."""


@contextmanager
def left_by(door: Door, reason: BaseException):
    """Enter a door, and leave it by an error that reaches its caller."""
    try:
        with door:
            yield door
            raise reason
    except BaseException as error:
        if error is not reason:
            raise
