"""What an answer means: the kind of error, its words, and how long to wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    NotSentError,
    PermissionDeniedError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResponseError,
    ServerError,
)
from quantum_async.http.failures import LONGEST, error_for, retry_after, words_of
from quantum_async.http.response import Response

PAGE = b"<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body>x</body></html>"


def response(status: int = 400, body: object = b"", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {k.replace("_", "-"): v for k, v in headers.items()}, content)


@pytest.mark.parametrize(
    ("status", "kind", "accepted"),
    [
        (307, ProtocolError, "unknown"),
        (400, RejectedRequestError, "no"),
        (401, AuthenticationError, "no"),
        (402, RejectedRequestError, "no"),
        (403, PermissionDeniedError, "no"),
        (404, NotFoundError, "no"),
        (407, NotSentError, "no"),
        (408, ServerError, "unknown"),
        (409, ConflictError, "no"),
        (410, NotFoundError, "no"),
        (412, ConflictError, "no"),
        (413, RejectedRequestError, "no"),
        (422, RejectedRequestError, "no"),
        (425, ServerError, "unknown"),
        (429, RateLimitedError, "no"),
        (499, RejectedRequestError, "no"),
        (500, ServerError, "unknown"),
        (502, ServerError, "unknown"),
        (503, ServerError, "unknown"),
        (504, ServerError, "unknown"),
        (520, ServerError, "unknown"),
        (599, ServerError, "unknown"),
    ],
)
def test_status(status, kind, accepted):
    """Each status means one kind of error, which says whether the provider may have accepted."""
    error = error_for(response(status), provider="demo")
    assert type(error) is kind
    assert error.accepted == accepted
    assert error.provider == "demo"
    assert f"HTTP {status}" in str(error)


def test_page_of_a_gateway():
    """A 403 that is an HTML page comes from something in between, not from the provider."""
    error = error_for(response(403, PAGE, content_type="text/html; charset=utf-8"))
    assert type(error) is RejectedRequestError
    assert "an HTML page instead of an answer: 403 Forbidden" in str(error)
    assert "gateway" in (error.remedy or "")


def test_request_id():
    """The id for the support desk is on the error."""
    assert error_for(response(500, x_ms_request_id="r-81")).request_id == "r-81"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", None),
        (b"  \n", None),
        (b"Service busy\nsecond line", "Service busy"),
        (PAGE, "an HTML page instead of an answer: 403 Forbidden"),
        (b"<html>", "an HTML page instead of an answer"),
        (
            b"<?xml?><Error><Code>X</Code><Message>Signature did not match</Message></Error>",
            "a document instead of an answer: Signature did not match",
        ),
        ({"status": "fail", "code": "JB2042", "message": "Bad batch"}, "JB2042: Bad batch"),
        (
            {"status": "fail", "message": "Invalid", "code": 400, "data": {"description": "no runs"}},
            "400: Invalid: no runs",
        ),
        ({"error": {"code": "QuotaExceeded", "message": "No more"}}, "QuotaExceeded: No more"),
        ({"detail": "Not found."}, "Not found."),
        ({"error": "Job is not PENDING"}, "Job is not PENDING"),
        (
            {"detail": [{"loc": ["body", "shots"], "msg": "too many", "type": "x"}]},
            "body.shots: too many",
        ),
        (
            {"type": "about:blank", "title": "Out of credit", "status": 403, "detail": "30 left"},
            "30 left",
        ),
        ({"error": "invalid_grant", "error_description": "Wrong password"},
         "Wrong password: invalid_grant"),
        ({"error_code": "job_not_found", "message": "Job 1 was not found"},
         "job_not_found: Job 1 was not found"),
        ({"message": "Gone", "error": {"message": "Gone"}}, "Gone"),
        (["first", {"message": "second"}], "first; second"),
        ({"name": ["This field is required."]}, "name: This field is required."),
        ([], "[]"),
        ({}, "{}"),
        (b"{not json", "{not json"),
        (b"null", "null"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)  # fmt: skip
def test_words(body, words):
    """The provider's own words are found in every usual shape of a body."""
    assert words_of(response(400, body)) == words


def test_deep_nesting():
    """A body nested deeper than the interpreter can follow is still only an error's body."""
    assert isinstance(error_for(response(400, b"[" * 50_000)), RejectedRequestError)


def test_a_face_explains():
    """A provider's own way of wording errors comes first, and may pass."""
    assert "mine" in str(error_for(response(400, {"detail": "x"}), explain=lambda _: "mine"))
    assert "theirs" in str(error_for(response(400, {"detail": "theirs"}), explain=lambda _: None))


def test_long_words_are_cut():
    """An error keeps no more of a body than fits on a screen."""
    error = error_for(response(400, {"detail": "word " * 1000}))
    assert isinstance(error, ResponseError)
    assert len(str(error)) < LONGEST + 30
    assert len(error.body) == LONGEST


@given(st.integers(0, 700))
def test_secrets_in_bodies(length):
    """A secret in a body does not reach the error, wherever the body is cut."""
    body = {"detail": "x" * length, "password": "hunter2hunter2"}
    error = error_for(response(400, body))
    assert isinstance(error, ResponseError)
    assert "hunter2" not in str(error) + error.body


@given(
    st.integers(300, 599),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(["error", "detail", "message", "code", "data", "errors", "loc", "x"]),
            inner,
        ),
    ) | st.binary(),
)  # fmt: skip
def test_any_body(status, body):
    """Whatever the body, the answer becomes one of our errors."""
    assert isinstance(error_for(response(status, body)), QuantumAsyncError)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}, 4102444800.0 - 1000.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 99 Jan 2100 00:00:00 GMT"}, None),
    ],
)
def test_retry_after(headers, seconds):
    """Seconds, milliseconds and dates are understood, and nonsense is as good as nothing."""
    assert retry_after(headers, now=lambda: 1000.0) == seconds


@given(st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)), st.integers(0, 10_000))  # noqa: DTZ001
def test_retry_after_with_a_wrong_clock(date, seconds):
    """A date is compared with the server's own date, so that our clock may be wrong."""
    moment = date.replace(microsecond=0, tzinfo=UTC)
    later = datetime.fromtimestamp(moment.timestamp() + seconds, UTC)
    headers = {
        "date": format_datetime(moment, usegmt=True),
        "retry-after": format_datetime(later, usegmt=True),
    }
    assert retry_after(headers, now=lambda: 0.0) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_on_the_error(status):
    """The time to wait is on the error."""
    error = error_for(response(status, retry_after="7"))
    assert isinstance(error, RateLimitedError | ServerError)
    assert error.retry_after == 7.0


def test_json():
    """A body is parsed as JSON, and what is none is a typed error that shows its beginning."""
    assert response(200, {"a": 1}).json() == {"a": 1}
    with pytest.raises(ProtocolError, match="text/html") as caught:
        response(200, PAGE, content_type="text/html").json()
    assert caught.value.body.startswith("<!DOCTYPE")
    with pytest.raises(ProtocolError, match="not JSON"):
        response(200, b"[" * 50_000).json()
    secret = response(200, b"x" * 480 + b'"token": "hunter2hunter2"')
    assert "hunter2" not in secret.excerpt
