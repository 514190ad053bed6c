"""Pulse jobs of the vendor's client on the sandbox, and the same ones through ours.

Compiling circuits to pulses needs the settings of a real station's controllers, which no public
document holds; what a compiler makes is built by hand here, and everything after it is real.
"""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from exa.common.control.sweep.sweep import Sweep
from exa.common.data.parameter import Parameter
from exa.common.data.setting_node import Setting, SettingNode
from iqm.models.playlist import Segment
from iqm.models.playlist.channel_descriptions import ChannelDescription, IQChannelConfig
from iqm.models.playlist.instructions import Instruction, Wait
from iqm.models.playlist.playlist import Playlist
from iqm.station_control.client.serializers import serialize_run_definition
from iqm.station_control.interface.models import RunDefinition
from iqm.station_control.interface.models.sweep import SweepDefinition

READOUT = "QB1__readout.state"
SHOTS = 12


def playlist():
    """A schedule of one wait on one channel."""
    channel = ChannelDescription(IQChannelConfig(2e9), "QB1__drive.awg")
    segment = Segment()
    segment.add_to_segment(channel, Instruction(160, Wait()))
    found = Playlist(segments=[segment])
    found.add_channel(channel)
    return found


def run_definition():
    """A run over three amplitudes that returns every shot, and one number for each spot."""
    amplitude = Parameter("QB1.amplitude")
    shot = Parameter("shot")
    tree = SettingNode(
        "root", amplitude=Setting(amplitude, 0.1), readout=Setting(Parameter(READOUT), None)
    )
    return RunDefinition(
        run_id=uuid.uuid4(),
        username="someone",
        experiment_name="rabi",
        experiment_label="",
        options={},
        additional_run_properties={},
        software_version_set_id=0,
        hard_sweeps={READOUT: [(Sweep(parameter=shot, data=list(range(SHOTS))),)], "scalar": []},
        components=["QB1"],
        default_data_parameters=[READOUT],
        default_sweep_parameters=[],
        sweep_definition=SweepDefinition(
            sweep_id=uuid.uuid4(),
            dut_label="M000_W0_A00_Z00",
            settings=tree,
            sweeps=[(Sweep(parameter=amplitude, data=[0.1, 0.2, 0.3]),)],
            return_parameters=[READOUT, "scalar"],
            playlist=playlist(),
        ),
    )


def test_a_pulse_job_through_both_clients(client, ours):
    """Submitted, waited for, read back: sweep results, payload and data set, the same for both."""
    definition = run_definition()
    job = client.submit_playlist(definition, context={})
    job.wait_for_completion(polling_interval=0.02)
    assert str(job.status) == "completed"
    swept = job.result_sweep()
    assert [array.shape for array in swept[READOUT]] == [(SHOTS,)] * 3
    assert [array.shape for array in swept["scalar"]] == [(1,)] * 3
    again = client.get_job(job.job_id)
    assert again.payload().sweep_definition.playlist == definition.sweep_definition.playlist
    assert again.payload().sweep_definition.return_parameters == [READOUT, "scalar"]
    job_id = str(job.job_id)
    assert ours("jobs.get", job_id)["type"] == "run"
    found = ours("pulses.results", job_id)
    assert found.keys() == swept.keys()
    for name, arrays in swept.items():
        for mine, array in zip(found[name], arrays, strict=True):
            assert np.array_equal(np.array(mine["values"]).reshape(mine["shape"]), array)
    dataset = again.result_exa().dataset
    assert dict(dataset.sizes) == {"QB1.amplitude": 3, "shot": SHOTS}


def test_a_pulse_job_submitted_by_ours_is_read_by_the_vendors(client, ours):
    """What the vendor's serialiser writes is sent as it is, and its client takes it for its own."""
    definition = run_definition()
    content = serialize_run_definition(definition).SerializeToString()
    job_id = ours("pulses.submit", run_definition=content.hex(), tag="rabi")
    ours("jobs.wait", job_id)
    assert bytes.fromhex(ours("pulses.payload", job_id)) == content
    job = client.get_job(uuid.UUID(job_id))
    assert job.payload().run_id == definition.run_id
    assert job.payload().hard_sweeps.keys() == definition.hard_sweeps.keys()
    assert [len(array) for array in job.result_sweep()[READOUT]] == [SHOTS] * 3


def test_the_vendors_compiler_is_made_of_what_the_sandbox_serves(client, ours):
    """Settings, chip design and calibration set are what the compiler's constructor reads."""
    compiler = client.get_standard_compiler()
    assert compiler.dut_label == "M000_W0_A00_Z00"
    assert len(compiler.chip_topology.qubits) == 20
    settings = compiler.station_control_settings
    assert settings.find_by_name("options.playlist_repeats").value == 1000
    assert settings.find_by_name("options.end_delay").value == 3e-4
    assert bytes.fromhex(ours("pulses.settings"))
    design = ours("computers.chip_design")
    assert design["marking"]["chip_label"] == compiler.dut_label
    assert {q["name"] for q in design["content"]["components"]["qubit"]} == set(
        compiler.chip_topology.qubits
    )


@pytest.mark.parametrize("content", [b"nonsense", b"\n\x02id"])
def test_what_is_no_run_definition_is_refused(ours, content):
    """The server's code and words reach the user."""
    answer = ours.answer("pulses.submit", run_definition=content.hex())
    assert answer["error"] == "RejectedRequestError"
    assert "invalid_job_payload" in answer["message"]
