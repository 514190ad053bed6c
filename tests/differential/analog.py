"""Random sequences of pulses, and what pulser-simulation itself makes of them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from uuid import uuid4

import httpx
from hypothesis import strategies as st

from tests.differential.routes import Seen, _azure, _local, _sent, _told
from tests.differential.services import SHOTS, Azure, drawn

ONE = {"ground-rydberg": "r", "digital": "h"}


@dataclass(frozen=True)
class Step:
    """One operation: a pulse of a shape, or a delay; `variable` scales its amplitude."""

    channel: str
    shape: str
    duration: int
    amplitude: float
    detuning: float
    phase: float
    variable: str = ""
    target: int = 0


@dataclass(frozen=True)
class Analog:
    """A sequence, the values of its variables, and how it is emulated.

    Args:
        places: Where the atoms are, in micrometres.
        names: What they are called.
        steps: What happens.
        variables: Values by name; a tuple for an array, whose elements are used in turn.
        mappable: Whether the atoms get their places only with the values.
        basis: What is measured; empty to leave it to what is addressed.
        noise: Parameters of a noise model; none for no emulation options at all.
        modulated: Whether channels' bandwidth is emulated.
        energy: Whether the energy is asked for.
    """

    places: tuple[tuple[float, float], ...]
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    variables: tuple[tuple[str, float | tuple[float, ...]], ...]
    mappable: bool
    basis: str
    noise: tuple[tuple[str, float], ...] | None
    modulated: bool
    energy: bool


VARIABLES = ("omega", "δ", "amp_2", "x")
ATOMS = ("q0", "q1", "q2", "a", "b", "1", "atom é")


@st.composite
def analogs(draw):
    """Draw a sequence."""
    many = draw(st.integers(1, 3))
    gaps = [draw(st.sampled_from([5.5, 6.0, 8.0, 11.0])) for _ in range(many)]
    mappable = draw(st.integers(0, 4)) == 4
    names = draw(st.lists(st.sampled_from(ATOMS), min_size=many, max_size=many, unique=True))
    used = draw(st.lists(st.sampled_from(VARIABLES), max_size=2, unique=True))
    channels = draw(st.sampled_from([("g",), ("g",), ("d",), ("l", "g")]))
    steps = [_step(draw, channels, used, many) for _ in range(draw(st.integers(1, 4)))]
    # Each variable is used, so that each has a meaning.
    for name in used:
        if all(step.variable != name for step in steps):
            steps.append(Step(channels[0], "constant", 100, 1.5, 0.0, 0.0, name))
    values = tuple((name, _value(draw)) for name in used)
    noise = draw(st.sampled_from([None, None, "none", "spam", "dephasing"]))
    measured = {"d": "digital"}.get(channels[0], "ground-rydberg")
    basis = measured if draw(st.booleans()) else ""
    return Analog(
        tuple((round(sum(gaps[:n]), 2), 0.0) for n in range(many)),
        tuple(names) if not mappable else tuple(f"q{n}" for n in range(many)),
        tuple(steps),
        values,
        mappable,
        basis,
        None if noise is None else _noise(draw, noise),
        noise is not None and draw(st.booleans()),
        noise is not None and draw(st.booleans()),
    )


def _step(draw, channels, variables, many):
    shape = draw(st.sampled_from(["constant", "ramp", "blackman", "delay", "interpolated"]))
    return Step(
        draw(st.sampled_from(channels)),
        shape,
        draw(st.sampled_from([100, 152, 252])),
        draw(st.sampled_from([0.5, 2.0, 5.0, 9.0])),
        draw(st.sampled_from([-4.0, 0.0, 3.0])),
        draw(st.sampled_from([0.0, 1.0, 3.1])),
        draw(st.sampled_from(["", *variables])) if shape == "constant" else "",
        draw(st.integers(0, many - 1)),
    )


def _value(draw):
    numbers = st.sampled_from([0.5, 1.0, 3.0, 7])
    return draw(numbers) if draw(st.booleans()) else (draw(numbers), draw(numbers))


def _noise(draw, kind):
    if kind == "spam":
        rate = st.sampled_from([0.05, 0.2])
        return (("p_false_pos", draw(rate)), ("p_false_neg", draw(rate)))
    return {"dephasing": (("dephasing_rate", 1.5),)}.get(kind, ())


# What it is ---------------------------------------------------------------------------------------


def sequence_of(analog: Analog):
    """Build the sequence, its variables open."""
    from pulser import Register, Sequence
    from pulser.devices import MockDevice

    if analog.mappable:
        register = _layout().make_mappable_register(len(analog.places))
    else:
        register = Register(dict(zip(analog.names, analog.places, strict=True)))
    sequence = Sequence(register, MockDevice)
    kinds = {"g": "rydberg_global", "d": "raman_global", "l": "rydberg_local"}
    for channel in dict.fromkeys(step.channel for step in analog.steps):
        initial = {"initial_target": analog.names[0]} if channel == "l" else {}
        sequence.declare_channel(channel, kinds[channel], **initial)
    variables = {
        name: sequence.declare_variable(name, size=len(v) if isinstance(v, tuple) else None)
        for name, v in analog.variables
    }
    at: dict[str, int] = defaultdict(int)
    for step in analog.steps:
        if step.shape == "delay":
            sequence.delay(step.duration, step.channel)
            continue
        if step.channel == "l":
            sequence.target(analog.names[step.target], "l")
        amplitude = variables.get(step.variable, step.amplitude)
        if isinstance(value := dict(analog.variables).get(step.variable), tuple):
            # The elements of an array are used in turn.
            amplitude = amplitude[at[step.variable] % len(value)]
            at[step.variable] += 1
        sequence.add(_pulse(step, amplitude), step.channel)
    if analog.basis:
        sequence.measure(analog.basis)
    return sequence


def _pulse(step: Step, amplitude):
    from pulser import Pulse
    from pulser.waveforms import BlackmanWaveform, InterpolatedWaveform, RampWaveform

    long, detuning, phase = step.duration, step.detuning, step.phase
    if step.shape == "constant":
        return Pulse.ConstantPulse(long, amplitude, detuning, phase)
    if step.shape == "ramp":
        return Pulse.ConstantDetuning(RampWaveform(long, 0.0, amplitude), detuning, phase)
    if step.shape == "blackman":
        return Pulse.ConstantAmplitude(amplitude, BlackmanWaveform(long, detuning), phase)
    wave = InterpolatedWaveform(long, [0.1, amplitude, 0.2])
    return Pulse(wave, RampWaveform(long, -detuning, detuning), phase)


@cache
def _layout():
    from pulser.register.register_layout import RegisterLayout

    return RegisterLayout([(0.0, 0.0), (6.0, 0.0), (0.0, 7.0), (9.0, 9.0)], slug="four")


def values_of(analog: Analog):
    """The values of its variables, and of its atoms' traps."""
    values = dict(analog.variables)
    if analog.mappable:
        values["qubits"] = {name: 3 - n for n, name in enumerate(analog.names)}
    return values


