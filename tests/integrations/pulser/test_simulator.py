"""The scripts of a cloud on the simulator of this package, which really simulates them."""

from __future__ import annotations

import math

import pulser
import pytest
from pulser.backend import BitStrings, EmulationConfig, NoiseModel, Occupation
from pulser.backend.remote import BatchStatus, RemoteBackend

import quantum_async.blocking as qa
from quantum_async.errors import BatchError, DeviceLimitError, UnknownTargetError
from quantum_async.integrations.pulser import PulserConnection
from tests.integrations.pulser.sequences import driven, fresnel, job, mappable, older, plain

PI = 2 * math.pi


class Emulator(RemoteBackend):
    """An emulator backend as pasqal-cloud's are made, with settings that only it understands."""

    config = EmulationConfig(
        observables=[BitStrings(num_shots=40), Occupation()],
        noise_model=NoiseModel(p_false_pos=0.0, p_false_neg=1e-12),
        num_gpus_to_use=1,
        autosave_dt=math.inf,
        solver="tdvp",
    )

    def _submit_kwargs(self):
        return {
            "batch_id": self._batch_id,
            "backend_configuration": self.config,
            "device_type": "EMU_MPS",
        }


def test_the_script_of_a_qpu(simulator):
    """A sequence for a QPU runs as it is, parametrised and in an open batch."""
    backend = pulser.QPUBackend(driven(), simulator)
    with backend.open_batch():
        down = backend.run([job(0.0)], wait=True)
        up = backend.run([job(PI), job(PI, runs=7)], wait=True)
    assert dict(down[0].final_bitstrings) == {"00": 100}
    assert up[0].final_bitstrings["11"] > 80
    assert sum(up[1].final_bitstrings.values()) == 7
    assert up[0].atom_order == ("a", "b")
    assert down.batch_id == up.batch_id
    assert down.get_batch_status() is BatchStatus.DONE
    assert simulator.get_results(up.batch_id).job_ids == down.job_ids + up.job_ids


def test_a_mappable_register(simulator):
    """Jobs name the traps."""
    jobs = [{"runs": 5, "variables": {"qubits": {"q1": 60, "q0": 0}}}]
    [result] = pulser.QPUBackend(mappable(), simulator).run(jobs, wait=True)
    assert result.atom_order == ("q0", "q1")


def test_the_script_of_an_emulator(simulator):
    """Every observable comes back; what only the cloud's emulator understands is left out."""
    [result] = Emulator(plain(), simulator).run(wait=True)
    assert sum(result.final_bitstrings.values()) == 40
    assert list(result.occupation[-1]) == pytest.approx([1.0, 1.0], abs=0.1)


def test_devices(simulator):
    """Pulser's example devices are offered, and any other device is taken as it is."""
    assert simulator.fetch_available_devices()["AnalogDevice"] == pulser.AnalogDevice
    assert simulator.update_sequence_device(driven()).device == fresnel()


def test_devices_of_a_cloud():
    """A rehearsal with a cloud's devices refuses what the cloud would."""
    with PulserConnection(qa.LocalClient(), devices={"FRESNEL": fresnel()}) as connection:
        assert connection.update_sequence_device(driven(older())).device == fresnel()
        with pytest.raises(UnknownTargetError, match="AnalogDevice"):
            pulser.QPUBackend(driven(pulser.AnalogDevice), connection).run([job()])


def test_a_device_that_has_shrunk():
    """A sequence that no longer fits is refused before anything runs."""
    import dataclasses

    smaller = dataclasses.replace(fresnel(), max_atom_num=1, pre_calibrated_layouts=())
    with (
        PulserConnection(qa.LocalClient(), devices={"FRESNEL": smaller}) as connection,
        pytest.raises(DeviceLimitError, match="FRESNEL"),
    ):
        pulser.QPUBackend(driven(), connection).run([job()])


def test_an_unknown_batch(simulator):
    """The simulator knows the batches of its own client alone."""
    with pytest.raises(BatchError, match="nonsense"):
        _ = simulator.get_results("nonsense").job_ids


def test_a_run_without_an_open_batch(simulator):
    """Many jobs of one run share a batch, in order."""
    results = pulser.QPUBackend(driven(), simulator).run(
        [job(0.0, runs=runs) for runs in range(1, 71)], wait=True
    )
    assert [sum(each.final_bitstrings.values()) for each in results] == list(range(1, 71))
    assert simulator.get_results(results.batch_id).job_ids == results.job_ids
