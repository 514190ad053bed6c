"""Pulser sequences: variables, bases, limits, noise."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from pulser import NoiseModel, Pulse, Register, Sequence
from pulser.backend import BitStrings, EmulationConfig, Energy, Occupation, Results
from pulser.devices import AnalogDevice, MockDevice
from pulser.waveforms import ConstantWaveform, InterpolatedWaveform

from quantum_async.errors import (
    DeviceLimitError,
    InvalidOptionError,
    NoMeasurementError,
    ProgramError,
    UnboundParametersError,
)
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.run import simulate, validate
from tests.simulation.jobs import job
from tests.simulation.sequences import FAR, mappable, pi_pulse, rabi, row


def emulated(sequence, text, shots=200, seed=1, **variables):
    options = SimulationOptions(seed=seed, emulation=text)
    return simulate(job(sequence, shots, variables, chosen=options), "pulser")


@pytest.mark.parametrize("omega", [1.0, 5.0, 10.0, 20.0])
def test_a_driven_atom_oscillates_as_theory_says(omega):
    """The excited fraction is sin²(Ωt/2) within five standard errors."""
    result = simulate(job(rabi(atoms=2, duration=200), 1000, {"omega": omega}, seed=1), "pulser")
    expected = math.sin(omega * 0.2 / 2) ** 2
    error = math.sqrt(max(expected * (1 - expected), 1e-4) / 2000)
    assert abs(result.excited_fraction() - expected) < 5 * error


def test_array_variables_are_bound():
    """An array takes a tuple, and its shape is checked before anything runs."""
    sequence = Sequence(row("a"), MockDevice)
    values = sequence.declare_variable("values", size=3)
    sequence.declare_channel("channel", "rydberg_global")
    wave = InterpolatedWaveform(400, values)
    sequence.add(Pulse(wave, ConstantWaveform(400, 0.0), 0.0), "channel")
    area = 0.4 * 10
    result = simulate(job(sequence, 500, {"values": (10.0, 10.0, 10.0)}, seed=1), "pulser")
    assert result.excited_fraction() == pytest.approx(math.sin(area / 2) ** 2, abs=0.1)
    with pytest.raises(UnboundParametersError, match="3 numbers") as caught:
        validate(job(sequence, 5, {"values": (1.0, 2.0)}), "pulser")
    assert caught.value.names == ("values",)


@pytest.mark.parametrize(
    ("variables", "names"),
    [({}, ("omega",)), ({"omega": 1.0, "delta": 2.0}, ("delta",)), ({"omega": "x"}, ("omega",))],
)
def test_variables_that_do_not_match_are_named(variables, names):
    """Missing, unknown and misshapen values are refused by name."""
    with pytest.raises(UnboundParametersError) as caught:
        validate(job(rabi(), 5, variables), "pulser")
    assert caught.value.names == names


@pytest.mark.parametrize("mapping", [{}, 3, (1, 2)])
def test_qubits_map_to_traps(mapping):
    """An empty mapping, a number or a list is refused with what is meant."""
    with pytest.raises(UnboundParametersError, match="must map qubits to traps"):
        validate(job(mappable(), 5, {"qubits": mapping}), "pulser")


def test_a_mappable_register_needs_its_qubits():
    """The mapping is a variable like any other; a trap that is not there is a limit."""
    with pytest.raises(UnboundParametersError) as caught:
        validate(job(mappable()), "pulser")
    assert caught.value.names == ("qubits",)
    with pytest.raises(DeviceLimitError):
        validate(job(mappable(), 5, {"qubits": {"q0": 0, "q1": 99}}), "pulser")


def test_the_xy_basis_runs():
    """A microwave pulse flips an atom that interacts with nobody."""
    sequence = Sequence(Register({"a": (0, 0)}), MockDevice)
    sequence.declare_channel("channel", "mw_global")
    sequence.add(Pulse.ConstantPulse(500, 2 * math.pi, 0.0, 0.0), "channel")
    assert simulate(job(sequence, 10, seed=1), "pulser").counts == {"1": 10}


@pytest.mark.parametrize("noise", [None, NoiseModel(p_false_pos=0.0, p_false_neg=0.1)])
@pytest.mark.parametrize("amplitude", [None, 0.0])
def test_atoms_that_nothing_drives_stay_where_they_are(amplitude, noise):
    """In the digital basis too, as at the first point of a sweep that begins at no amplitude."""
    register = Register.from_coordinates([(0.0, 0.0), (8.0, 0.0)], prefix="q")
    sequence = Sequence(register, MockDevice)
    sequence.declare_channel("raman", "raman_local", initial_target="q0")
    if amplitude is None:
        sequence.delay(100, "raman")
    else:
        sequence.add(Pulse.ConstantPulse(100, amplitude, 0.0, 0.0), "raman")
    sequence.measure("digital")
    text = noise.to_abstract_repr() if noise is not None else None
    assert dict(emulated(sequence, text).counts) == {"00": 200}


def test_a_detuning_map_keeps_its_atoms_down():
    """A weighted detuning shifts one atom out of resonance."""
    register = Register({"a": (0, 0), "b": (FAR, 0)})
    sequence = Sequence(register, MockDevice)
    sequence.config_detuning_map(register.define_detuning_map({"b": 1.0}), "dmm_0")
    sequence.declare_channel("channel", "rydberg_global")
    sequence.add_dmm_detuning(ConstantWaveform(500, -200.0), "dmm_0")
    pulse = Pulse.ConstantPulse(500, 2 * math.pi, 0.0, 0.0)
    sequence.add(pulse, "channel", protocol="no-delay")
    assert simulate(job(sequence, 50, seed=1), "pulser").most_common(1)[0][0] == "10"


def test_two_bases_need_a_measurement():
    """With both bases addressed the one that is measured decides the counts."""
    sequence = Sequence(row("a"), MockDevice)
    sequence.declare_channel("ising", "rydberg_local", initial_target="a")
    sequence.declare_channel("raman", "raman_local", initial_target="a")
    sequence.add(Pulse.ConstantPulse(500, 2 * math.pi, 0.0, 0.0), "raman")
    unmeasured = Program(sequence.to_abstract_repr(), ProgramFormat.PULSER)
    with pytest.raises(NoMeasurementError):
        validate(job(unmeasured), "pulser")
    sequence.measure("digital")
    assert simulate(job(sequence, 10, seed=1), "pulser").counts == {"1": 10}


def test_a_sequence_beyond_its_device_is_refused():
    """The device's own limits hold for the values of variables too."""
    register = Register.from_coordinates([(0, 0), (6, 0)], prefix="q")
    sequence = Sequence(register.with_automatic_layout(AnalogDevice), AnalogDevice)
    omega = sequence.declare_variable("omega")
    sequence.declare_channel("channel", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(200, omega, 0.0, 0.0), "channel")
    validate(job(sequence, 5, {"omega": 6.0}), "pulser")
    with pytest.raises(DeviceLimitError, match="amplitude") as caught:
        validate(job(sequence, 5, {"omega": 1000.0}), "pulser")
    assert caught.value.remedy


