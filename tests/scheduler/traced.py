"""A program that traces jobs on the fake provider, and prints the spans of each story.

A process of its own, because OpenTelemetry cannot be switched off again.
"""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from opentelemetry import trace
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

import quantum_async as qa
from quantum_async import blocking
from quantum_async.errors import LostAnswerError, NotSentError, RejectedRequestError, ServerError
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.cost import Cost
from quantum_async.models.job import JobState
from tests.scheduler.fake import PROGRAM, FakeClient, after

QUICK = qa.Limits(min_poll_interval=0.01, max_poll_interval=0.05)
Story = Callable[[], Awaitable[object]]
stories: list[Story] = []


class Keeper(SpanExporter):
    """Keeps ended spans as JSON, and so no span alive."""

    def __init__(self) -> None:
        self.spans: list[dict] = []

    def export(self, spans) -> SpanExportResult:
        """Keep them."""
        self.spans += [json.loads(span.to_json()) for span in spans]
        return SpanExportResult.SUCCESS


class Careless(SpanProcessor):
    """A program's own processor, which has a defect."""

    fails = False

    def on_start(self, span, parent_context=None) -> None:
        """Fail for some spans."""
        if self.fails and span.name.startswith(("submit", "run")):
            raise LookupError("careless")

    def on_end(self, span) -> None:
        """Fail for all."""
        if self.fails:
            raise LookupError("careless")


keeper, careless = Keeper(), Careless()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(keeper))
provider.add_span_processor(careless)
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("mine")


def story(told: Story) -> Story:
    """Add a story."""
    stories.append(told)
    return told


class Pricing(FakeClient):
    """A provider that bills, and tells how long the queue is."""

    async def poll(self, jobs, *, wait: float = 0.0):
        """Tell states."""
        states = await super().poll(jobs, wait=wait)
        return {
            ref: JobState(
                state.status,
                state.message,
                queue_position=None if state.status.is_terminal else 2,
                cost=Cost(0.25, "credits") if state.status.is_terminal else None,
            )
            for ref, state in states.items()
        }


@story
async def one_job() -> None:
    """A job below a span of its caller, though the scheduler was entered below another."""
    with tracer.start_as_current_span("startup"):
        scheduler = qa.Scheduler(Pricing(run_time=lambda _: 0.3), limits=QUICK)
        await scheduler.__aenter__()
    with tracer.start_as_current_span("mine"):
        job = await scheduler.submit(PROGRAM, shots=7)
    await job
    await scheduler.__aexit__(None, None, None)


@story
async def side_by_side() -> None:
    """Jobs of two callers that share a submission."""
    async with (
        qa.Scheduler(FakeClient().can(jobs_per_submission=10), limits=QUICK) as scheduler,
        anyio.create_task_group() as tasks,
    ):

        async def submit(name: str) -> None:
            with tracer.start_as_current_span(name):
                await scheduler.submit(PROGRAM, shots=1)

        tasks.start_soon(submit, "first")
        tasks.start_soon(submit, "second")


@story
async def swept() -> None:
    """A named sweep in a batch, whose results come together."""
    client = FakeClient().can(jobs_per_submission=10, bulk_results=True)
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        with tracer.start_as_current_span("mine"):
            async with scheduler.open_batch(PROGRAM) as batch:
                points = qa.grid(x=[0, 1, 2])
                await scheduler.sweep(PROGRAM, points, shots=1, name="s", batch=batch.ref)


@story
async def repeated() -> None:
    """A job that is sent three times."""
    faults = {"submit": [NotSentError("refused"), after(LostAnswerError("reset"))]}
    async with qa.Scheduler(FakeClient(faults=faults), limits=QUICK) as scheduler:
        await scheduler.submit(PROGRAM, shots=1)


@story
async def failed() -> None:
    """A job that fails at the provider."""
    async with qa.Scheduler(FakeClient(fails=lambda _: True), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with contextlib.suppress(qa.JobFailedError):
            await job


@story
async def refused() -> None:
    """A job that the provider refuses, quoting a secret."""
    faults = {"submit": [RejectedRequestError("no: token=hunter2", status=409)]}
    async with qa.Scheduler(FakeClient(faults=faults), limits=QUICK) as scheduler:
        with contextlib.suppress(RejectedRequestError):
            await scheduler.submit(PROGRAM, shots=1)


@story
async def one_of_three_refused() -> None:
    """A submission that is refused, sent in parts, and refused in one of them."""
    faults = {"submit": [RejectedRequestError("bad", status=400)] * 2}
    client = FakeClient(faults=faults).can(jobs_per_submission=10)
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=[0, 1, 2]), shots=1, on_error="collect")


