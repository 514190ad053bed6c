"""Options of IQM: words for enumerations, and what an interface has no place for."""

from __future__ import annotations

import pytest

from quantum_async.errors import InvalidOptionError
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.providers.iqm.options import (
    DDSequence,
    DDStrategy,
    HeraldingMode,
    IQMOptions,
    MoveFrameTracking,
    MoveValidation,
)
from tests.providers.iqm.service import client
from tests.providers.iqm.test_legacy import FLIP, Cocos


def job(**options) -> JobSpec:
    """A job with these options."""
    return JobSpec("k", FLIP.program(), 1, options=IQMOptions(**options))


def test_words_are_taken_for_their_enumeration():
    """By value or by name, in either case."""
    options = IQMOptions(
        heralding_mode="ZEROS", move_validation="none", move_frame_tracking="No_Detuning_Correction"
    )
    assert options.heralding_mode is HeraldingMode.ZEROS
    assert options.move_validation is MoveValidation.NONE
    assert options.move_frame_tracking is MoveFrameTracking.NO_DETUNING_CORRECTION


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"move_validation": "lax"}, "'strict' or 'allow_prx' or 'none'"),
        ({"move_frame_tracking": None}, "'full'"),
        ({"transpile": "yes"}, "True or False"),
        ({"active_reset_cycles": 1.5}, "a whole number"),
        ({"optimization_level": True}, "a whole number"),
        ({"tags": "exp"}, "a tuple of"),
        ({"seed": "7"}, "a whole number"),
        ({"qubit_mapping": {0: "QB1"}}, "a mapping"),
        ({"dynamical_decoupling": "on"}, "True or False"),
    ],
)
def test_other_words_and_types_are_refused_at_construction(options, wanted):
    """With the field's name, its value, and what fits."""
    with pytest.raises(InvalidOptionError, match=f"IQMOptions.{next(iter(options))}") as caught:
        IQMOptions(**options)
    assert wanted in caught.value.remedy


def test_configurations_within_options_are_checked_as_well():
    """A list becomes a tuple, so that options can be compared and hashed."""
    strategy = DDStrategy(sequences=[DDSequence(5, "XX", "center")], target_qubits=["QB1"])
    assert hash(IQMOptions(dynamical_decoupling=strategy))
    with pytest.raises(InvalidOptionError, match="placement"):
        DDSequence(5, "XX", "middle")
    with pytest.raises(InvalidOptionError, match="sequences"):
        DDStrategy(sequences=["XX"])


def test_a_level_of_optimization_needs_the_transpiler():
    """Without it nobody would look at the level."""
    with pytest.raises(InvalidOptionError, match="optimization_level=3 without transpile"):
        IQMOptions(optimization_level=3)


async def test_custom_settings_are_refused_on_iqm_server(iqm, service):
    """It has no place for them: nothing is sent, by `validate` and by `submit` alike."""
    with pytest.raises(InvalidOptionError, match=r"IQM Server cannot carry IQMOptions\.custom_set"):
        await iqm.validate(job(custom_settings="{}"), "golden:mock")
    with pytest.raises(InvalidOptionError, match="custom_settings"):
        await iqm.submit(SubmitRequest("k", "golden:mock", (job(custom_settings="{}"),)))
    with pytest.raises(InvalidOptionError, match="custom_settings"):
        await iqm.submit_circuits([FLIP], custom_settings={"a": 1})
    assert not [line for line in service.lines if line.startswith("POST")]


@pytest.mark.parametrize("settings", ["{a", "[]", ""])
async def test_custom_settings_are_a_json_object(settings):
    """On the older interface, which has them; nothing is sent otherwise."""
    server = Cocos()
    async with client(server) as iqm:
        with pytest.raises(InvalidOptionError, match="custom_settings cannot be used"):
            await iqm.validate(job(custom_settings=settings), "demo")
        with pytest.raises(InvalidOptionError, match="custom_settings cannot be used"):
            await iqm.submit(SubmitRequest("k", "demo", (job(custom_settings=settings),)))
    assert server.requests == []


async def test_a_program_in_iqms_own_form_is_not_transpiled(iqm):
    """It is sent as it is, so that asking for more is refused."""
    with pytest.raises(InvalidOptionError, match=r"IQMOptions\.transpile"):
        await iqm.validate(job(transpile=True), "golden:mock")