def test_too_many_atoms_are_refused():
    """Before memory runs out, the error says how many atoms fit."""
    with pytest.raises(DeviceLimitError, match="60 atoms"):
        validate(job(rabi(atoms=60), 5, {"omega": 1.0}), "pulser")


def test_a_sequence_that_does_nothing_is_refused():
    """An empty sequence is a mistake, not a result of zeros."""
    sequence = Sequence(row("a"), MockDevice)
    sequence.declare_channel("channel", "rydberg_global")
    program = Program(sequence.to_abstract_repr(), ProgramFormat.PULSER)
    with pytest.raises(ProgramError, match="nothing"):
        validate(job(program), "pulser")


def test_pauli_observables_are_for_circuits():
    """The error names what sequences use instead."""
    with pytest.raises(InvalidOptionError) as caught:
        validate(job(pi_pulse("a"), observables=("ZZZ",)), "pulser")
    assert "emulation" in caught.value.remedy


def test_the_emulation_configuration_is_obeyed():
    """Observables are computed, and Pulser's own results are kept whole."""
    config = EmulationConfig(
        observables=[Occupation(evaluation_times=[0.5, 1.0]), Energy(), BitStrings(num_shots=7)]
    )
    result = emulated(pi_pulse("b"), config.to_abstract_repr(), shots=50)
    assert result.counts == {"010": 50}
    assert result.expectation_values["energy"].value == pytest.approx(0.0, abs=1e-3)
    kept = Results.from_abstract_repr(result.raw)
    assert kept.occupation[1] == pytest.approx([0.0, 1.0, 0.0], abs=1e-3)
    assert sum(kept.final_bitstrings.values()) == 7


def test_a_noise_model_alone_is_enough():
    """Detection errors of a half flip half of the outcomes."""
    noise = NoiseModel(p_false_neg=0.5).to_abstract_repr()
    result = emulated(pi_pulse("b"), noise, shots=400)
    assert set(result.counts) == {"000", "010"}
    assert abs(result.counts["010"] - 200) < 5 * 10


def test_stochastic_noise_keeps_the_number_of_shots():
    """Trajectories share the shots that were asked for."""
    noise = NoiseModel(temperature=1000.0, trap_waist=1.0, trap_depth=150.0)
    config = EmulationConfig(
        observables=[BitStrings()], noise_model=noise, n_trajectories=5
    ).to_abstract_repr()
    result = emulated(rabi(2), config, shots=33, omega=5.0)
    assert sum(result.counts.values()) == result.shots == 33


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"observables": 3}', '{"noise_types": ["x"]}'])
def test_a_malformed_configuration_is_refused(text):
    """The error names the option and the remedy."""
    with pytest.raises(InvalidOptionError, match="emulation configuration") as caught:
        emulated(pi_pulse("a"), text)
    assert "to_abstract_repr" in caught.value.remedy


def test_a_seeded_monte_carlo_solver_is_refused():
    """It draws its own seeds, so a promise to repeat itself would be empty."""
    config = json.loads(
        EmulationConfig(
            observables=[BitStrings()], noise_model=NoiseModel(dephasing_rate=0.1)
        ).to_abstract_repr()
    )
    text = json.dumps({**config, "solver": "MonteCarlo"})
    with pytest.raises(InvalidOptionError, match="Monte-Carlo"):
        emulated(pi_pulse("a"), text)
    assert sum(emulated(pi_pulse("a"), text, shots=9, seed=None).counts.values()) == 9


def test_noise_asks_for_a_process_of_its_own():
    """It borrows numpy's global random state, which belongs to the user."""
    options = SimulationOptions(emulation=NoiseModel(p_false_neg=0.5).to_abstract_repr())
    assert validate(job(pi_pulse("a"), chosen=options), "pulser").effort.is_private
    assert not validate(job(pi_pulse("a")), "pulser").effort.is_private


def test_numpy_integers_are_shots():
    """Shots computed with numpy are whole numbers too."""
    assert simulate(job(pi_pulse("a"), np.int64(4)), "pulser").counts == {"100": 4}
