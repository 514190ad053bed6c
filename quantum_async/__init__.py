"""Async-first Python SDK for quantum clouds, with a simulator embedded.

Every public name is listed once, in the block below: type checkers and editors read it as
imports, and at run time a name is imported from where the block says when it is first used.
"""

from __future__ import annotations

# Checkers know the name; importing `typing` would cost more than everything else here.
TYPE_CHECKING = False

# Where there is no source to read the list from (frozen programs), the imports really happen.
if TYPE_CHECKING or not __file__.endswith(".py"):
    from quantum_async.errors import (
        AuthenticationError as AuthenticationError,
        BatchClosedError as BatchClosedError,
        BatchError as BatchError,
        BatchNotClosedError as BatchNotClosedError,
        BudgetExceededError as BudgetExceededError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        DefectError as DefectError,
        DeviceLimitError as DeviceLimitError,
        DuplicateSubmissionError as DuplicateSubmissionError,
        FacadeError as FacadeError,
        InvalidInputError as InvalidInputError,
        InvalidOptionError as InvalidOptionError,
        InvalidShotsError as InvalidShotsError,
        JobCancelledError as JobCancelledError,
        JobError as JobError,
        JobFailedError as JobFailedError,
        JournalError as JournalError,
        LostAnswerError as LostAnswerError,
        MissingExtraError as MissingExtraError,
        NoMeasurementError as NoMeasurementError,
        NotFoundError as NotFoundError,
        NotSentError as NotSentError,
        PermissionDeniedError as PermissionDeniedError,
        ProgramError as ProgramError,
        ProgramSyntaxError as ProgramSyntaxError,
        ProtocolError as ProtocolError,
        QuantumAsyncError as QuantumAsyncError,
        RateLimitedError as RateLimitedError,
        RejectedRequestError as RejectedRequestError,
        ResponseError as ResponseError,
        ResultError as ResultError,
        ResultPendingError as ResultPendingError,
        SchedulerClosedError as SchedulerClosedError,
        ServerError as ServerError,
        SubmissionError as SubmissionError,
        SubmissionUnknownError as SubmissionUnknownError,
        TransportError as TransportError,
        UnboundParametersError as UnboundParametersError,
        UnknownTargetError as UnknownTargetError,
        UnsupportedProgramError as UnsupportedProgramError,
        WaitTimeoutError as WaitTimeoutError,
    )
    from quantum_async.http.options import SessionOptions as SessionOptions
    from quantum_async.http.retry import RetryPolicy as RetryPolicy
    from quantum_async.http.timeouts import Timeouts as Timeouts
    from quantum_async.models.batch import (
        BatchRef as BatchRef,
        BatchState as BatchState,
        BatchStatus as BatchStatus,
    )
    from quantum_async.models.capabilities import (
        Capabilities as Capabilities,
        SubmissionGrade as SubmissionGrade,
    )
    from quantum_async.models.cost import Budget as Budget, Cost as Cost
    from quantum_async.models.device import Device as Device
    from quantum_async.models.grid import grid as grid, zip_points as zip_points
    from quantum_async.models.job import (
        JobEvent as JobEvent,
        JobEventKind as JobEventKind,
        JobRef as JobRef,
        JobState as JobState,
        JobStatus as JobStatus,
    )
    from quantum_async.models.limits import Limits as Limits
    from quantum_async.models.program import Program as Program, ProgramFormat as ProgramFormat
    from quantum_async.models.result import (
        BitOrder as BitOrder,
        Expectation as Expectation,
        Register as Register,
        Result as Result,
    )
    from quantum_async.models.submission import JobParams as JobParams, RunOptions as RunOptions
    from quantum_async.models.sweep import SweepPoint as SweepPoint, SweepResults as SweepResults
    from quantum_async.models.target import Target as Target
    from quantum_async.programs.objects import as_program as as_program
    from quantum_async.providers.azure.client import AzureClient as AzureClient
    from quantum_async.providers.azure.options import AzureOptions as AzureOptions
    from quantum_async.providers.base import ProviderClient as ProviderClient
    from quantum_async.providers.iqm.client import IQMClient as IQMClient
    from quantum_async.providers.iqm.options import IQMOptions as IQMOptions
    from quantum_async.providers.local.client import LocalClient as LocalClient
    from quantum_async.providers.pasqal.client import PasqalClient as PasqalClient
    from quantum_async.providers.pasqal.options import PasqalOptions as PasqalOptions
    from quantum_async.providers.qoro.client import QoroClient as QoroClient
    from quantum_async.providers.qoro.options import QoroOptions as QoroOptions
    from quantum_async.scheduler.batch import Batch as Batch
    from quantum_async.scheduler.events import EventStream as EventStream
    from quantum_async.scheduler.job import Job as Job
    from quantum_async.scheduler.scheduler import Scheduler as Scheduler
    from quantum_async.scheduler.sweep import Sweep as Sweep
    from quantum_async.simulation.options import SimulationOptions as SimulationOptions

if TYPE_CHECKING:
    __version__: str
    """The installed version of this package."""
else:
    # Hidden from checkers, who would otherwise believe that every misspelt name exists.
    def __getattr__(name: str) -> object:
        from quantum_async._names import resolve

        value = resolve(name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        from quantum_async._names import public

        return [*public(), "__version__"]
