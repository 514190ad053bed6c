"""pulser-pasqal's own classes, which pin pasqal-cloud 0.22, against the sandbox."""

from __future__ import annotations

import time
import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulser import Pulse, QPUBackend, Sequence
    from pulser.backend import BitStrings, EmulationConfig
    from pulser_pasqal import EmuFreeBackendV2, EmuMPSBackend, PasqalCloud

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def connection(simulating_sandbox, pasqal_login):
    """The old connection, logged in."""
    return PasqalCloud(**pasqal_login(simulating_sandbox.env("pasqal")))


@pytest.fixture(scope="module")
def sequence(connection):
    """Two distant atoms, driven with a strength that a job names."""
    device = connection.fetch_available_devices()["FRESNEL"]
    register = device.pre_calibrated_layouts[0].define_register(0, 60, qubit_ids=["a", "b"])
    built = Sequence(register, device)
    built.declare_channel("global", "rydberg_global")
    omega = built.declare_variable("omega")
    built.add(Pulse.ConstantPulse(500, omega, 0.0, 0.0), "global")
    return built


def test_qpu_backend(connection, sequence):
    """A parametrised sequence runs on a QPU."""
    job = {"runs": 50, "variables": {"omega": 0.0}}
    results = QPUBackend(sequence, connection).run([job], wait=True)
    assert dict(results[0].final_bitstrings) == {"00": 50}


def test_open_batch(connection, sequence, simulating_sandbox):
    """Jobs join an open batch, which the block's end closes."""
    backend = QPUBackend(sequence, connection)
    job = {"runs": 50, "variables": {"omega": 0.0}}
    with backend.open_batch():
        first = backend.run([job])
        second = backend.run([job])
    # This release does not wait inside an open batch, even when asked to.
    while not (first.get_available_results() and second.get_available_results()):
        time.sleep(0.05)
    assert first.batch_id == second.batch_id
    assert simulating_sandbox.stats("pasqal")["batches_open"] == 0
    assert [dict(each.final_bitstrings) for each in (*first, *second)] == [{"00": 50}] * 2


@pytest.mark.parametrize("kind", [EmuMPSBackend, EmuFreeBackendV2])
def test_emulators(connection, sequence, kind):
    """The emulators by their old names obey their configuration."""
    config = EmulationConfig(observables=[BitStrings(num_shots=30)])
    job = {"runs": 1, "variables": {"omega": 0.0}}
    results = kind(sequence, connection, config=config).run([job], wait=True)
    assert dict(results[0].final_bitstrings) == {"00": 30}
