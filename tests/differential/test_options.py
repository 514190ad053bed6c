"""Random options on every client: each one is in what is sent, or it is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from hypothesis import strategies as st

from quantum_async.errors import InvalidInputError, QuantumAsyncError
from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest
from quantum_async.programs.objects import as_program
from quantum_async.providers.azure.options import AzureOptions
from quantum_async.providers.iqm.client import IQMClient
from quantum_async.providers.iqm.options import HeraldingMode, IQMOptions, MoveValidation
from quantum_async.providers.pasqal.emulators import EmuFreeConfig
from quantum_async.providers.pasqal.options import PasqalOptions
from tests.differential import routes, services
from tests.differential.exploring import explore
from tests.providers.iqm.test_legacy import Cocos
from tests.providers.pasqal.real import rabi
from tests.providers.pasqal.service import Service as Pasqal, client as pasqal_client, data

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]

CIRCUIT = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; rx(0.5) q[0]; measure q -> c;'
EMULATION = '{"marked": 4711}'


@dataclass(frozen=True)
class Given:
    """Options for a client.

    Args:
        client: Whose client is asked.
        values: The fields that are set.
        batch: The fields that were set for the open batch, where there is one.
    """

    client: str
    values: tuple[tuple[str, object], ...]
    batch: tuple[tuple[str, object], ...] | None = None


# For each client: what may be set, and the text that shows it in what is sent.
IQM = {
    "custom_settings": {'{"zz7": 31}': '"zz7"'},
    "calibration_set_id": {"44444444-0000-4000-8000-000000000009": "44444444"},
    "qubit_mapping": {(("0", "QB2"),): "QB2"},
    "max_circuit_duration_over_t2": {0.4375: "0.4375"},
    "heralding_mode": {HeraldingMode.ZEROS: '"zeros"'},
    "move_validation": {MoveValidation.ALLOW_PRX: '"allow_prx"'},
    "active_reset_cycles": {7: '"active_reset_cycles":7'},
    "dynamical_decoupling": {True: '"enabled"'},
    "tags": {("marked",): "marked"},
}
PASQAL = {
    "tags": {("marked",): "marked", ("other",): "other"},
    "emulation": {EMULATION: "4711"},
    "configuration": {EmuFreeConfig(with_noise=True): '"with_noise":true'},
    "device_type": {"EMU_MARK": "EMU_MARK"},
    "webhook": {"https://hook.example/a": "hook.example/a"},
}
AZURE = {
    "tags": {("marked",): "marked"},
    "name": {"called": "called"},
    "emulation": {EMULATION: "4711"},
    "params": {},
}
FIELDS = {"iqm": IQM, "iqm legacy": IQM, "pasqal": PASQAL, "pasqal batch": PASQAL, "azure": AZURE}
KINDS = {"iqm": IQMOptions, "pasqal": PasqalOptions, "azure": AzureOptions}


@st.composite
def givens(draw, client):
    """Draw options."""

    def values():
        fields = FIELDS[client]
        names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True))
        return tuple((n, draw(st.sampled_from(list(fields[n])))) for n in names if fields[n])

    if client != "pasqal batch":
        return Given(client, values())
    batch = values()
    # Often the same, and often nearly the same.
    chosen = batch if draw(st.booleans()) else values()
    return Given(client, chosen, batch)


async def sent(given: Given) -> str | InvalidInputError:
    """Submit with options: all that was sent as one text, or the refusal."""
    kind = KINDS[given.client.split()[0]]
    try:
        return await _SENDERS[given.client](given, kind)
    except InvalidInputError as error:
        return error


async def _iqm(given, kind):
    service = services.Iqm()
    async with routes._iqm(service) as client:
        await _submitted(client, "golden:mock", as_program(CIRCUIT), kind(**dict(given.values)))
    return "".join(service.sent)


async def _legacy(given, kind):
    server = Cocos()
    options = routes._options(server)
    async with IQMClient("https://iqm.example", token="any", options=options) as client:
        device = (await client.devices())[0].name
        await _submitted(client, device, as_program(CIRCUIT), kind(**dict(given.values)))
    return json.dumps(server.body, separators=(",", ":"))


async def _azure(given, kind):
    service = services.Azure()
    service.output = {"counter": {"00": 1}}
    async with routes._azure(service) as client:
        options = kind(**dict(given.values))
        await _submitted(client, "pasqal.sim.emu-free", rabi(), options, {"omega": 2.0})
    return "".join(service.sent)


async def _pasqal(given, kind):
    service = Pasqal()
    told = []
    service.always("GET", "/jobs", lambda _: data([], pagination={"total": 0, "end": 0}))
    async with pasqal_client(service) as client:
        batch = None
        if given.batch is not None:
            request = BatchRequest("b", "EMU_FREE", rabi(), options=kind(**dict(given.batch)))
            try:
                batch = await client.open_batch(request)
            except InvalidInputError:
                return ""
        options = kind(**dict(given.values))
        await _submitted(client, "EMU_FREE", rabi(), options, {"omega": 2.0}, batch)
    told = [json.dumps(r["body"], separators=(",", ":")) for r in service.requests if r["body"]]
    return "".join(told).replace('\\"', '"')


_SENDERS = {
    "iqm": _iqm,
    "iqm legacy": _legacy,
    "azure": _azure,
    "pasqal": _pasqal,
    "pasqal batch": _pasqal,
}


async def _submitted(client, device, program, options, variables=None, batch=None):  # noqa: PLR0917
    spec = JobSpec(uuid4().hex, program, 10, variables or {}, options)
    await client.validate(spec, device)
    await client.submit(SubmitRequest(uuid4().hex, device, (spec,), batch))


async def outcome(given: Given):
    """Say what became of options: what was sent, the refusal, or another error."""
    try:
        found = await sent(given)
    except (QuantumAsyncError, httpx.HTTPError) as error:
        return "error", f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001  a bare error is a fault, which is told
        return "bare", f"{type(error).__name__}: {error}"
    if isinstance(found, InvalidInputError):
        return "refused", f"{type(found).__name__}: {found}"
    return "sent", found


@pytest.mark.parametrize("client", FIELDS)
def test_an_option_is_carried_or_refused(apart, client):
    """Nothing that was asked for is dropped without a word; what agrees with a batch passes."""

    def check(given, tally):
        word, told = apart(outcome, given)
        assert word in {"sent", "refused"}, f"{word} {told}; {given}"
        tally.compared += 1
        if word == "refused":
            same = given.batch is not None and given.batch == given.values
            assert not same, f"equal options were refused: {told}; {given}"
            tally.refuse(told)
            return
        if not told:
            # There is no such batch.
            return
        for name, value in given.values:
            mark = FIELDS[given.client][name][value]
            assert mark in told, f"{name} was dropped: {given}: {told[:2000]}"
        _check_batch(given)

    explore(f"options {client}", givens(client), check, least=0.9)


def _check_batch(given):
    """What only the job asks for cannot be carried by a batch that is open with something else."""
    if given.batch is None:
        return
    batch = dict(given.batch)
    for name, value in given.values:
        # The batch was sent with its own value, so the other one was taken for nothing.
        assert batch.get(name, value) == value, f"{name} differs and was not refused: {given}"


def test_options_of_another_client_are_carried_or_refused(apart):
    """Every class of options on every client."""
    shared = {"tags": {("marked",): "marked"}, "emulation": {EMULATION: "4711"}}
    strategy = st.tuples(
        st.sampled_from(sorted(_SENDERS)),
        st.sampled_from([IQMOptions, PasqalOptions, AzureOptions, RunOptions]),
        st.sampled_from(sorted(shared)),
    )

    def check(drawn, tally):
        client, kind, name = drawn
        if name not in kind.__dataclass_fields__:
            tally.compared += 1
            return
        value, mark = next(iter(shared[name].items()))
        given = Given(client, ((name, value),), () if client == "pasqal batch" else None)
        word, told = apart(foreign, given, kind)
        assert word in {"sent", "refused"}, f"{word} {told}; {drawn}"
        assert word == "refused" or mark in told, f"{name} was dropped: {drawn}: {told[:1000]}"
        tally.compared += 1

    explore("foreign options", strategy, check, least=0.9)


async def foreign(given, kind):
    """Submit with options of another client."""
    try:
        found = await _SENDERS[given.client](given, kind)
    except InvalidInputError as error:
        return "refused", f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001  as in `outcome`
        return "bare", f"{type(error).__name__}: {error}"
    return "sent", found