def emulation_of(analog: Analog) -> str | None:
    """How it is emulated, as Pulser writes it down."""
    from pulser import NoiseModel
    from pulser.backend import BitStrings, EmulationConfig, Energy

    if analog.noise is None:
        return None
    extra = {"noise_model": NoiseModel(**dict(analog.noise))} if analog.noise else {}
    config = EmulationConfig(
        observables=[BitStrings(), *([Energy()] if analog.energy else [])],
        with_modulation=analog.modulated,
        **extra,
    )
    return config.to_abstract_repr()


def simulated(sequence, emulation: str | None) -> tuple[dict[str, float], float | None]:
    """What pulser-simulation itself says: probabilities, and the energy where it is asked for."""
    return _simulated(sequence.to_abstract_repr(), emulation)


@lru_cache
def _simulated(text, emulation):
    from pulser import Sequence
    from pulser.backend import Energy, StateResult
    from pulser.sampler import sample
    from pulser_simulation import QutipBackendV2, QutipConfig

    sequence = Sequence.from_abstract_repr(text)
    document = json.loads(emulation or "{}")
    noise = document.get("noise_model") or {}
    wanted = [StateResult(evaluation_times=[1.0]), Energy(evaluation_times=[1.0])]
    given = {}
    if rates := noise.get("dephasing_rate"):
        from pulser import NoiseModel

        given["noise_model"] = NoiseModel(dephasing_rate=rates)
        given["solver"] = "MasterEquation"
    modulated = bool(document.get("with_modulation"))
    config = QutipConfig(observables=wanted, with_modulation=modulated, **given)
    if sample(sequence).used_bases:
        results = QutipBackendV2(sequence, config=config).run()
        basis = sequence.get_measurement_basis() if sequence.is_measured() else None
        (only,) = {basis} if basis else sequence.get_addressed_bases()
        state = results.get_result("state", 1.0)
        found = dict(state.bitstring_probabilities(one_state=ONE[only]))
        energy = complex(results.get_result("energy", 1.0)).real
    else:
        # Pulser takes what drives nothing for the Rydberg basis, and refuses to measure another.
        atoms = len(sequence.register.qubit_ids)
        found = {format(n, f"0{atoms}b"): float(n == 0) for n in range(2**atoms)}
        energy = 0.0
    for place in range(len(next(iter(found)))):
        found = _misread(found, place, noise)
    asked = any(o.get("observable") == "energy" for o in document.get("observables", ()))
    return found, energy if asked else None


