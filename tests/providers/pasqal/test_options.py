"""Options and filters of Pasqal: those of an open batch, Pulser's objects, words of statuses."""

from __future__ import annotations

import pytest
from pulser import NoiseModel
from pulser.backend import BitStrings, EmulationConfig, Occupation

import quantum_async as qa
from quantum_async.errors import InvalidInputError, InvalidOptionError
from quantum_async.models.job import JobStatus
from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest
from quantum_async.providers.pasqal.emulators import EmuFreeConfig
from quantum_async.providers.pasqal.filters import BatchFilters, JobFilters, RebatchFilters
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.pasqal.wire import PasqalBatchStatus, PasqalJobStatus, QueuePriority
from quantum_async.simulation.options import SimulationOptions
from tests.providers.pasqal.real import rabi
from tests.providers.pasqal.service import canned, data
from tests.providers.pasqal.test_additions import Remote


def config() -> EmulationConfig:
    """A configuration made anew, with ids of its own."""
    return EmulationConfig(observables=[BitStrings(num_shots=100), Occupation()])


def job(options: RunOptions) -> JobSpec:
    """A job of the drive."""
    return JobSpec("k", rabi(), 10, {"omega": 6.0}, options)


@pytest.fixture(autouse=True)
def remote(service):
    """A batch at the service, which takes jobs."""
    return Remote(service)


async def opened(pasqal, options: RunOptions, target: str = "EMU_MPS"):
    """Open a batch with these options."""
    return await pasqal.open_batch(BatchRequest("b" * 32, target, rabi(), options=options))


async def added(pasqal, batch, options: RunOptions, target: str = "EMU_MPS") -> None:
    """Add one job to a batch."""
    await pasqal.submit(SubmitRequest("k" * 32, target, (job(options),), batch))


def test_pulsers_configuration_is_taken_as_it_is():
    """It becomes its abstract representation, on every class that has an emulation."""
    for kind in (PasqalOptions, qa.AzureOptions, SimulationOptions):
        made = config()
        assert kind(emulation=made).emulation == made.to_abstract_repr()
        with pytest.raises(InvalidOptionError, match=f"{kind.__name__}.emulation"):
            kind(emulation=object())
        with pytest.raises(InvalidOptionError, match="cannot be used"):
            kind(emulation="noise")


def test_a_noise_model_alone_is_for_our_own_simulator():
    """The clouds read whole configurations; the remedy says how to make one."""
    noise = NoiseModel(p_false_pos=0.1)
    assert SimulationOptions(emulation=noise).emulation == noise.to_abstract_repr()
    for kind in (PasqalOptions, qa.AzureOptions):
        with pytest.raises(InvalidOptionError, match="is a NoiseModel") as caught:
            kind(emulation=noise)
        assert "EmulationConfig(noise_model=" in caught.value.remedy


async def test_batches_take_pulsers_configuration_too(service, pasqal):
    """`batches.create` writes it down."""
    made = config()
    await pasqal.batches.create(rabi(), open=True, device_type="EMU_MPS", emulation=made)
    assert service.requests[-1]["body"]["backend_configuration"] == made.to_abstract_repr()


@pytest.mark.parametrize(
    ("given", "differing"),
    [
        ({"tags": ("other",)}, ["tags"]),
        ({"webhook": "https://example.com"}, ["tags", "webhook"]),
        ({"tags": ("mine",), "emulation": "{}"}, ["emulation"]),
        ({}, ["tags"]),
    ],
)
async def test_a_batch_refuses_jobs_with_other_options(service, pasqal, given, differing):
    """The batch's hold for all of its jobs; each that differs is named, and nothing is sent."""
    batch = await opened(pasqal, PasqalOptions(tags=("mine",)))
    before = len(service.requests)
    with pytest.raises(InvalidOptionError) as caught:
        await added(pasqal, batch, PasqalOptions(**given))
    for name in ("tags", "webhook", "emulation"):
        assert (f"PasqalOptions.{name}" in str(caught.value)) is (name in differing)
    assert len(service.requests) == before


async def test_a_batch_takes_jobs_whose_options_mean_the_same(service, pasqal):
    """Made anew, with other random ids, of a more common class, with another seed."""
    batch = await opened(pasqal, PasqalOptions(tags=("mine",), emulation=config()))
    await added(pasqal, batch, PasqalOptions(tags=["mine"], emulation=config()))
    await added(pasqal, batch, SimulationOptions(seed=3, tags=("mine",), emulation=config()))
    assert len(service.asked("POST", "/jobs")) == 2