@story
async def unknown() -> None:
    """A job whose answer was lost and cannot be looked up."""
    faults = {"submit": [after(LostAnswerError("reset"))]}
    client = FakeClient(faults=faults).can(grade=SubmissionGrade.AT_MOST_ONCE)
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        with contextlib.suppress(qa.SubmissionUnknownError):
            await scheduler.submit(PROGRAM, shots=1)


@story
async def cancelled() -> None:
    """A job that is cancelled while it runs, and one before it is sent."""
    client = FakeClient(run_time=lambda _: 60).can(jobs_in_flight=1)
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=[0]), shots=1, on_error="collect")
        await anyio.sleep(0.05)
        await sweep.cancel()
        await job.cancel()


@story
async def interrupted() -> None:
    """A block that is left by an error while a job runs."""
    try:
        async with qa.Scheduler(FakeClient(run_time=lambda _: 60), limits=QUICK) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
            raise LookupError
    except LookupError:
        pass


@story
async def left() -> None:
    """A job that is left to itself, and one that is left by its scheduler."""
    client = FakeClient(run_time=lambda _: 60)
    try:
        async with qa.Scheduler(client, limits=QUICK, on_cancel="detach") as scheduler:
            (await scheduler.submit(PROGRAM, shots=1)).detach()
            await scheduler.submit(PROGRAM, shots=1)
            raise LookupError
    except LookupError:
        pass


@story
async def torn_off() -> None:
    """A submission without an answer when the scheduler's grace is over."""
    client = FakeClient(latency=60)
    with anyio.move_on_after(0.05):
        async with qa.Scheduler(client, limits=QUICK, grace=0.05) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)


@story
async def unfetched() -> None:
    """A job whose result cannot be fetched."""
    faults = {"fetch": [RejectedRequestError("gone", status=410)]}
    async with qa.Scheduler(FakeClient(faults=faults), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with contextlib.suppress(qa.ResultError):
            await job


@story
async def resumed() -> None:
    """A job that one scheduler leaves in a journal, and another takes over."""
    client = FakeClient(run_time=lambda _: 0.2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.db"
        with tracer.start_as_current_span("mine"):
            try:
                async with qa.Scheduler(
                    client, limits=QUICK, journal=path, on_cancel="detach"
                ) as scheduler:
                    await scheduler.submit(PROGRAM, shots=1)
                    raise LookupError
            except LookupError:
                pass
        async with qa.Scheduler(client, limits=QUICK, journal=path) as scheduler:
            with tracer.start_as_current_span("later"):
                await scheduler.resume()


@story
async def polled_badly() -> None:
    """A job that cannot be asked about for a moment."""
    faults = {"poll": [ServerError("busy", status=503)]}
    async with qa.Scheduler(FakeClient(faults=faults), limits=QUICK) as scheduler:
        await scheduler.submit(PROGRAM, shots=1)


@story
async def badly_watched() -> None:
    """A job that succeeds although what the program does with spans fails."""
    careless.fails = True
    try:
        async with qa.Scheduler(FakeClient(), limits=QUICK) as scheduler:
            job = await scheduler.submit(PROGRAM, shots=1)
            assert (await job).shots == 1
    finally:
        careless.fails = False
    tracer.start_span("done").end()


@story
async def without_await() -> None:
    """A job of a thread that has nothing to await."""

    def block() -> None:
        with (
            blocking.Scheduler(FakeClient(), limits=QUICK) as scheduler,
            tracer.start_as_current_span("mine"),
        ):
            scheduler.submit(PROGRAM, shots=1)

    await anyio.to_thread.run_sync(block)


def told(tell: Story) -> list[dict]:
    """Run a story, and return the spans that it ended."""
    keeper.spans = []
    anyio.run(tell)
    return keeper.spans


def crowd() -> dict[str, int]:
    """Run a sweep, and count the spans that are ended and those left in memory."""

    async def run() -> None:
        client = FakeClient(run_time=lambda _: 0.0).can(jobs_per_submission=50, jobs_per_poll=1000)
        async with qa.Scheduler(client, limits=QUICK) as scheduler:
            await scheduler.sweep(PROGRAM, qa.grid(x=range(100), y=range(5)), shots=1)

    keeper.spans = []
    anyio.run(run)
    names = [span["name"].partition(" ")[0] for span in keeper.spans]
    gc.collect()
    left = sum(isinstance(one, Span) for one in gc.get_objects())
    return {"left": left, "ended": names.count("run")}


report = {tell.__name__: told(tell) for tell in stories}
sys.stdout.write(json.dumps({"stories": report, "crowd": crowd()}))
