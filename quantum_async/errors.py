"""Every exception of the package, one tree grouped by cause.

    QuantumAsyncError
      InvalidInputError (ValueError)     nothing was sent; correct the input
        ProgramError
          ProgramSyntaxError             malformed file, with file, line and column
          UnboundParametersError         a parameter has no value, or a value has no parameter
          NoMeasurementError             the program measures nothing
          DeviceLimitError               the program breaks a limit of the device
          UnsupportedProgramError        the target cannot run this kind of program
        UnknownTargetError               no such provider or device
        InvalidShotsError                zero, negative, fractional or too many shots
        InvalidOptionError               an option does not exist or has a bad value
      ConfigurationError                 a setting is missing or contradicts another
        MissingExtraError (ImportError)  an optional library is not installed
      AuthenticationError                the credentials were refused
        PermissionDeniedError            known, but not allowed to do this
      TransportError                     no complete answer arrived
        NotSentError                     the request did not leave: safe to repeat
        LostAnswerError                  sent, answer lost: the server may have acted
      ResponseError                      an answer arrived and says no
        RejectedRequestError             4xx: the request itself is at fault
          NotFoundError                  404 and 410
          ConflictError                  409 and 412: the state does not allow it
          RateLimitedError               429, with the time to wait
        ServerError                      5xx and 408: the provider failed
        ProtocolError                    the answer is not what the protocol says
      SubmissionError
        SubmissionUnknownError           the job may exist and cannot be looked up
        DuplicateSubmissionError         one key, two payloads
        BudgetExceededError              the job was not sent: it would exceed the budget
      JobError
        JobFailedError                   the provider ran the job and it failed
        JobCancelledError                the job was cancelled, here or elsewhere
      ResultError                        the job is done but its result cannot be used
        ResultPendingError               the result is not there yet; asking again helps
      BatchError                         a batch or session refused, failed or stayed open
        BatchClosedError                 no further job can be added
        BatchNotClosedError              closing failed: it may still be open, and billed
      WaitTimeoutError (TimeoutError)    waiting ended; the job goes on
      SchedulerClosedError               the scheduler takes no more work
      JournalError                       the durable record cannot be read or written
      FacadeError                        the blocking facade was called from the wrong thread
      DefectError                        something raised what nobody expects: a defect to report

Every error says which provider, job and request it concerns, whether the provider had accepted
the job (``"yes"``, ``"no"`` or ``"unknown"``) and, in its notes, what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Accepted = Literal["yes", "no", "unknown"]
"""Whether the provider had accepted the job when the error was raised."""

__all__ = [
    "Accepted",
    "AuthenticationError",
    "BatchClosedError",
    "BatchError",
    "BatchNotClosedError",
    "BudgetExceededError",
    "ConfigurationError",
    "ConflictError",
    "DefectError",
    "DeviceLimitError",
    "DuplicateSubmissionError",
    "FacadeError",
    "InvalidInputError",
    "InvalidOptionError",
    "InvalidShotsError",
    "JobCancelledError",
    "JobError",
    "JobFailedError",
    "JournalError",
    "LostAnswerError",
    "MissingExtraError",
    "NoMeasurementError",
    "NotFoundError",
    "NotSentError",
    "PermissionDeniedError",
    "ProgramError",
    "ProgramSyntaxError",
    "ProtocolError",
    "QuantumAsyncError",
    "RateLimitedError",
    "RejectedRequestError",
    "ResponseError",
    "ResultError",
    "ResultPendingError",
    "SchedulerClosedError",
    "ServerError",
    "SubmissionError",
    "SubmissionUnknownError",
    "TransportError",
    "UnboundParametersError",
    "UnknownTargetError",
    "UnsupportedProgramError",
    "WaitTimeoutError",
]


def _rebuild(
    cls: type[QuantumAsyncError], message: str, state: Mapping[str, object]
) -> QuantumAsyncError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    if "__notes__" in state:
        error.__notes__ = list(error.__notes__)
    return error


_hiding: list[Callable[[str], str]] = []


class QuantumAsyncError(Exception):
    """Base of every error that this package raises on purpose.

    Args:
        message: What happened, in one sentence.
        remedy: What to do next; becomes a note, so a traceback shows it.
        provider: Registry name of the provider concerned, such as ``"pasqal"``.
        job_id: The provider's own id of the job, where one is known.
        request_id: The provider's id of the HTTP request, for its support desk.
        accepted: Whether the provider had accepted the job.
    """

    accepted: Accepted = "no"

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        provider: str | None = None,
        job_id: str | None = None,
        request_id: str | None = None,
        accepted: Accepted | None = None,
    ) -> None:
        super().__init__(self._shown(message))
        self.provider = provider
        self.job_id = job_id
        self.request_id: str | None = request_id and self._shown(request_id)
        if accepted is not None:
            self.accepted = accepted
        if remedy:
            self.add_note(remedy)

    @staticmethod
    def hiding(hide: Callable[[str], str]) -> None:
        """Take out of all that errors will say what nobody may read.

        Args:
            hide: Takes it out of a text.
        """
        _hiding.append(hide)

    @staticmethod
    def _shown(text: str) -> str:
        for hide in _hiding:
            text = hide(text)
        return text

    def add_note(self, note: str, /) -> None:
        """Add to what is known, or to what to do next."""
        shown = self._shown(note)
        # The very object where nothing is hidden: it may know how other doors word it.
        super().add_note(note if shown == note else shown)

    @property
    def remedy(self) -> str | None:
        """What to do next: the first note, or ``None``."""
        notes: list[str] = getattr(self, "__notes__", [])
        return notes[0] if notes else None

    def concerning(
        self,
        *,
        provider: str | None = None,
        job_id: str | None = None,
        request_id: str | None = None,
        accepted: Accepted | None = None,
    ) -> QuantumAsyncError:
        """Fill in what the raising place could not know, and return the same error.

        Values that are already there win; ``accepted`` is replaced, because only the caller
        knows whether the failed request was a submission.
        """
        self.provider = self.provider or provider
        self.job_id = self.job_id or job_id
        self.request_id = self.request_id or (request_id and self._shown(request_id))
        if accepted is not None:
            self.accepted = accepted
        return self

    def __reduce__(
        self,
    ) -> tuple[
        Callable[
            [type[QuantumAsyncError], str, Mapping[str, object]],
            QuantumAsyncError,
        ],
        tuple[type[QuantumAsyncError], str, Mapping[str, object]],
    ]:
        message = self.args[0] if self.args else ""
        return _rebuild, (type(self), message, dict(self.__dict__))


class InvalidInputError(QuantumAsyncError, ValueError):
    """Input was refused before anything was sent."""

    @staticmethod
    def _shown(text: str) -> str:
        # What it quotes is the caller's own.
        return text


class ProgramError(InvalidInputError):
    """A program cannot be run as it stands."""


class ProgramSyntaxError(ProgramError):
    """A program's text is malformed.

    Args:
        message: The parser's finding.
        source: The file or a description of the input.
        line: One-based line, where the parser names one.
        column: One-based column, where the parser names one.
        remedy: What to do next.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | Path = "<program>",
        line: int | None = None,
        column: int | None = None,
        remedy: str | None = None,
    ) -> None:
        place = str(source)
        if line is not None:
            place += f":{line}" if column is None else f":{line}:{column}"
        super().__init__(f"{place}: {message}", remedy=remedy)
        self.source: str = str(source)
        self.line = line
        self.column = column