async def test_a_batch_of_another_process_is_read_before_it_is_added_to(service, pasqal):
    """What the job asks for has to be the batch's; what it leaves open is not compared."""
    stored = {
        **canned.answer("GET", f"/core-fast/api/v1/batches/{canned.BATCH_ID}", "")["data"],
        "sequence_builder": rabi().text,
        "tags": ["quantum-async:1", "a name", "mine"],
        "backend_configuration": config().to_abstract_repr(),
        "configuration": None,
    }
    service.always("GET", f"/batches/{canned.BATCH_ID}", data(stored))
    batch = qa.BatchRef("pasqal", canned.BATCH_ID, "EMU_MPS")
    for fit in (RunOptions(), PasqalOptions(tags=("mine",), emulation=config())):
        await added(pasqal, batch, fit)
    with pytest.raises(InvalidOptionError, match=r"PasqalOptions\.tags differ"):
        await added(pasqal, batch, PasqalOptions(tags=("other",)))


async def test_a_batch_of_a_scheduler_gives_its_options_to_its_jobs(service, pasqal):
    """Jobs and sweeps without options have them; other ones are refused before they are sent."""
    async with qa.Scheduler(pasqal) as scheduler:
        options = PasqalOptions(tags=("mine",))
        async with scheduler.open_batch(rabi(), on="pasqal:EMU_MPS", options=options) as batch:
            (await batch.submit(shots=5, variables={"omega": 6.0})).detach()
            known = await scheduler.submit(
                rabi(), shots=5, variables={"omega": 6.0}, on="pasqal:EMU_MPS", batch=batch.ref
            )
            known.detach()
            with pytest.raises(InvalidOptionError, match=r"PasqalOptions\.tags differ"):
                await batch.submit(
                    shots=5, variables={"omega": 6.0}, options=RunOptions(tags=("other",))
                )
            sweep = batch.sweep(
                qa.grid(omega=[1.0, 2.0]), shots=5, options=PasqalOptions(webhook="https://a.b")
            )
            with pytest.raises(InvalidOptionError, match=r"PasqalOptions\.webhook"):
                await sweep
    assert len(service.asked("POST", "/jobs")) == 2


async def test_a_configuration_is_for_its_own_emulator(pasqal):
    """That of another one is refused when the job is checked, not when the service reads it."""
    with pytest.raises(InvalidInputError, match="one of EMU_FREE, and the job is for EMU_TN"):
        await pasqal.validate(job(PasqalOptions(configuration=EmuFreeConfig())), "EMU_TN")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("CANCELLED", ["CANCELED"]),
        ("CANCELED", ["CANCELED"]),
        ("canceled", ["CANCELED"]),
        (JobStatus.CANCELLED, ["CANCELED"]),
        (JobStatus.FAILED, ["ERROR", "TIMED_OUT"]),
        (["succeeded", "PENDING"], ["DONE", "PENDING"]),
        (PasqalJobStatus.PAUSED, ["PAUSED"]),
    ],
)
def test_statuses_are_the_services_words_and_ours(given, words):
    """Whichever spelling, for jobs and for batches."""
    assert JobFilters(status=given).query()["status"] == words
    assert RebatchFilters(status=given).query()["status"] == words
    batch = PasqalBatchStatus(given) if isinstance(given, PasqalJobStatus) else given
    assert BatchFilters(status=batch).query()["status"] == words


@pytest.mark.parametrize("kind", [JobFilters, RebatchFilters, BatchFilters])
@pytest.mark.parametrize("word", ["FINISHED", "UNKNOWN", JobStatus.UNKNOWN, 3, ["DONE", "x"]])
def test_other_statuses_are_refused(kind, word):
    """They used to select nothing without a word; the remedy lists the right ones."""
    with pytest.raises(InvalidOptionError, match="there is no status") as caught:
        kind(status=word)
    assert "CANCELED" in caught.value.remedy
    assert "cancelled" in caught.value.remedy


def test_fields_of_filters_have_types():
    """A word for a priority; no text for a number, a moment or a truth value."""
    assert BatchFilters(queue_priority="high").queue_priority is QueuePriority.HIGH
    for wrong in ({"min_runs": "5"}, {"errors": "yes"}, {"start_date": "2026-01-01"}):
        with pytest.raises(InvalidOptionError, match=next(iter(wrong))):
            JobFilters(**wrong)
