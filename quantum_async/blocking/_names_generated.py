"""The public names, those of `quantum_async`, with the blocking classes in place of the async ones."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async import as_program as as_program
    from quantum_async import AuthenticationError as AuthenticationError
    from quantum_async.blocking._azure_generated import AzureClient as AzureClient
    from quantum_async import AzureOptions as AzureOptions
    from quantum_async.blocking._scheduler_generated import Batch as Batch
    from quantum_async import BatchClosedError as BatchClosedError
    from quantum_async import BatchError as BatchError
    from quantum_async import BatchNotClosedError as BatchNotClosedError
    from quantum_async import BatchRef as BatchRef
    from quantum_async import BatchState as BatchState
    from quantum_async import BatchStatus as BatchStatus
    from quantum_async import BitOrder as BitOrder
    from quantum_async import Budget as Budget
    from quantum_async import BudgetExceededError as BudgetExceededError
    from quantum_async import Capabilities as Capabilities
    from quantum_async import ConfigurationError as ConfigurationError
    from quantum_async import ConflictError as ConflictError
    from quantum_async import Cost as Cost
    from quantum_async import DefectError as DefectError
    from quantum_async import Device as Device
    from quantum_async import DeviceLimitError as DeviceLimitError
    from quantum_async import DuplicateSubmissionError as DuplicateSubmissionError
    from quantum_async.blocking._scheduler_generated import EventStream as EventStream
    from quantum_async import Expectation as Expectation
    from quantum_async import FacadeError as FacadeError
    from quantum_async import grid as grid
    from quantum_async import InvalidInputError as InvalidInputError
    from quantum_async import InvalidOptionError as InvalidOptionError
    from quantum_async import InvalidShotsError as InvalidShotsError
    from quantum_async.blocking._iqm_generated import IQMClient as IQMClient
    from quantum_async import IQMOptions as IQMOptions
    from quantum_async.blocking._scheduler_generated import Job as Job
    from quantum_async import JobCancelledError as JobCancelledError
    from quantum_async import JobError as JobError
    from quantum_async import JobEvent as JobEvent
    from quantum_async import JobEventKind as JobEventKind
    from quantum_async import JobFailedError as JobFailedError
    from quantum_async import JobParams as JobParams
    from quantum_async import JobRef as JobRef
    from quantum_async import JobState as JobState
    from quantum_async import JobStatus as JobStatus
    from quantum_async import JournalError as JournalError
    from quantum_async import Limits as Limits
    from quantum_async.blocking._local_generated import LocalClient as LocalClient
    from quantum_async import LostAnswerError as LostAnswerError
    from quantum_async import MissingExtraError as MissingExtraError
    from quantum_async import NoMeasurementError as NoMeasurementError
    from quantum_async import NotFoundError as NotFoundError
    from quantum_async import NotSentError as NotSentError
    from quantum_async.blocking._pasqal_generated import PasqalClient as PasqalClient
    from quantum_async import PasqalOptions as PasqalOptions
    from quantum_async import PermissionDeniedError as PermissionDeniedError
    from quantum_async import Program as Program
    from quantum_async import ProgramError as ProgramError
    from quantum_async import ProgramFormat as ProgramFormat
    from quantum_async import ProgramSyntaxError as ProgramSyntaxError
    from quantum_async import ProtocolError as ProtocolError
    from quantum_async.blocking._providers_generated import ProviderClient as ProviderClient
    from quantum_async.blocking._qoro_generated import QoroClient as QoroClient
    from quantum_async import QoroOptions as QoroOptions
    from quantum_async import QuantumAsyncError as QuantumAsyncError
    from quantum_async import RateLimitedError as RateLimitedError
    from quantum_async import Register as Register
    from quantum_async import RejectedRequestError as RejectedRequestError
    from quantum_async import ResponseError as ResponseError
    from quantum_async import Result as Result
    from quantum_async import ResultError as ResultError
    from quantum_async import ResultPendingError as ResultPendingError
    from quantum_async import RetryPolicy as RetryPolicy
    from quantum_async import RunOptions as RunOptions
    from quantum_async.blocking._scheduler_generated import Scheduler as Scheduler
    from quantum_async import SchedulerClosedError as SchedulerClosedError
    from quantum_async import ServerError as ServerError
    from quantum_async import SessionOptions as SessionOptions
    from quantum_async import SimulationOptions as SimulationOptions
    from quantum_async import SubmissionError as SubmissionError
    from quantum_async import SubmissionGrade as SubmissionGrade
    from quantum_async import SubmissionUnknownError as SubmissionUnknownError
    from quantum_async.blocking._scheduler_generated import Sweep as Sweep
    from quantum_async import SweepPoint as SweepPoint
    from quantum_async import SweepResults as SweepResults
    from quantum_async import Target as Target
    from quantum_async import Timeouts as Timeouts
    from quantum_async import TransportError as TransportError
    from quantum_async import UnboundParametersError as UnboundParametersError
    from quantum_async import UnknownTargetError as UnknownTargetError
    from quantum_async import UnsupportedProgramError as UnsupportedProgramError
    from quantum_async import WaitTimeoutError as WaitTimeoutError
    from quantum_async import zip_points as zip_points

__all__ = [
    "as_program",
    "AuthenticationError",
    "AzureClient",
    "AzureOptions",
    "Batch",
    "BatchClosedError",
    "BatchError",
    "BatchNotClosedError",
    "BatchRef",
    "BatchState",
    "BatchStatus",
    "BitOrder",
    "Budget",
    "BudgetExceededError",
    "Capabilities",
    "ConfigurationError",
    "ConflictError",
    "Cost",
    "DefectError",
    "Device",
    "DeviceLimitError",
    "DuplicateSubmissionError",
    "EventStream",
    "Expectation",
    "FacadeError",
    "grid",
    "InvalidInputError",
    "InvalidOptionError",
    "InvalidShotsError",
    "IQMClient",
    "IQMOptions",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobEvent",
    "JobEventKind",
    "JobFailedError",
    "JobParams",
    "JobRef",
    "JobState",
    "JobStatus",
    "JournalError",
    "Limits",
    "LocalClient",
    "LostAnswerError",
    "MissingExtraError",
    "NoMeasurementError",
    "NotFoundError",
    "NotSentError",
    "PasqalClient",
    "PasqalOptions",
    "PermissionDeniedError",
    "Program",
    "ProgramError",
    "ProgramFormat",
    "ProgramSyntaxError",
    "ProtocolError",
    "ProviderClient",
    "QoroClient",
    "QoroOptions",
    "QuantumAsyncError",
    "RateLimitedError",
    "Register",
    "RejectedRequestError",
    "ResponseError",
    "Result",
    "ResultError",
    "ResultPendingError",
    "RetryPolicy",
    "RunOptions",
    "Scheduler",
    "SchedulerClosedError",
    "ServerError",
    "SessionOptions",
    "SimulationOptions",
    "SubmissionError",
    "SubmissionGrade",
    "SubmissionUnknownError",
    "Sweep",
    "SweepPoint",
    "SweepResults",
    "Target",
    "Timeouts",
    "TransportError",
    "UnboundParametersError",
    "UnknownTargetError",
    "UnsupportedProgramError",
    "WaitTimeoutError",
    "zip_points",
]

TWINS: dict[str, str] = {
    "quantum_async.http.response.Download": "quantum_async.blocking._http_generated",
    "quantum_async.providers.azure.client.AzureClient": "quantum_async.blocking._azure_generated",
    "quantum_async.providers.azure.jobs.Jobs": "quantum_async.blocking._azure_generated",
    "quantum_async.providers.azure.sessions.Sessions": "quantum_async.blocking._azure_generated",
    "quantum_async.providers.azure.sessions.TopLevelItems": "quantum_async.blocking._azure_generated",
    "quantum_async.providers.azure.storage.Storage": "quantum_async.blocking._azure_generated",
    "quantum_async.providers.azure.targets.Quotas": "quantum_async.blocking._azure_generated",
    "quantum_async.providers.azure.targets.Targets": "quantum_async.blocking._azure_generated",
    "quantum_async.providers.base.ProviderClient": "quantum_async.blocking._providers_generated",
    "quantum_async.providers.iqm.api_tokens.Tokens": "quantum_async.blocking._iqm_generated",
    "quantum_async.providers.iqm.client.IQMClient": "quantum_async.blocking._iqm_generated",
    "quantum_async.providers.iqm.computers.Calibration": "quantum_async.blocking._iqm_generated",
    "quantum_async.providers.iqm.computers.QuantumComputers": "quantum_async.blocking._iqm_generated",
    "quantum_async.providers.iqm.jobs.Jobs": "quantum_async.blocking._iqm_generated",
    "quantum_async.providers.iqm.pulses.Pulses": "quantum_async.blocking._iqm_generated",
    "quantum_async.providers.local.client.LocalClient": "quantum_async.blocking._local_generated",
    "quantum_async.providers.pasqal.batches.Batches": "quantum_async.blocking._pasqal_generated",
    "quantum_async.providers.pasqal.client.PasqalClient": "quantum_async.blocking._pasqal_generated",
    "quantum_async.providers.pasqal.jobs.Jobs": "quantum_async.blocking._pasqal_generated",
    "quantum_async.providers.pasqal.projects.Projects": "quantum_async.blocking._pasqal_generated",
    "quantum_async.providers.pasqal.specs.Specs": "quantum_async.blocking._pasqal_generated",
    "quantum_async.providers.pasqal.workloads.Workloads": "quantum_async.blocking._pasqal_generated",
    "quantum_async.providers.qoro.characterisations.Characterisations": "quantum_async.blocking._qoro_generated",
    "quantum_async.providers.qoro.client.QoroClient": "quantum_async.blocking._qoro_generated",
    "quantum_async.providers.qoro.credits.Credits": "quantum_async.blocking._qoro_generated",
    "quantum_async.providers.qoro.jobs.Jobs": "quantum_async.blocking._qoro_generated",
    "quantum_async.providers.qoro.systems.Systems": "quantum_async.blocking._qoro_generated",
    "quantum_async.scheduler.batch.Batch": "quantum_async.blocking._scheduler_generated",
    "quantum_async.scheduler.events.EventStream": "quantum_async.blocking._scheduler_generated",
    "quantum_async.scheduler.job.Completions": "quantum_async.blocking._scheduler_generated",
    "quantum_async.scheduler.job.Job": "quantum_async.blocking._scheduler_generated",
    "quantum_async.scheduler.scheduler.Scheduler": "quantum_async.blocking._scheduler_generated",
    "quantum_async.scheduler.sweep.Sweep": "quantum_async.blocking._scheduler_generated",
}
"""The module of each async class's twin, by the async class's dotted path."""

BY_NAME: dict[str, str] = {
    "AzureClient": "quantum_async.blocking._azure_generated",
    "Batch": "quantum_async.blocking._scheduler_generated",
    "EventStream": "quantum_async.blocking._scheduler_generated",
    "IQMClient": "quantum_async.blocking._iqm_generated",
    "Job": "quantum_async.blocking._scheduler_generated",
    "LocalClient": "quantum_async.blocking._local_generated",
    "PasqalClient": "quantum_async.blocking._pasqal_generated",
    "ProviderClient": "quantum_async.blocking._providers_generated",
    "QoroClient": "quantum_async.blocking._qoro_generated",
    "Scheduler": "quantum_async.blocking._scheduler_generated",
    "Sweep": "quantum_async.blocking._scheduler_generated",
}
"""The module of each public name that has a twin."""
