"""Options on every client: each is carried or refused by name, and never dropped."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import pytest
from pulser import Pulse, Sequence
from pulser.devices import AnalogDevice

import quantum_async as qa
from quantum_async.errors import InvalidOptionError
from quantum_async.models.fields import types_of
from quantum_async.models.options import is_given
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import EmulationOptions, JobSpec, RunOptions, SubmitRequest
from quantum_async.programs.objects import as_program
from quantum_async.providers.azure.filters import ItemFilters
from quantum_async.providers.azure.options import AzureOptions
from quantum_async.providers.iqm.options import DDSequence, DDStrategy, IQMOptions
from quantum_async.providers.pasqal.emulators import EmuFreeConfig, EmulatorConfig, EmuTNConfig
from quantum_async.providers.pasqal.filters import BatchFilters, JobFilters
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.qoro.options import (
    DeviceConfig,
    ExecutionConfig,
    JobConfig,
    MaestroConfig,
    QoroOptions,
)
from quantum_async.simulation.options import SimulationOptions
from tests.providers.azure import service as azure
from tests.providers.iqm import service as iqm
from tests.providers.iqm.test_legacy import FLIP, Cocos
from tests.providers.pasqal import service as pasqal
from tests.providers.pasqal.real import driven
from tests.providers.qoro import service as qoro

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.base import ProviderClient

CLIENTS = (qa.LocalClient, qa.PasqalClient, qa.AzureClient, qa.IQMClient, qa.QoroClient)
KINDS = (
    RunOptions,
    EmulationOptions,
    SimulationOptions,
    PasqalOptions,
    AzureOptions,
    IQMOptions,
    QoroOptions,
)
BLIND = json.dumps({"noise_model": None, "observables": []})
EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "seed": {"seed": 7},
    "observables": {"observables": ("ZZ",)},
    "tags": {"tags": ("mine",)},
    "tag": {"tag": "mine"},
    "emulation": {"emulation": BLIND},
    "noise_model": {"noise_model": '{"errors": []}'},
    "configuration": {"configuration": EmuFreeConfig(with_noise=True)},
    "device_type": {"device_type": "EMU_SV"},
    "webhook": {"webhook": "https://example.com/hook"},
    "name": {"name": "mine"},
    "form": {"form": "native"},
    "priority": {"priority": "High"},
    "params": {"params": {"noise-model": "aria-1"}},
    "qubit_mapping": {"qubit_mapping": {"QB1": "QB2", "QB2": "QB1"}},
    "calibration_set_id": {"calibration_set_id": "11111111-0000-4000-8000-000000000002"},
    "max_circuit_duration_over_t2": {"max_circuit_duration_over_t2": 0.5},
    "heralding_mode": {"heralding_mode": "zeros"},
    "move_validation": {"move_validation": "allow_prx"},
    "move_frame_tracking": {"move_frame_tracking": "none"},
    "active_reset_cycles": {"active_reset_cycles": 2},
    "dynamical_decoupling": {"dynamical_decoupling": True},
    "use_timeslot": {"use_timeslot": True},
    "transpile": {"transpile": True},
    "optimization_level": {"transpile": True, "optimization_level": 0},
    "custom_settings": {"custom_settings": '{"a": 1}'},
    "checked": {"checked": False},
    "use_packing": {"use_packing": True},
    "maestro": {"maestro": MaestroConfig(max_bond_dimension=4)},
    "execution": {"execution": ExecutionConfig(bond_dimension=4)},
    "device": {"device": DeviceConfig({"TRANSPILE_LEVEL": 1})},
}
"""For every option that there is, options in which it is given."""

EVERY_OPTION = [(kind, item.name) for kind in KINDS for item in fields(kind)]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("kind", "name"), EVERY_OPTION, ids=[f"{kind.__name__}.{name}" for kind, name in EVERY_OPTION]
)
def test_options_of_each_class_are_carried_or_refused_by_each_client(client, kind, name):
    """What means the same goes along; the rest is refused with option, class and client."""
    options = kind(**EXAMPLES[name])
    assert is_given(options, name), "the example says nothing"
    opened = client(url="https://iqm.example") if client is qa.IQMClient else client()
    try:
        own = opened.options_of(options)
    except InvalidOptionError as refusal:
        assert client.name in str(refusal)
        assert any(f"{kind.__name__}.{given}" in str(refusal) for given in EXAMPLES[name])
        assert opened.options_class.__name__ in refusal.remedy
        assert not issubclass(kind, opened.options_class), "its own options were refused"
    else:
        assert isinstance(own, opened.options_class)
        assert getattr(own, name) == getattr(options, name)


@pytest.mark.parametrize(
    "kind",
    [
        *KINDS, DDSequence, DDStrategy, EmulatorConfig, EmuFreeConfig, EmuTNConfig,
        ExecutionConfig, MaestroConfig, DeviceConfig, JobConfig,
        ItemFilters, JobFilters, BatchFilters,
    ],
    ids=lambda kind: kind.__name__,
)  # fmt: skip
def test_every_field_is_checked_where_it_is_made(kind):
    """No type is known to checkers alone, and a value of a foreign type is refused by name."""
    needed = {"length": 1, "gates": "XX"} if kind is DDSequence else {}
    for name, hint in types_of(kind).items():
        assert "Any" not in str(hint).replace("Mapping[str, typing.Any]", ""), name
        with pytest.raises(InvalidOptionError, match=f"{name}|status"):
            kind(**{**needed, name: object()})


# -- routes: what is on the wire with an option and without it


BELL = Program(
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; '
    "measure q -> c;",
    ProgramFormat.QASM2,
)
TWICE = Program(
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; h q[0]; h q[0]; measure q -> c;',
    ProgramFormat.QASM2,
)
QIR = Program("the text of an LLVM module", ProgramFormat.QIR)
SEQUENCE = as_program(driven())
BARE = Program(
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0],q[1];', ProgramFormat.QASM2
)


@dataclass(frozen=True)
class Route:
    """A way to a device.

    Args:
        service: Makes the service in memory.
        client: Makes its client.
        target: The device.
        program: What is run.
        programs: What is run instead where an option is for another kind of program.
    """

    service: type
    client: object
    target: str
    program: Program
    programs: Mapping[str, Program] | None = None

    async def sent(self, name: str, options: RunOptions) -> object:
        """Submit a job with these options, and list what was written to the service."""
        service = self.service()
        program = (self.programs or {}).get(name, self.program)
        variables = {"omega": 6.0} if program is SEQUENCE else {}
        job = JobSpec("0" * 32, program, 10, variables, options)
        async with self.client(service) as client:
            await self._submit(client, job)
        if isinstance(service, Cocos):
            return service.requests, service.body
        return [self._written(request) for request in service.requests]

    async def _submit(self, client: ProviderClient, job: JobSpec) -> None:
        request = SubmitRequest("1" * 32, self.target, (job,))
        try:
            await client.validate(job, self.target)
        except InvalidOptionError:
            with pytest.raises(InvalidOptionError):
                await client.submit(request)
            raise
        await client.submit(request)

    def _written(self, request: object) -> str:
        if isinstance(request, dict):
            return json.dumps(request, sort_keys=True, default=str)
        return f"{request.method} {request.url} {request.content!r}"


def _placed() -> Program:
    """A sequence whose atoms are in the traps of a layout, as a QPU has them."""
    layout = AnalogDevice.pre_calibrated_layouts[0]
    sequence = Sequence(layout.define_register(0, 60), AnalogDevice)
    sequence.declare_channel("g", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(100, 1.0, 0.0, 0.0), "g")
    sequence.measure()
    return as_program(sequence)


PLACED = _placed()


def _ovh(service: pasqal.Service):
    return pasqal.client(service, endpoints=pasqal.endpoints(is_ovh=True))


ON_CHIP = Program(FLIP.program().payload, ProgramFormat.IQM)
TRANSPILED = {"transpile": TWICE, "optimization_level": TWICE}
ROUTES = {
    "pasqal-qpu": Route(pasqal.Service, pasqal.client, "FRESNEL", PLACED),
    "pasqal-mps": Route(pasqal.Service, pasqal.client, "EMU_MPS", SEQUENCE),
    "pasqal-free": Route(pasqal.Service, pasqal.client, "EMU_FREE", SEQUENCE),
    "pasqal-tn": Route(pasqal.Service, pasqal.client, "EMU_TN", SEQUENCE),
    "pasqal-ovh": Route(pasqal.Service, _ovh, "EMU_FREE", SEQUENCE),
    "azure-circuit": Route(azure.Service, azure.client_of, "ionq.simulator", BELL),
    "azure-qir": Route(azure.Service, azure.client_of, "rigetti.sim.qvm", QIR),
    "azure-emulator": Route(azure.Service, azure.client_of, "pasqal.sim.emu-mps", SEQUENCE),
    "iqm-v1": Route(iqm.Service, iqm.client, "golden:mock", ON_CHIP, TRANSPILED),
    "iqm-legacy": Route(Cocos, iqm.client, "demo", FLIP.program(), TRANSPILED),
    "qoro-simulator": Route(qoro.Service, qoro.client, "qoro_maestro", BELL, {"observables": BARE}),
    "qoro-qpu": Route(qoro.Service, qoro.client, "lab_qpu", BELL),
}
REFUSED = {
    "pasqal-qpu": {"observables", "emulation", "configuration"},
    "pasqal-mps": {"observables", "configuration"},
    "pasqal-free": {"observables"},
    "pasqal-tn": {"observables", "emulation", "configuration"},
    "pasqal-ovh": {"observables", "tags"},
    "azure-circuit": {"observables", "emulation"},
    "azure-qir": {"observables", "emulation", "form"},
    "azure-emulator": {"observables", "form"},
    "iqm-v1": {"observables", "custom_settings"},
    "iqm-legacy": {"observables", "tags", "use_timeslot"},
    "qoro-simulator": {"device"},
    "qoro-qpu": {"observables", "maestro", "execution"},
}
WISHES = {"seed"}
"""Options that are taken everywhere, and of no effect where nobody knows them."""

ROUTE_OPTIONS = [
    (route, item.name)
    for route, kind in {
        name: next(c for c in CLIENTS if c.name == name.partition("-")[0]).options_class
        for name in ROUTES
    }.items()
    for item in fields(kind)
]


def _example(route: str, name: str) -> tuple[RunOptions, RunOptions]:
    client = next(c for c in CLIENTS if c.name == route.partition("-")[0])
    options = client.options_class(**EXAMPLES[name])
    default = getattr(client.options_class(), name)
    if name == "transpile":
        return options, replace(options, transpile=False)
    return options, replace(options, **{name: default})


@pytest.mark.parametrize(
    ("route", "name"), ROUTE_OPTIONS, ids=[f"{route}-{name}" for route, name in ROUTE_OPTIONS]
)
async def test_an_option_changes_what_is_sent_or_is_refused(route, name):
    """Refused by `validate` and by `submit`, with its name; else the service is told of it."""
    options, without = _example(route, name)
    if name in REFUSED[route]:
        with pytest.raises(InvalidOptionError, match=f"{type(options).__name__}.{name}"):
            await ROUTES[route].sent(name, options)
        return
    told = await ROUTES[route].sent(name, options)
    if name in WISHES:
        return
    try:
        untold = await ROUTES[route].sent(name, without)
    except qa.InvalidInputError:
        # The program runs with the option alone: it was not dropped.
        return
    assert told != untold
