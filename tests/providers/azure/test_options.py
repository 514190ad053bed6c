"""Options and filters of Azure: words, forms, parameters, and the order of lists."""

from __future__ import annotations

import pytest

import quantum_async as qa
from quantum_async.errors import InvalidOptionError
from quantum_async.models.job import JobStatus
from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.options import AzureOptions, CircuitForm, checked_options
from quantum_async.providers.azure.wire import AzureSessionStatus, Priority


def test_words_are_taken_for_their_enumeration():
    """By value or by name, in either case."""
    options = AzureOptions(form="native", priority="HIGH")
    assert options.form is CircuitForm.NATIVE
    assert options.priority is Priority.HIGH


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"form": "qasm"}, "'qir' or 'native'"),
        ({"priority": 3}, "'Standard' or 'High'"),
        ({"tags": "exp"}, "a tuple of"),
        ({"params": ["noise-model"]}, "a mapping"),
        ({"name": None}, "a text"),
    ],
)
def test_other_words_and_types_are_refused_at_construction(options, wanted):
    """With the field's name, its value, and what fits."""
    with pytest.raises(InvalidOptionError, match=f"AzureOptions.{next(iter(options))}") as caught:
        AzureOptions(**options)
    assert wanted in caught.value.remedy


@pytest.mark.parametrize("value", [float("nan"), object(), {"a": {1, 2}}])
def test_parameters_can_be_written_as_json(value):
    """What cannot is refused at once, not in the middle of a submission."""
    with pytest.raises(InvalidOptionError, match=r"AzureOptions\.params"):
        AzureOptions(params={"noise-model": value})


@pytest.mark.parametrize("name", ["shots", "count", "variables"])
def test_parameters_do_not_contradict_the_job(name):
    """Shots and variables are the job's own."""
    with pytest.raises(InvalidOptionError, match=f"params has '{name}'"):
        checked_options(AzureOptions(params={name: 5}), "ionq.simulator")


def test_a_session_has_options_that_fit_its_target():
    """They are its jobs' options, so that they are refused before it is opened."""
    with pytest.raises(InvalidOptionError, match="emulation"):
        checked_options(AzureOptions(emulation="{}"), "pasqal.qpu.fresnel")
    with pytest.raises(InvalidOptionError, match="form"):
        checked_options(AzureOptions(form="native"), "pasqal.sim.emu-mps")
    assert checked_options(AzureOptions(form="native"), "ionq.simulator").form == "native"


def test_newest_first_alone_sorts_by_the_time_of_creation():
    """It used to send no order at all, and the oldest came first."""
    assert ItemFilters(newest_first=True).query() == {"orderby": "CreationTime desc"}
    by_name = ItemFilters(order="name", newest_first=True)
    assert by_name.order is ItemOrder.NAME
    assert by_name.query() == {"orderby": "Name desc"}
    assert ItemFilters().query() == {}


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        ("Cancelled", "State eq 'Cancelled'"),
        ("CANCELLED", "State eq 'Cancelled'"),
        (JobStatus.QUEUED, "State eq 'Queued' or State eq 'Waiting'"),
        ("succeeded", "State eq 'Completed' or State eq 'Succeeded'"),
        (AzureSessionStatus.FAILURES, "State eq 'Failure(s)'"),
        ("TimedOut", "State eq 'TimedOut'"),
    ],
)
def test_statuses_are_the_services_words_and_ours(given, condition):
    """Whichever spelling."""
    assert ItemFilters(statuses=(given,)).query() == {"filter": f"({condition})"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"statuses": ("Finished",)},
        {"statuses": ("Unknown",)},
        {"statuses": "Failed"},
        {"item_types": ("Batch",)},
        {"order": "Age"},
        {"newest_first": 1},
        {"created_after": "2026-01-01"},
    ],
)
def test_other_words_are_refused_in_filters(wrong):
    """They used to select nothing without a word."""
    with pytest.raises(InvalidOptionError, match=next(iter(wrong))[:6]):
        ItemFilters(**wrong)


async def test_the_newest_jobs_are_listed_first(azure):
    """As the example of the client says: the last that was made is the first."""
    async with azure() as client, qa.Scheduler(client) as scheduler:
        bell = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; h q[0]; measure q -> c;'
        for name in ("first", "second"):
            options = AzureOptions(name=name)
            await (
                await scheduler.submit(bell, shots=5, on="azure:ionq.simulator", options=options)
            )
        newest = [
            job.name async for job in client.jobs.list(ItemFilters(newest_first=True), limit=1)
        ]
    assert newest == ["second"]
