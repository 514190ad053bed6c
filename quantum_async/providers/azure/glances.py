"""Glances: what a poll reads of Azure Quantum's jobs, a hundred of which come with each answer."""

from __future__ import annotations

from typing import NotRequired

from pydantic import ConfigDict, with_config
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from quantum_async.providers.azure.wire import ItemError  # noqa: TC001  read by pydantic


@with_config(ConfigDict(extra="ignore", alias_generator=to_camel))
class CostGlance(TypedDict):
    """What a poll reads of a job's cost.

    Args:
        currency_code: The currency.
        estimated_total: The sum.
    """

    currency_code: NotRequired[str | None]
    estimated_total: NotRequired[float | None]


@with_config(ConfigDict(extra="ignore", alias_generator=to_camel))
class JobGlance(TypedDict):
    """What a poll reads of a job: a hundred of them come with each answer, ended ones as well.

    Args:
        id: Its id.
        status: The service's word for where it stands.
        error_data: Why it failed.
        cost_estimate: What it costs, once it has ended.
        begin_execution_time: When it began to run, as the service writes it.
        end_execution_time: When it ended, as the service writes it.
        is_cancelling: Whether it is being cancelled.
    """

    id: str
    status: NotRequired[str | None]
    error_data: NotRequired[ItemError | None]
    cost_estimate: NotRequired[CostGlance | None]
    begin_execution_time: NotRequired[object]
    end_execution_time: NotRequired[object]
    is_cancelling: NotRequired[object]
