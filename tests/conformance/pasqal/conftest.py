"""The vendor's client and a sequence, set up for the sandbox."""

from __future__ import annotations

import pytest
from pasqal_cloud import PasqalCloudConnection
from pasqal_cloud.pasqal_cloud_client import PasqalCloudClient
from pulser import AnalogDevice, Pulse, Sequence


@pytest.fixture
def env(sandbox) -> dict[str, str]:
    """The sandbox's variables."""
    return sandbox.env("pasqal")


@pytest.fixture
def arguments(env, pasqal_login) -> dict[str, object]:
    """What the vendor's client is built with."""
    return pasqal_login(env)


@pytest.fixture
def client(arguments) -> PasqalCloudClient:
    """The vendor's client, logged in."""
    return PasqalCloudClient(**arguments)


@pytest.fixture(scope="session")
def connection(simulating_sandbox, pasqal_login) -> PasqalCloudConnection:
    """The vendor's connection to a sandbox that simulates."""
    return PasqalCloudConnection(**pasqal_login(simulating_sandbox.env("pasqal")))


@pytest.fixture(scope="session")
def device(connection):
    """A QPU of the sandbox, as its specification says."""
    return connection.fetch_available_devices()["FRESNEL"]


@pytest.fixture(scope="session")
def mappable(device) -> Sequence:
    """A sequence whose jobs say where two atoms are and how strong the drive is."""
    sequence = Sequence(device.pre_calibrated_layouts[0].make_mappable_register(2), device)
    sequence.declare_channel("global", "rydberg_global")
    omega = sequence.declare_variable("omega")
    sequence.add(Pulse.ConstantPulse(500, omega, 0.0, 0.0), "global")
    sequence.measure()
    return sequence


@pytest.fixture(scope="session")
def plain(device) -> Sequence:
    """A sequence without variables, not measured."""
    register = device.pre_calibrated_layouts[0].define_register(0, 60, qubit_ids=["a", "b"])
    sequence = Sequence(register, device)
    sequence.declare_channel("global", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(500, 6.283185307179586, 0.0, 0.0), "global")
    return sequence


@pytest.fixture(scope="session")
def text() -> str:
    """A serialized sequence with a variable, for tests that run nothing."""
    register = AnalogDevice.pre_calibrated_layouts[0].define_register(0, 60)
    sequence = Sequence(register, AnalogDevice)
    sequence.declare_channel("global", "rydberg_global")
    omega = sequence.declare_variable("omega")
    sequence.add(Pulse.ConstantPulse(100, omega, 0.0, 0.0), "global")
    sequence.measure()
    return sequence.to_abstract_repr()
