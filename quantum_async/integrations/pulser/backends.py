"""Pulser's backends, awaited: on a client, or as children of a scheduler."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import BatchError
from quantum_async.integrations.pulser import orders
from quantum_async.integrations.pulser.link import Link
from quantum_async.integrations.pulser.orders import Order, config_document, default_runs, ordered
from quantum_async.integrations.pulser.results import AsyncResults
from quantum_async.models.submission import EmulationOptions
from quantum_async.programs.objects import as_program

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from pulser import Sequence
    from pulser.backend import BackendConfig
    from pulser.backend.remote import JobParams
    from pulser.devices import Device
    from pulser.devices._device_datacls import BaseDevice

    from quantum_async.integrations.pulser.link import Via
    from quantum_async.integrations.pulser.orders import Emulation


class _Backend:
    """What the backends have in common.

    Args:
        sequence: The sequence.
        via: A client that is open, or a scheduler.
        target: The device.
        devices: Devices that are offered in place of the provider's own.
        mimic_qpu: Whether the sequence must be fit for a QPU.
        name: What its submissions are called in a journal.
    """

    def __init__(
        self,
        sequence: Sequence[BaseDevice],
        via: Via,
        *,
        target: str | None,
        devices: Mapping[str, Device] | None,
        mimic_qpu: bool,
        name: str | None,
    ) -> None:
        orders.check_sequence(sequence, mimic_qpu=mimic_qpu)
        self._sequence = sequence
        self._mimic_qpu = mimic_qpu
        self._link = Link(via, target or "", devices, name=name)
        self._target = self._link.target_name
        self._batch_id: str | None = None
        self._options = self._link.client.options_of(EmulationOptions())
        self._default_runs: int | None = None

    @staticmethod
    def validate_sequence(sequence: Sequence[BaseDevice], mimic_qpu: bool = False) -> None:  # noqa: FBT001, FBT002 -- as Pulser's
        """Refuse a sequence that cannot run; sends nothing.

        Args:
            sequence: The sequence.
            mimic_qpu: Whether it must be fit for a QPU.

        Raises:
            WrongTypeError: It is no sequence, or made for a virtual device.
            ProgramError: It is empty, or its register does not fit the device.
        """
        orders.check_sequence(sequence, mimic_qpu=mimic_qpu)

    @staticmethod
    def validate_job_params(job_params: list[JobParams] | None, max_runs: int | None) -> None:
        """Refuse job parameters that are of no use on a QPU; sends nothing.

        Args:
            job_params: Per job its ``runs`` and ``variables``.
            max_runs: Most shots of a job; ``None`` for no limit.

        Raises:
            WrongTypeError: They are not a list of dictionaries.
            InvalidInputError: There are none.
            InvalidShotsError: A job does not say how many shots, or too many, or too few.
        """
        orders.check_job_params(job_params, max_runs)

    async def run(
        self,
        job_params: list[JobParams] | None = None,
        wait: bool = False,  # noqa: FBT001, FBT002 -- as Pulser's
    ) -> AsyncResults:
        """Submit one job for each element, as one batch or to the open one.

        Billed: running the jobs is. Cancelled: jobs whose submission is under way are cancelled;
        while waiting, only the waiting ends.

        Args:
            job_params: Per job its ``runs`` (shots) and ``variables``.
            wait: Whether to return only when every job is over, however it ended.

        Returns:
            The results, to be awaited or iterated over.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: The provider refused, or stayed out of reach.
        """
        sequence = await self._latest()
        params = self._checked(job_params, getattr(sequence.device, "max_runs", None))
        order = await self._order(sequence, params)
        if self._batch_id is None:
            batch_id, job_ids = await self._link.submit(order)
        else:
            batch_id, job_ids = self._batch_id, await self._link.add(self._batch_id, order)
        results = AsyncResults(self._link, batch_id, job_ids)
        if wait:
            await results.wait()
        return results

    @asynccontextmanager
    async def open_batch(self) -> AsyncGenerator[str]:
        """Keep a batch open while the block lasts: every `run` in it adds jobs to that batch.

        Leaving normally closes the batch and lets its jobs go on. Leaving by an error or a
        cancellation cancels the batch with its unfinished jobs.

        Billed: an open batch may reserve the device.

        Returns:
            The provider's id of the batch.

        Raises:
            BatchError: The provider has no open batches, or this backend has one open.
            BatchNotClosedError: Closing failed; it may still be open.
        """
        client = self._link.client
        if not client.capabilities.open_batch:
            raise BatchError(
                f"{client.name} has no open batches",
                provider=client.name,
                remedy="Pass all jobs to one call of run.",
            )
        if self._batch_id is not None:
            raise BatchError(
                "this backend has a batch open",
                provider=client.name,
                remedy="Leave its block first, or use another backend.",
            )
        order = await self._order(await self._latest(), [])
        async with self._link.batch(order) as batch_id:
            self._batch_id = batch_id
            try:
                yield batch_id
            finally:
                self._batch_id = None

    def _checked(
        self, job_params: list[JobParams] | None, max_runs: int | None
    ) -> list[dict[str, object]] | None:
        raise NotImplementedError

    async def _latest(self) -> Sequence[BaseDevice]:
        """Give the sequence for its device as that is today."""
        if not self._mimic_qpu or self._link.takes_any_device:
            return self._sequence
        devices = await self._link.devices()
        return await anyio.to_thread.run_sync(orders.updated, self._sequence, devices)

    async def _order(
        self, sequence: Sequence[BaseDevice], params: list[dict[str, object]] | None
    ) -> Order:
        program = await anyio.to_thread.run_sync(as_program, sequence)
        target = self._link.target(program, sequence.device.name, self._target)
        return ordered(program, target, self._options, params, self._default_runs)


class QPUBackend(_Backend):
    """Run a sequence on a QPU; `LocalClient` stands in for any of them.

    Args:
        sequence: The sequence; it may be parametrised, with a mappable register.
        via: A client that is open, whose jobs then go on by themselves, or a `Scheduler`, which
            owns them.
        config: Pulser's ``BackendConfig``; its ``default_num_shots`` counts for jobs that do not
            say how many ``runs``.
        target: The device, where the name of the sequence's own device does not say it.
        devices: Devices that are offered in place of the provider's own, by their targets.
        name: What its submissions are called, where the scheduler has a journal: the same script
            finds them again there, and only what is missing is sent.

    Raises:
        WrongTypeError: The sequence is none or made for a virtual device, or the configuration
            is none.
        ProgramError: The sequence is empty, or its register does not fit its device.

    Example:
        ```python
        import pulser
        import quantum_async as qa
        from quantum_async.integrations.pulser import QPUBackend

        layout = pulser.register.TriangularLatticeLayout(61, 5.0)
        register = layout.define_register(0, 1)
        sequence = pulser.Sequence(register, pulser.AnalogDevice)
        sequence.declare_channel("global", "rydberg_global")
        omega = sequence.declare_variable("omega")
        sequence.add(pulser.Pulse.ConstantPulse(200, omega, 0.0, 0.0), "global")

        async with qa.LocalClient(seed=1) as client:
            backend = QPUBackend(sequence, client)
            jobs = [{"runs": 50, "variables": {"omega": omega}} for omega in (0.0, 6.0)]
            idle, driven = await (await backend.run(jobs))
        assert dict(idle.final_bitstrings) == {"00": 50}
        ```
    """

    def __init__(
        self,
        sequence: Sequence[BaseDevice],
        via: Via,
        *,
        config: BackendConfig | None = None,
        target: str | None = None,
        devices: Mapping[str, Device] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(sequence, via, target=target, devices=devices, mimic_qpu=True, name=name)
        self._default_runs = orders.check_config(config).default_num_shots

    def _checked(
        self, job_params: list[JobParams] | None, max_runs: int | None
    ) -> list[dict[str, object]]:
        given: object = job_params
        if self._default_runs is not None:
            known = orders.check_types([{}] if job_params is None else job_params)
            given = [{"runs": self._default_runs, **job} for job in known]
        orders.check_job_params(given, max_runs)
        return orders.check_types(given)


class EmulatorBackend(_Backend):
    """Emulate a sequence, on a cloud's emulator or on the simulator of this package.

    Args:
        sequence: The sequence; it may be parametrised, with a mappable register.
        via: A client that is open, whose jobs then go on by themselves, or a `Scheduler`, which
            owns them.
        config: Pulser's ``EmulationConfig``: observables, noise, shots. By default, bitstrings
            without noise.
        target: The emulator, such as ``"EMU_MPS"``; in a cloud ``"EMU_FREE"`` by default.
        mimic_qpu: Whether the sequence must be fit for a QPU as well, and for its device as that
            is today.
        devices: Devices that are offered in place of the provider's own, by their targets.
        name: What its submissions are called, where the scheduler has a journal: the same script
            finds them again there, and only what is missing is sent.

    Raises:
        WrongTypeError: The sequence or the configuration is none.
        InvalidOptionError: The configuration does not go with the sequence.

    Example:
        ```python
        import pulser
        from pulser.backend import BitStrings, EmulationConfig, Occupation
        import quantum_async as qa
        from quantum_async.integrations.pulser import EmulatorBackend

        register = pulser.Register({"a": (0.0, 0.0), "b": (30.0, 0.0)})
        sequence = pulser.Sequence(register, pulser.MockDevice)
        sequence.declare_channel("global", "rydberg_global")
        sequence.add(pulser.Pulse.ConstantPulse(500, 6.283185, 0.0, 0.0), "global")
        config = EmulationConfig(observables=[BitStrings(num_shots=100), Occupation()])

        async with qa.Scheduler(qa.LocalClient()) as scheduler:
            results = await EmulatorBackend(sequence, scheduler, config=config).run()
            (emulated,) = await results
        assert min(emulated.occupation[-1]) > 0.9
        ```
    """

    def __init__(
        self,
        sequence: Sequence[BaseDevice],
        via: Via,
        *,
        config: Emulation | None = None,
        target: str | None = None,
        mimic_qpu: bool = False,
        devices: Mapping[str, Device] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            sequence, via, target=target, devices=devices, mimic_qpu=mimic_qpu, name=name
        )
        full = orders.check_emulation(sequence, config, mimic_qpu=mimic_qpu)
        self._target = self._target or self._link.service.emulator
        document = config_document(full)
        self._default_runs = default_runs(document)
        options = EmulationOptions(emulation=json.dumps(document))
        self._options = self._link.client.options_of(options)

    def _checked(
        self, job_params: list[JobParams] | None, max_runs: int | None
    ) -> list[dict[str, object]]:
        if not self._mimic_qpu:
            return orders.check_types([{}] if job_params is None else job_params)
        known = orders.check_types([{}] if job_params is None else job_params)
        orders.check_job_params([{"runs": self._default_runs, **job} for job in known], max_runs)
        return known
