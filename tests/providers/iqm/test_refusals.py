"""Every status and code that IQM Server documents for errors, on a submission and on a read."""

from __future__ import annotations

import json
from uuid import uuid4

import httpx
import pytest

from quantum_async.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ServerError,
)
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from tests.providers.iqm.service import wire

CODES = {
    400: ("invalid_input", "bad_request", "invalid_job_payload", "unsupported_job_type"),
    401: ("unauthorized",),
    403: (
        "forbidden",
        "not_enough_credits",
        "quota_exceeded",
        "timeslot_required",
        "no_booked_timeslots",
        "illegal_job_status",
        "activate_forbidden",
        "refresh_forbidden",
        "revoke_forbidden",
    ),
    404: (
        "qc_not_found",
        "job_not_found",
        "job_artifact_not_found",
        "qc_artifact_not_found",
        "calibration_set_not_found",
        "quality_metrics_not_found",
    ),
    406: ("invalid_data_format",),
    409: ("conflict",),
    413: ("request_payload_too_large",),
    422: ("validation_error",),
    429: ("rate_limit_exceeded",),
    500: ("internal_error",),
    502: ("",),
    503: ("",),
    504: ("",),
}
KINDS = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitedError,
}
EVERY = [(status, code) for status, codes in CODES.items() for code in codes]
FLIP = Circuit("flip", (Instruction("measure", ("QB1",), {"key": "m"}),)).program()


def kind(status):
    """The error that a status becomes."""
    return KINDS.get(status, ServerError if status >= 500 else RejectedRequestError)


def body(code):
    """An error's body as the service writes it; empty for a gateway's."""
    return {
        "error_code": code,
        "message": "in the server's words",
        "request_id": "req-7",
        "details": {"field": "shots"},
    } if code else {}  # fmt: skip


def told(error, status, code):
    """Check that an error keeps all that the server said."""
    assert isinstance(error, kind(status))
    assert error.provider == "iqm"
    if code:
        words = str(error)
        assert code in words
        assert "in the server's words" in words
        assert '{"field": "shots"}' in words
        assert error.request_id == "req-7"


@pytest.mark.parametrize(("status", "code"), EVERY)
async def test_a_refused_submission(iqm, service, status, code):
    """Code, words, details and request id survive (12); only a 5xx leaves acceptance open."""
    service.next("POST", "/circuit", httpx.Response(status, json=body(code)))
    spec = JobSpec(uuid4().hex, FLIP, 2)
    with pytest.raises(QuantumAsyncError) as caught:
        await iqm.submit(SubmitRequest(uuid4().hex, "golden:mock", (spec,)))
    told(caught.value, status, code)
    assert caught.value.accepted == ("unknown" if status >= 500 else "no")
    assert sum("/circuit" in line for line in service.lines) == 1


@pytest.mark.parametrize(("status", "code"), EVERY)
async def test_a_refused_read(iqm, service, status, code):
    """What may pass is asked again, what will not pass is told at once."""
    await iqm.computers.list()
    refused = httpx.Response(status, json=body(code))
    service.next("GET", "/health", refused, httpx.Response(200, json={"healthy": True}))
    asked = len(service.lines)
    if status == 429 or status >= 500:
        assert (await iqm.computers.health()).healthy
        assert len(service.lines) == asked + 2
        return
    with pytest.raises(QuantumAsyncError) as caught:
        await iqm.computers.health()
    told(caught.value, status, code)
    assert len(service.lines) == asked + 1


SHAPES = [
    ('{"message": "words", "error_code": "code", "source": "station", "detail": "words"}', "words"),
    ('{"detail": "words"}', "words"),
    ('{"error_code": "lonely"}', "lonely"),
    ('{"message": null}', "HTTP 400"),
    ('["a", "list"]', "HTTP 400"),
    ('"text"', "HTTP 400"),
    ("{not json", "HTTP 400"),
    ("", "HTTP 400"),
    ("<html><head><title>Bad Request</title></head></html>", "HTTP 400"),
    (json.dumps({"message": "w" * 10_000, "details": {"x": "y" * 10_000}}), "wwww"),
]


@pytest.mark.parametrize(("text", "words"), SHAPES)
async def test_bodies_in_every_shape(iqm, service, text, words):
    """No shape of a body hides the error behind another one, and none floods the screen (9 to 12)."""
    service.next("POST", "/cancel", httpx.Response(400, text=text))
    service.next("GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="processing")))
    with pytest.raises(RejectedRequestError) as caught:
        await iqm.jobs.cancel(wire.JOB_ID)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("status", [499, 520, 599])
async def test_statuses_that_no_standard_has(iqm, service, status):
    """They are errors of the client's or of the server's side, by their hundreds (11)."""
    service.next("POST", "/cancel", httpx.Response(status, text="no"))
    service.next("GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="processing")))
    with pytest.raises(ServerError if status >= 500 else RejectedRequestError):
        await iqm.jobs.cancel(wire.JOB_ID)
