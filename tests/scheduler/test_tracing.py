"""What a program's OpenTelemetry spans show of its jobs, whatever becomes of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import pytest

from quantum_async.scheduler.events import EventHub

# A program of its own that tells a dozen stories, on a machine that may be busy.
Span: TypeAlias = dict
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def traced() -> dict:
    """What a program that traces its jobs saw."""
    command = [sys.executable, "-m", "tests.scheduler.traced"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(run.stdout)


class Story:
    """The spans of one story.

    Args:
        spans: In the order in which they ended.
    """

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans

    def named(self, beginning: str) -> list[Span]:
        """Return the spans whose name begins so."""
        return [span for span in self.spans if span["name"].startswith(beginning)]

    def parent(self, span: Span) -> Span | None:
        """Return a span's parent."""
        found = [one for one in self.spans if one["context"]["span_id"] == span["parent_id"]]
        assert bool(found) == (span["parent_id"] is not None)
        return found[0] if found else None

    def linked(self, span: Span) -> list[Span]:
        """Return the spans that a span links to."""
        ids = [link["context"]["span_id"] for link in span["links"]]
        return [one for one in self.spans if one["context"]["span_id"] in ids]


@pytest.fixture
def story(traced: dict, request: pytest.FixtureRequest) -> Story:
    """The story that a test names."""
    return Story(traced["stories"][request.param])


