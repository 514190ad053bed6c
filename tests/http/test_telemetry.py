"""What can be seen of requests, and that nothing of it is secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import quantum_async as qa
from quantum_async.errors import LostAnswerError
from quantum_async.http.options import SessionOptions
from quantum_async.http.session import Session
from quantum_async.http.telemetry import EventHooks, RequestEvent, ResponseEvent, RetryEvent

URL = "https://cloud.example/api"
PRESIGNED = "https://store.example/b?sig=hunter2"


def session(*answers: httpx.Response | Exception, hooks: EventHooks | None = None, seen=None):
    waiting = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        given = waiting.pop(0) if waiting else httpx.Response(200)
        if isinstance(given, Exception):
            raise given
        return given

    async def sleep(seconds: float) -> None:
        pass

    options = SessionOptions(
        transport=httpx.MockTransport(answer), hooks=hooks or EventHooks(), sleep=sleep
    )
    return Session(URL, provider="demo", options=options)


async def test_hooks():
    """Hooks, async or not, are told about each request, answer and repetition in order."""
    events: list[object] = []

    async def note(event: RequestEvent) -> None:
        events.append(event)

    hooks = EventHooks(request=[note], response=[events.append], retry=[events.append])
    opened = session(
        httpx.Response(500), httpx.Response(200, headers={"x-request-id": "r"}), hooks=hooks
    )
    async with opened:
        await opened.read("/jobs", query={"name": "hunter2"}, lane="control")
    first, failed, retry, second, succeeded = events
    shown = f"{URL}/jobs?name=[hidden]"
    assert first == RequestEvent("demo", "GET", shown, "control", 1)
    assert second == RequestEvent("demo", "GET", shown, "control", 2)
    assert isinstance(failed, ResponseEvent)
    assert (failed.request, failed.status, failed.error) == (first, 500, None)
    assert isinstance(retry, RetryEvent)
    assert (retry.attempt, retry.method, retry.url) == (1, "GET", shown)
    assert 0 < retry.seconds <= 0.5
    assert isinstance(succeeded, ResponseEvent)
    assert (succeeded.status, succeeded.request_id) == (200, "r")


async def test_hooks_see_failures():
    """A request without an answer is reported with its error."""
    events: list[ResponseEvent] = []
    opened = session(httpx.ReadError("gone"), hooks=EventHooks(response=[events.append]))
    async with opened:
        with pytest.raises(LostAnswerError):
            await opened.create("/jobs")
    assert events[0].status is None
    assert isinstance(events[0].error, LostAnswerError)


async def test_log_lines(caplog):
    """Each request is one line at DEBUG, each repetition one at INFO, without secrets."""
    caplog.set_level(logging.DEBUG, "quantum_async.http")
    opened = session(httpx.Response(503))
    async with opened:
        await opened.fetch_url(PRESIGNED)
    lines = [(r.name, r.levelname, r.getMessage()) for r in caplog.records if "quantum" in r.name]
    assert [line[:2] for line in lines] == [
        ("quantum_async.http", "DEBUG"),
        ("quantum_async.http", "INFO"),
        ("quantum_async.http", "DEBUG"),
    ]
    assert "GET https://store.example/b?sig=[hidden] -> 503" in lines[0][2]
    assert "-> 200" in lines[2][2]
    assert "attempt 2" in lines[2][2]
    assert "hunter2" not in str(lines)


@pytest.fixture(scope="module")
def traced() -> dict:
    """What a program that traces its requests saw."""
    program = Path(__file__).with_name("traced.py")
    run = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_spans(traced):
    """Each attempt is a client span below the caller's, without the query's secrets."""
    refused, _, mine, *_ = traced["spans"]
    assert refused["kind"] == "SpanKind.CLIENT"
    assert refused["parent_id"] == mine["context"]["span_id"]
    assert refused["status"]["status_code"] == "ERROR"
    assert refused["attributes"] == {
        "http.request.method": "POST",
        "url.full": f"{URL}/jobs?token=[hidden]",
        "server.address": "cloud.example",
        "server.port": 443,
        "http.response.status_code": 404,
        "error.type": "404",
        "quantum_async.provider": "demo",
        "quantum_async.lane": "data",
    }
    assert "hunter2" not in str(traced)


def test_spans_of_failures(traced):
    """A request without an answer ends its span as an error, named by its kind."""
    lost = traced["spans"][1]
    assert traced["kinds"][:2] == ["NotFoundError", "LostAnswerError"]
    assert lost["attributes"]["error.type"] == "LostAnswerError"
    assert lost["status"]["status_code"] == "ERROR"


def test_traces_travel_to_the_provider(traced):
    """A span's id goes to the provider, and not to a store that is no part of it."""
    first, second, presigned, *_ = traced["traceparents"]
    for header, span in zip((first, second), traced["spans"], strict=False):
        assert span["context"]["span_id"].removeprefix("0x") in header
    assert presigned is None
    assert traced["spans"][3]["status"]["status_code"] == "UNSET"


def test_repetitions_are_numbered(traced):
    """Only what is sent again has a count: after a failure, and after refused credentials."""
    calls = traced["spans"][4:7]
    assert [span["attributes"]["http.response.status_code"] for span in calls] == [503, 401, 200]
    counts = [span["attributes"].get("http.request.resend_count") for span in calls]
    assert counts == [None, 1, 2]


def test_a_defect_of_whoever_watches_costs_no_answer(traced):
    """A span processor that raises loses the span, and the request goes on."""
    assert traced["kinds"][2:] == [200]
    assert len(traced["spans"]) == 7


def test_the_scope_names_the_release(traced):
    """Who made a span is said with the package's version."""
    ours = [span for span in traced["spans"] if span["name"] != "mine"]
    assert {tuple(span["scope"]) for span in ours} == {("quantum_async.http", qa.__version__)}


def test_untraced_programs_do_not_load_opentelemetry():
    """Where nobody has set tracing up, nothing of it is imported."""
    code = (
        "import sys, anyio, httpx\n"
        "from quantum_async.http.session import Session\n"
        "from quantum_async.http.options import SessionOptions\n"
        "transport = httpx.MockTransport(lambda request: httpx.Response(200))\n"
        "async def main():\n"
        "    options = SessionOptions(transport=transport)\n"
        "    async with Session('http://x', provider='demo', options=options) as s:\n"
        "        await s.read('/')\n"
        "anyio.run(main)\n"
        "print('opentelemetry.trace' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