class UnboundParametersError(ProgramError):
    """A program's parameters and the values given for them do not match.

    Args:
        message: What does not match.
        names: The parameters concerned.
        remedy: What to do next.
    """

    def __init__(
        self, message: str, *, names: tuple[str, ...] = (), remedy: str | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.names = names


class NoMeasurementError(ProgramError):
    """The program measures nothing, so there would be nothing to count."""


class DeviceLimitError(ProgramError):
    """The program breaks a limit of the device it was addressed to."""


class UnsupportedProgramError(ProgramError):
    """The target cannot run this kind of program."""


class UnknownTargetError(InvalidInputError):
    """A target names a provider or device that is not there."""


class InvalidShotsError(InvalidInputError):
    """The number of shots is not a positive integer within the device's limit."""


class InvalidOptionError(InvalidInputError):
    """An option does not exist for this target or has a value it cannot have."""


class ConfigurationError(QuantumAsyncError):
    """A setting is missing, malformed or contradicts another."""


class MissingExtraError(ConfigurationError, ImportError):
    """An optional library is not installed.

    Args:
        library: What could not be imported.
        extra: The extra of this package that brings it.
    """

    def __init__(self, library: str, *, extra: str) -> None:
        super().__init__(
            f"{library} is not installed",
            remedy=f'Install it with: pip install "quantum_async[{extra}]"',
        )
        self.library = library
        self.extra = extra


class AuthenticationError(QuantumAsyncError):
    """The provider refused the credentials, or none were found."""


class PermissionDeniedError(AuthenticationError):
    """The credentials are good but do not allow this operation."""


class TransportError(QuantumAsyncError):
    """No complete answer arrived."""


class NotSentError(TransportError):
    """The request never reached the provider, so repeating it is safe."""


class LostAnswerError(TransportError):
    """The request was sent and its answer lost: the provider may have acted on it."""

    accepted: Accepted = "unknown"


class ResponseError(QuantumAsyncError):
    """An answer arrived and says no.

    Args:
        message: The provider's own words where it gave any.
        status: The HTTP status code.
        body: The start of the answer's body, with secrets removed.
        remedy: What to do next.
        provider: Registry name of the provider.
        job_id: The job concerned.
        request_id: The provider's id of the request.
        accepted: Whether the provider had accepted the job.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        body: str = "",
        remedy: str | None = None,
        provider: str | None = None,
        job_id: str | None = None,
        request_id: str | None = None,
        accepted: Accepted | None = None,
    ) -> None:
        super().__init__(
            message,
            remedy=remedy,
            provider=provider,
            job_id=job_id,
            request_id=request_id,
            accepted=accepted,
        )
        self.status = status
        self.body: str = self._shown(body)


class RejectedRequestError(ResponseError):
    """The provider read the request and refused it; nothing was accepted."""


class NotFoundError(RejectedRequestError):
    """The provider knows nothing under this id."""


class ConflictError(RejectedRequestError):
    """The state of the job or batch does not allow the operation."""


class RateLimitedError(RejectedRequestError):
    """The provider asks for fewer requests.

    ``retry_after`` is the time in seconds it asked for, or ``None``.
    """

    retry_after: float | None = None


class ServerError(ResponseError):
    """The provider failed; whether it acted before failing is not known."""

    accepted: Accepted = "unknown"
    retry_after: float | None = None


class ProtocolError(ResponseError):
    """An answer is not what the protocol says: HTML, truncated JSON, a missing field."""

    accepted: Accepted = "unknown"


class SubmissionError(QuantumAsyncError):
    """A job was not submitted, or nobody can say whether it was."""


class SubmissionUnknownError(SubmissionError):
    """A submission's answer was lost and the provider offers no way to look it up.

    The job may exist and be billed. It is never sent again silently: ``key`` is what was put on
    the wire where the protocol has a place for it, and the journal keeps the intent as
    ``unknown`` until somebody settles it: ``Scheduler.resolve``, ``quantum-async jobs resolve``.

    Args:
        message: What happened.
        key: The submission's key.
        provider: Registry name of the provider.
        request_id: The provider's id of the request.
        remedy: What to do next.
    """

    accepted: Accepted = "unknown"

    def __init__(
        self,
        message: str,
        *,
        key: str,
        provider: str | None = None,
        request_id: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, provider=provider, request_id=request_id, remedy=remedy)
        self.key = key


class DuplicateSubmissionError(SubmissionError):
    """One key or sweep name was used for two different payloads."""


class BudgetExceededError(SubmissionError):
    """The job was not sent because it would exceed the budget."""


class JobError(QuantumAsyncError):
    """A job ended without a result."""

    accepted: Accepted = "yes"


class JobFailedError(JobError):
    """The provider ran the job and reports that it failed."""


class JobCancelledError(JobError):
    """The job was cancelled, by this program or elsewhere."""


class ResultError(QuantumAsyncError):
    """The job is done but its result is missing, damaged or of unknown bit order."""

    accepted: Accepted = "yes"


class ResultPendingError(ResultError):
    """The job is done but its result is not there yet; asking again later helps."""


class BatchError(QuantumAsyncError):
    """A batch or session refused an operation."""


class BatchClosedError(BatchError):
    """The batch is closed, so no job can be added to it."""


class BatchNotClosedError(BatchError):
    """Closing a batch failed: it may still be open and reserve the device.

    Args:
        message: What happened.
        batch_id: The provider's id of the batch.
        provider: Registry name of the provider.
        remedy: What to do next.
    """

    accepted: Accepted = "yes"

    def __init__(
        self,
        message: str,
        *,
        batch_id: str,
        provider: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, provider=provider, remedy=remedy)
        self.batch_id = batch_id


class WaitTimeoutError(QuantumAsyncError, TimeoutError):
    """Waiting ended by its deadline; the job itself goes on.

    ``elapsed`` is the time waited in seconds and ``last_status`` the status last seen.
    """

    accepted: Accepted = "yes"
    elapsed: float = 0.0
    last_status: str = "unknown"


class SchedulerClosedError(QuantumAsyncError):
    """The scheduler is closed, closing or was cancelled, and takes no more work."""


class JournalError(QuantumAsyncError):
    """The journal cannot be opened, read or written; ``accepted`` says what that is about."""


class DefectError(QuantumAsyncError):
    """A client, or something that it was given, raised an exception that nobody expects.

    The original is its cause. Only the jobs of that call fail; all others go on.
    """


class FacadeError(QuantumAsyncError):
    """The blocking facade cannot be used from here."""