def told(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("story", [name], indirect=True)


def events(span: Span) -> list[str]:
    return [event["name"].removeprefix("quantum_async.job.") for event in span["events"]]


def said(span: Span, *keys: str) -> list:
    return [span["attributes"].get(f"quantum_async.{key}") for key in keys]


@told("one_job")
def test_a_job_is_a_span_below_its_callers(story: Story) -> None:
    """It stands below what is current at `submit`, not below what was where the block began."""
    (job,) = story.named("run")
    assert job["name"] == "run fake:one"
    parent = story.parent(job)
    assert parent is not None
    assert parent["name"] == "mine"
    key, submission = said(job, "job.key", "submission.key")
    assert job["attributes"] == {
        "quantum_async.provider": "fake",
        "quantum_async.target": "fake:one",
        "quantum_async.shots": 7,
        "quantum_async.job.key": key,
        "quantum_async.job.id": "job-0",
        "quantum_async.job.resumed": False,
        "quantum_async.job.attempts": 1,
        "quantum_async.submission.key": submission,
        "quantum_async.batch.id": submission,
        "quantum_async.status": "succeeded",
        "quantum_async.cost.amount": 0.25,
        "quantum_async.cost.unit": "credits",
        "quantum_async.cost.is_estimate": False,
    }
    assert job["status"] == {"status_code": "UNSET"}
    assert events(job) == ["submitted", "running"]
    assert job["events"][1]["attributes"] == {"quantum_async.queue_position": 2}


@told("one_job")
def test_the_phases_of_a_job_are_spans_below_it(story: Story) -> None:
    """Sending it and fetching its result are spans of their own, in that order."""
    (job,) = story.named("run")
    (submit,), (fetch,) = story.named("submit"), story.named("fetch")
    for phase in (submit, fetch):
        assert story.parent(phase) is job
        assert not phase["links"]
        assert said(phase, "provider", "target", "job.count") == ["fake", "fake:one", 1]
        assert job["start_time"] <= phase["start_time"] <= phase["end_time"] <= job["end_time"]
    assert submit["end_time"] <= fetch["start_time"]
    assert said(submit, "submission.key") == said(job, "submission.key")


@told("without_await")
def test_the_blocking_classes_keep_the_callers_span(story: Story) -> None:
    """A job that is submitted from a thread stands below that thread's span."""
    (job,) = story.named("run")
    assert story.parent(job)["name"] == "mine"


@told("badly_watched")
def test_a_defect_of_whoever_watches_costs_no_job(story: Story) -> None:
    """A span processor that raises loses spans; the story runs to its end."""
    assert not story.named("run")
    assert story.named("done")


@told("side_by_side")
def test_a_submission_of_several_callers_links_to_their_jobs(story: Story) -> None:
    """It begins a trace of its own, because it is no more of one caller than of the other."""
    (submit,) = story.named("submit")
    assert submit["parent_id"] is None
    assert said(submit, "job.count") == [2]
    jobs = story.named("run")
    assert story.linked(submit) == jobs
    assert {story.parent(job)["name"] for job in jobs} == {"first", "second"}
    assert all(said(job, "submission.key") == said(submit, "submission.key") for job in jobs)


@told("swept")
def test_work_for_many_jobs_of_one_caller_stands_beside_them(story: Story) -> None:
    """It links to each of them, and stands below the same span; so do results that come together."""
    (mine,) = story.named("mine")
    jobs, shared = story.named("run"), [*story.named("submit"), *story.named("fetch")]
    assert [story.parent(span) for span in (*jobs, *shared)] == [mine] * 5
    assert [story.linked(span) for span in shared] == [jobs, jobs]
    assert [said(job, "sweep.name", "sweep.point") for job in jobs] == [["s", n] for n in range(3)]
    assert {said(job, "batch.id")[0][:6] for job in jobs} == {"batch-"}


@told("repeated")
def test_repetitions_are_told(story: Story) -> None:
    """Each is an event with its reason, and the attempts are counted."""
    (job,) = story.named("run")
    assert events(job) == ["retried", "submitted"]
    assert job["events"][0]["attributes"] == {"quantum_async.reason": "refused"}
    # The second answer was lost, and the job found.
    assert said(job, "job.attempts", "status") == [2, "succeeded"]
    assert len(story.named("submit")) == 1


@told("polled_badly")
def test_failed_polls_are_told(story: Story) -> None:
    """A poll that fails is an event of the jobs that it was about."""
    (job,) = story.named("run")
    assert events(job) == ["submitted", "retried"]
    assert said(job, "job.attempts") == [1]


@pytest.mark.parametrize(
    ("story", "status", "error"),
    [
        ("failed", "failed", "JobFailedError"),
        ("refused", "failed", "RejectedRequestError"),
        ("unknown", "unknown", "SubmissionUnknownError"),
        ("torn_off", "unknown", "SubmissionUnknownError"),
        ("unfetched", "succeeded", "ResultError"),
    ],
    indirect=["story"],
)
def test_a_job_without_a_result_is_an_error(story: Story, status: str, error: str) -> None:
    """Its span ends once, with what is known of the job and the kind of its error."""
    (job,) = story.named("run")
    assert said(job, "status") == [status]
    assert job["attributes"]["error.type"] == error
    assert job["status"]["status_code"] == "ERROR"
    assert job["status"]["description"]


@pytest.mark.parametrize(
    ("story", "phase", "error"),
    [
        ("refused", "submit", "RejectedRequestError"),
        ("unknown", "submit", "SubmissionUnknownError"),
        ("torn_off", "submit", "CancelledError"),
        ("unfetched", "fetch", "RejectedRequestError"),
    ],
    indirect=["story"],
)
def test_the_phase_that_failed_is_an_error(story: Story, phase: str, error: str) -> None:
    """Its own span says why, so that the request that caused it is found."""
    (span,) = story.named(phase)
    assert span["attributes"]["error.type"] == error
    assert span["status"]["status_code"] == "ERROR"


@told("refused")
def test_descriptions_hold_no_secrets(story: Story) -> None:
    """What a provider quotes of a request is not written into a span."""
    (job,) = story.named("run")
    assert job["status"]["description"] == "no: token=[hidden]"
    assert "hunter2" not in str(story.spans)


@told("one_of_three_refused")
def test_a_submission_in_parts_is_several_spans(story: Story) -> None:
    """Each part has its own, and each job names the one that settled it."""
    whole, alone, pair = story.named("submit")
    assert [said(span, "job.count") for span in (whole, alone, pair)] == [[3], [1], [2]]
    refused, *accepted = story.named("run")
    assert said(refused, "job.attempts", "submission.key") == [2, *said(alone, "submission.key")]
    for job in accepted:
        assert said(job, "job.attempts", "submission.key") == [2, *said(pair, "submission.key")]


@pytest.mark.parametrize(
    ("story", "attempts"),
    [("cancelled", [0, 1]), ("interrupted", [1])],
    indirect=["story"],
)
def test_cancelling_is_no_error(story: Story, attempts: list[int]) -> None:
    """A job that was cancelled as wanted ends its span once, with that status."""
    jobs = story.named("run")
    assert [said(job, "status", "job.attempts") for job in jobs] == [
        ["cancelled", number] for number in attempts
    ]
    assert [job["status"]["status_code"] for job in jobs] == ["UNSET"] * len(jobs)


@told("left")
def test_a_job_that_is_left_ends_its_span_as_it_was(story: Story) -> None:
    """Whether it is detached or its scheduler ends, the span says where the job stood."""
    jobs = story.named("run")
    assert [events(job)[-1] for job in jobs] == ["left", "left"]
    assert {job["status"]["status_code"] for job in jobs} == {"UNSET"}
    assert all(said(job, "status")[0] in {"queued", "running"} for job in jobs)


@told("resumed")
def test_a_resumed_job_has_another_span(story: Story) -> None:
    """Both carry the job's key; the second stands below whoever resumes it, and was never sent."""
    first, second = story.named("run")
    assert said(first, "job.key", "job.id") == said(second, "job.key", "job.id")
    assert [said(job, "job.resumed")[0] for job in (first, second)] == [False, True]
    assert story.parent(second)["name"] == "later"
    assert said(second, "job.attempts", "status") == [0, "succeeded"]


def test_attributes_are_the_documented_ones(traced: dict) -> None:
    """Each kind of span carries just those that the guide lists for it, over all that can happen."""
    page = (ROOT / "docs" / "how-to" / "observability.md").read_text(encoding="utf-8")
    listed: dict[str, set[str]] = {"run": set(), "submit": set(), "fetch": set()}
    for keys, kinds in re.findall(r"^\| (`[^|]*`) \| ([^|]*`) \| ", page, re.MULTILINE):
        for kind in set(re.findall(r"`(\w+)`", kinds)) & set(listed):
            listed[kind] |= set(re.findall(r"`([\w.]+)`", keys))
    seen: dict[str, set[str]] = {kind: set() for kind in listed}
    for spans in traced["stories"].values():
        for span in spans:
            seen.setdefault(span["name"].partition(" ")[0], set()).update(span["attributes"])
    assert {kind: seen[kind] for kind in listed} == listed


def test_events_are_the_documented_ones(traced: dict) -> None:
    """What can happen to a job is told by the names that the guide lists."""
    page = (ROOT / "docs" / "how-to" / "observability.md").read_text(encoding="utf-8")
    spans = [span for story in traced["stories"].values() for span in story]
    seen = {event for span in spans for event in events(span)}
    assert seen <= {"submitted", "queued", "running", "retried", "left"}
    assert all(f"`quantum_async.job.{name}`" in page or f"`.{name}`" in page for name in seen)


def test_no_span_outlives_its_job(traced: dict) -> None:
    """After 500 jobs as many spans have ended, and none is left in memory."""
    assert traced["crowd"] == {"ended": 500, "left": 0}


def test_nobody_else_pays() -> None:
    """Without a tracer provider there is nothing, and OpenTelemetry is not imported."""
    assert EventHub().tracing is None
    code = (
        "import sys\nfrom quantum_async.scheduler.events import EventHub\n"
        "assert EventHub().tracing is None\nprint('opentelemetry' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