def _misread(shares, place, noise):
    """Let one atom be misread: the detector errs whatever the others show."""
    wrong = {"0": noise.get("p_false_pos") or 0.0, "1": noise.get("p_false_neg") or 0.0}
    found = defaultdict(float)
    for bits, share in shares.items():
        other = "1" if bits[place] == "0" else "0"
        flipped = bits[:place] + other + bits[place + 1 :]
        found[bits] += share * (1 - wrong[bits[place]])
        found[flipped] += share * wrong[bits[place]]
    return dict(found)


# Where it runs ------------------------------------------------------------------------------------


def _run(text: str, variables, emulation, shots: int):
    """Run what a service was sent: a sequence as text, values, and how it is emulated."""
    from pulser import Sequence

    sequence = Sequence.from_abstract_repr(text)
    if sequence.is_parametrized() or sequence.is_register_mappable():
        sequence = sequence.build(**variables)
    shares, _ = simulated(sequence, emulation)
    found = {tuple(map(int, bits)): share for bits, share in shares.items()}
    counts: dict[str, int] = defaultdict(int)
    for shot in drawn(found, shots):
        counts["".join(map(str, shot))] += 1
    return dict(counts)


class AzurePulser(Azure):
    """Azure Quantum with Pasqal's emulators behind it."""

    def _job(self, method, job_id, content):
        if method == "PUT":
            document = json.loads(content)
            place = re.sub(r"^https://[^/]+", "", document["inputDataUri"]).partition("?")[0]
            source = json.loads(self._blobs[place])
            params = document["inputParams"]
            counts = _run(
                source["sequence_builder"],
                params.get("variables") or {},
                source.get("emulation_config"),
                params["shots"],
            )
            self.output = {"counter": counts}
        return super()._job(method, job_id, content)


class Pasqal:
    """A Pasqal Cloud in memory that emulates."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.refused = None
        self._counts: dict[str, int] = {}

    def __call__(self, request):
        from tests.providers.pasqal.service import BASE, described
        from tests.wire.pasqal import service as canned

        path = request.url.path
        body = described(request)["body"]
        if request.method == "POST" and path.endswith("/batches"):
            self.sent.append(json.dumps(body))
            (job,) = body["jobs"]
            self._counts = _run(
                body["sequence_builder"],
                job.get("variables") or {},
                body.get("backend_configuration"),
                job["runs"],
            )
        if path.endswith("/download"):
            return httpx.Response(200, json={"counter": self._counts})
        return httpx.Response(200, json=canned.answer(request.method, path, BASE))


async def runs_of(analog: Analog):
    """The expected probabilities and energy, and what every route gave."""
    from quantum_async.models.submission import JobSpec
    from quantum_async.programs.objects import as_program
    from quantum_async.providers.azure.options import AzureOptions
    from quantum_async.providers.pasqal.options import PasqalOptions
    from quantum_async.simulation.options import SimulationOptions
    from tests.providers.pasqal.service import client as pasqal_client

    try:
        sequence = sequence_of(analog)
        values = values_of(analog)
        built = sequence.build(**values) if values else sequence
        emulation = emulation_of(analog)
        expected = simulated(built, emulation)
    except (ValueError, TypeError, RuntimeError) as error:
        return _told(error), {}
    program = as_program(sequence)
    azure, pasqal = AzurePulser(), Pasqal()
    ways = {
        "local": (_local(None), "pulser", SimulationOptions(seed=20, emulation=emulation), None),
        "azure": (_azure(azure), "pasqal.sim.emu-free", AzureOptions(emulation=emulation), azure),
        "pasqal": (pasqal_client(pasqal), "EMU_FREE", PasqalOptions(emulation=emulation), pasqal),
    }
    found = {}
    for route, (client, target, options, service) in ways.items():
        spec = JobSpec(uuid4().hex, program, SHOTS, values, options)
        found[route] = await _taken(client, target, spec, service)
    return expected, found


async def _taken(client, target, spec, service):
    from quantum_async.errors import InvalidInputError, QuantumAsyncError
    from quantum_async.models.submission import SubmitRequest

    try:
        async with client:
            await client.validate(spec, target)
            (job,) = await client.submit(SubmitRequest(uuid4().hex, target, (spec,)))
            if service is None:
                while not (await client.poll([job], wait=5.0))[job].status.is_terminal:
                    pass
            result = await client.fetch(job)
    except InvalidInputError as error:
        return Seen(refusal=_told(error), sent=_sent(service)), None
    except QuantumAsyncError as error:
        return Seen(error=_told(error), sent=_sent(service)), None
    except Exception as error:  # noqa: BLE001  anything else is a fault, which is told
        return Seen(error=f"bare {_told(error)}", sent=_sent(service)), None
    energy = result.expectation_values.get("energy")
    registers = tuple((name, 1) for name in result.atoms)
    return Seen(dict(result.counts), registers), None if energy is None else energy.value
