"""Pulse jobs: what IQM's compiler serialises is sent as it is, and what comes back is read."""

from __future__ import annotations

import struct

import httpx
import numpy as np
import pytest

from quantum_async.errors import (
    ConfigurationError,
    InvalidOptionError,
    ProgramError,
    ProtocolError,
    RejectedRequestError,
    ResultPendingError,
    ServerError,
)
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.iqm.translate.protobuf import SweepArray, sweep_results
from tests.providers.iqm.service import client, wire


def field(number, content):
    """Write a field of a protocol buffer, of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def array(shape, kind, content):
    """Write an array."""
    return field(1, field(1, bytes(shape)) + field(kind, content))


def results(**arrays):
    """Write sweep results."""
    entries = (field(2, field(1, name.encode()) + field(2, held)) for name, held in arrays.items())
    return field(1, b"sweep") + b"".join(entries)


RUN = (
    field(1, b"run-id")
    + field(8, field(1, b"each") + field(2, field(1, field(1, field(2, field(3, field(1, b"\0\2\4")))))))
    + field(13, field(1, b"type") + field(2, field(1, b"sweep") + field(4, b"each") + field(4, b"one")))
)  # fmt: skip
"""A run definition that returns three values of one parameter and one value of another."""


def test_every_kind_of_array():
    """Text, truth values, whole numbers of either sign, floating point and complex numbers."""
    numbers, imaginary = struct.pack("<2d", 0.5, -1.5), struct.pack("<2d", 1.0, 2.0)
    content = results(
        text=array([2], 2, field(1, b"a") + field(1, b"b")),
        truth=array([3], 3, field(1, b"\1\0\1")),
        whole=array([2, 2], 4, field(1, b"\0\1\2\x80\x02")),
        real=array([2], 5, field(1, numbers)) + array([1, 2], 5, field(1, numbers)),
        complex=array([2], 6, field(1, numbers) + field(2, imaginary)),
    )
    found = sweep_results(content)
    assert found["text"] == (SweepArray((2,), ("a", "b")),)
    assert found["truth"] == (SweepArray((3,), (True, False, True)),)
    assert found["whole"] == (SweepArray((2, 2), (0, -1, 1, 128)),)
    assert found["real"][1] == SweepArray((1, 2), (0.5, -1.5))
    assert found["complex"][0].values == (0.5 + 1j, -1.5 + 2j)
    assert np.array_equal(found["whole"][0].to_numpy(), [[0, -1], [1, 128]])


@pytest.mark.parametrize(
    "content",
    [
        b"\x12\x7fcut",
        results(real=array([1], 5, field(1, b"seven b"))),
        results(real=array([3], 5, field(1, struct.pack("<d", 1.0)))),
        results(whole=array([1], 4, field(1, b"\x80"))),
        b"\x13",
    ],
)
def test_damaged_results_are_refused(content):
    """Bytes that are cut off, or fewer values than the shape says, are no result."""
    with pytest.raises(ProtocolError, match="damaged"):
        sweep_results(content)


async def test_a_pulse_job_on_the_wire(iqm, service):
    """The bytes go out as they are, once, as a job of type ``run``; results come as arrays."""
    service.next("POST", "/run", httpx.Response(201, json=wire.job(type="run", status="waiting")))
    measured = results(one=array([1], 5, field(1, struct.pack("<d", 0.25))))
    service.next("GET", "/sweep_results", httpx.Response(200, content=measured))
    service.next("GET", "/payload", httpx.Response(200, content=RUN))
    service.next("GET", "/settings", httpx.Response(200, content=b"\x0a\x01r"))
    job_id = await iqm.pulses.submit(RUN, use_timeslot=True, tag="rabi")
    sent = service.requests[-1]
    assert sent.content == RUN
    assert sent.headers["content-type"] == "application/protobuf"
    assert sent.url.raw_path.decode() == (
        "/api/v1/jobs/golden%3Amock/run?use_timeslot=true&tag=rabi"
    )
    assert (await iqm.pulses.results(job_id))["one"][0].values == (0.25,)
    assert service.requests[-1].headers["accept"] == "application/protobuf"
    assert await iqm.pulses.payload(job_id) == RUN
    assert await iqm.pulses.settings() == b"\x0a\x01r"
    assert service.requests[-1].headers["accept"] == "application/protobuf"


async def test_a_pulse_job_is_sent_once(iqm, service):
    """A bad gateway says nothing of whether the job exists: it is not sent again (6)."""
    service.next("POST", "/run", httpx.Response(502, text="<html>"))
    with pytest.raises(ServerError) as caught:
        await iqm.pulses.submit(RUN)
    assert caught.value.accepted == "unknown"
    assert sum("/run" in line for line in service.lines) == 1


async def test_bad_pulse_jobs_never_reach_the_server(iqm, service):
    """Nothing to run, and a tag that the server would refuse."""
    with pytest.raises(ProgramError):
        await iqm.pulses.submit(b"")
    with pytest.raises(InvalidOptionError):
        await iqm.pulses.submit(RUN, tag="x" * 51)
    assert not service.requests


async def test_the_older_interface_has_no_pulse_jobs(service):
    """It is said before anything is sent."""
    async with client(service, generation=Generation.LEGACY) as older:
        with pytest.raises(ConfigurationError, match="pulse jobs"):
            await older.pulses.submit(RUN)
        with pytest.raises(ConfigurationError, match="pulse jobs"):
            await older.pulses.settings()
    assert not any(line.startswith("POST") for line in service.lines)


async def test_pulse_jobs_on_the_sandbox(cloud, sandbox):
    """Submitted, waited for and read; the shapes are those that the run declares."""
    async with cloud() as iqm:
        job_id = await iqm.pulses.submit(RUN, tag="key")
        job = await iqm.jobs.wait(job_id)
        assert (job.type, job.tag) == ("run", "key")
        assert [artifact.type for artifact in job.artifacts] == ["sweep_results"]
        found = await iqm.pulses.results(job_id)
        assert {name: [a.shape for a in arrays] for name, arrays in found.items()} == {
            "each": [(3,)],
            "one": [(1,)],
        }
        assert found == await iqm.pulses.results(job_id)
        assert await iqm.pulses.payload(job_id) == RUN
        assert await iqm.pulses.settings()
        with pytest.raises(ResultPendingError):
            await iqm.jobs.measurements(job_id)
        with pytest.raises(RejectedRequestError, match="invalid_job_payload"):
            await iqm.pulses.submit(b"nonsense")
        with pytest.raises(RejectedRequestError, match="invalid_job_payload"):
            await iqm.pulses.submit(field(1, b"id") + field(12, field(1, b"sweep")))
        with pytest.raises(RejectedRequestError, match="invalid_data_format"):
            await iqm.computers.artifact("settings")
        assert (await iqm.computers.chip_design()).components["qubit"][0].name == "QB1"
    assert (await sandbox.stats())["iqm"]["jobs_created"] == 1
