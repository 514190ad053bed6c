"""The tree of errors: what it says, what it carries, and that it survives a process boundary."""

from __future__ import annotations

import pickle
import traceback

import pytest

from quantum_async import errors
from quantum_async.errors import (
    BatchNotClosedError,
    DeviceLimitError,
    JobFailedError,
    LostAnswerError,
    MissingExtraError,
    NotFoundError,
    ProgramSyntaxError,
    QuantumAsyncError,
    ResponseError,
    ServerError,
    SubmissionUnknownError,
    UnboundParametersError,
    WaitTimeoutError,
)

EVERY = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, QuantumAsyncError)
]
OWN_ARGUMENTS = {
    BatchNotClosedError: {"batch_id": "b-1"},
    MissingExtraError: {"extra": "qiskit"},
    SubmissionUnknownError: {"key": "0f"},
}


def made(kind: type[QuantumAsyncError]) -> QuantumAsyncError:
    return kind("something", **OWN_ARGUMENTS.get(kind, {}))


def drawn() -> dict[str, str]:
    """Read the tree of the module's docstring: each class with the one it is indented under."""
    parents: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        words = line.split()
        if not words or not words[0].endswith("Error") or not line.startswith("    "):
            continue
        depth = len(line) - len(line.lstrip())
        above = {n: name for n, name in above.items() if n < depth} | {depth: words[0]}
        parents[words[0]] = above.get(depth - 2, "Exception")
    return parents


def test_the_drawn_tree_is_the_real_one() -> None:
    """The docstring draws every error under the class it inherits from."""
    assert drawn() == {kind.__name__: kind.__mro__[1].__name__ for kind in EVERY}


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_survives_pickling(kind: type[QuantumAsyncError]) -> None:
    """A worker process hands an error over whole: message, facts and remedy."""
    error = made(kind).concerning(
        provider="pasqal", job_id="j-1", request_id="r-1", accepted="unknown"
    )
    error.add_note("and a second note")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert copy.__notes__ == error.__notes__


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_says_whether_the_job_was_accepted(kind: type[QuantumAsyncError]) -> None:
    """`accepted` always has one of three values, so that nobody has to guess."""
    assert made(kind).accepted in {"yes", "no", "unknown"}


def test_what_may_have_been_accepted_says_so() -> None:
    """A lost answer or a server's failure is never taken for a refusal."""
    assert made(LostAnswerError).accepted == "unknown"
    assert made(ServerError).accepted == "unknown"
    assert made(SubmissionUnknownError).accepted == "unknown"
    assert made(NotFoundError).accepted == "no"
    assert made(JobFailedError).accepted == "yes"


def test_the_remedy_is_shown_by_a_traceback() -> None:
    """What to do next is printed under the message."""
    error = DeviceLimitError("too many atoms", remedy="Use at most 100 atoms.")
    assert error.remedy == "Use at most 100 atoms."
    assert "Use at most 100 atoms." in "".join(traceback.format_exception(error))
    assert DeviceLimitError("too many atoms").remedy is None


def test_known_facts_win_over_later_ones() -> None:
    """What the raising place knew stays; only `accepted` is for the caller to decide."""
    error = JobFailedError("no", provider="iqm", job_id="1", accepted="yes")
    same = error.concerning(provider="local", job_id="2", request_id="r", accepted="no")
    assert same is error
    assert (error.provider, error.job_id, error.request_id) == ("iqm", "1", "r")
    assert error.accepted == "no"
    assert error.concerning().accepted == "no"


@pytest.mark.parametrize(
    ("line", "column", "text"),
    [
        (None, None, "bell.qasm: no"),
        (3, None, "bell.qasm:3: no"),
        (3, 7, "bell.qasm:3:7: no"),
    ],
)
def test_a_syntax_error_names_the_place(line: int | None, column: int | None, text: str) -> None:
    """File, line and column are written so that an editor can jump there."""
    error = ProgramSyntaxError("no", source="bell.qasm", line=line, column=column)
    assert str(error) == text
    assert (error.source, error.line, error.column) == ("bell.qasm", line, column)


def test_errors_are_what_python_users_catch() -> None:
    """Bad input is a `ValueError`, a missing library an `ImportError`, a timeout a timeout."""
    assert issubclass(DeviceLimitError, ValueError)
    assert issubclass(MissingExtraError, ImportError)
    assert issubclass(WaitTimeoutError, TimeoutError)


def test_a_missing_extra_says_how_to_install_it() -> None:
    """The remedy is the line to paste."""
    error = MissingExtraError("qiskit", extra="local")
    assert str(error) == "qiskit is not installed"
    assert error.remedy == 'Install it with: pip install "quantum_async[local]"'


def test_errors_keep_their_own_facts() -> None:
    """Status, body, names, key and batch are attributes, not only words in a message."""
    response = ResponseError("no", status=418, body="{}", remedy="Wait.", job_id="j")
    assert (response.status, response.body, response.job_id) == (418, "{}", "j")
    assert UnboundParametersError("no", names=("omega",)).names == ("omega",)
    assert SubmissionUnknownError("no", key="0f").key == "0f"
    assert BatchNotClosedError("no", batch_id="b").batch_id == "b"
