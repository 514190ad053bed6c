"""The part of ``quantum-async doctor`` that looks at the surroundings: settings and servers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import anyio

from quantum_async.cli.clients import variables_of
from quantum_async.cli.documents import failure
from quantum_async.errors import AuthenticationError, ConfigurationError, QuantumAsyncError
from quantum_async.http.options import SessionOptions
from quantum_async.http.redact import redact_url
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.base import providers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quantum_async.cli.documents import Document
    from quantum_async.http.response import Response
    from quantum_async.providers.base import ProviderClient


LONGEST = 10.0
"""Seconds that a server is waited for."""
GRAIN = 2.0
"""Seconds by which clocks seem to differ without doing so: servers tell whole seconds."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What asking a server showed.

    Args:
        seconds: Time to its answer, connecting included.
        skew: Seconds by which this machine's clock is ahead of the server's; `None` where the
            server told no time.
        error: Why there was no answer.
    """

    seconds: float
    skew: float | None = None
    error: QuantumAsyncError | None = None

    @property
    def clock(self) -> str:
        """The clocks' difference in words; empty where it is not known."""
        if self.skew is None:
            return ""
        if abs(self.skew) < GRAIN:
            return "agrees"
        return f"ours is {abs(self.skew):.0f} s {'ahead' if self.skew > 0 else 'behind'}"


async def reach(
    address: str,
    provider: str,
    *,
    options: SessionOptions | None = None,
    now: Callable[[], float] = time.time,
) -> Reach:
    """Ask a server for its front page, without credentials; any answer counts.

    Args:
        address: Where it is.
        provider: Whose server it is.
        options: How to get there; by the environment's proxies and the system's trust by default.
        now: This machine's time in seconds since the epoch.
    """
    dates: list[str] = []

    def note(response: Response) -> None:
        dates.append(response.headers.get("date", ""))

    limits = Timeouts(connect=LONGEST, read=LONGEST, total=LONGEST)
    chosen = options or SessionOptions(timeouts=limits, retry=RetryPolicy(attempts=1))
    started, asked = time.perf_counter(), now()
    error: QuantumAsyncError | None = None
    try:
        # A server's refusal is an answer; a session passes it by here on the way to its error.
        async with Session(address, provider=provider, options=chosen, explain=note) as session:
            note(await session.read(""))
    except QuantumAsyncError as failure:
        error = None if dates else failure
    seconds = time.perf_counter() - started
    return Reach(seconds, _skew(dates, (asked + now()) / 2), error)


def _skew(dates: list[str], middle: float) -> float | None:
    try:
        # Half a second on average was cut off.
        return middle - parsedate_to_datetime(dates[0]).timestamp() - 0.5
    except (IndexError, ValueError, TypeError):
        return None


DANGEROUS_SKEW = 60.0
"""Seconds from which a wrong clock makes tokens and signed links fail."""


@dataclass
class Checkup:
    """What one provider needs here, and whether it is there.

    Args:
        provider: Its registry name.
        variables: Names of its variables that are set; their values are never kept.
        files: Files that a variable names, by the variable, and whether each is there.
        address: Where its server is; empty where it needs none.
        error: Why it cannot be used.
        reach: What asking the server showed.
    """

    provider: str
    variables: list[str]
    files: dict[str, bool] = field(default_factory=dict)
    address: str = ""
    error: QuantumAsyncError | None = None
    reach: Reach | None = None

    @property
    def is_configured(self) -> bool:
        """Whether the environment holds what it needs."""
        return self.error is None

    @property
    def is_sound(self) -> bool:
        """Whether its server answers, as far as it was asked, and at the same time as here."""
        if self.reach is None:
            return True
        return self.reach.error is None and abs(self.reach.skew or 0.0) < DANGEROUS_SKEW


async def check_up(*, offline: bool, environ: Mapping[str, str] | None = None) -> list[Checkup]:
    """Look at every registered provider's settings, and at the servers of those configured.

    Args:
        offline: Ask no server.
        environ: Read instead of the process's environment.
    """
    given = os.environ if environ is None else environ
    kinds = await anyio.to_thread.run_sync(providers)
    found = [_look(name, kind, given) for name, kind in kinds.items()]
    async with anyio.create_task_group() as tasks:
        for checkup in found:
            tasks.start_soon(_look_at_files, checkup, given)
            if checkup.address and not offline:
                tasks.start_soon(_ask, checkup)
    return found


def _look(name: str, kind: type[ProviderClient], environ: Mapping[str, str]) -> Checkup:
    checkup = Checkup(name, variables_of(kind, environ))
    try:
        checkup.address = kind.from_env(environ).address
    except (AuthenticationError, ConfigurationError) as error:
        checkup.error = error
    return checkup


async def _look_at_files(checkup: Checkup, environ: Mapping[str, str]) -> None:
    for name in checkup.variables:
        if name.endswith("_FILE"):
            path = await anyio.Path(environ[name]).expanduser()
            checkup.files[name] = await path.is_file()


async def _ask(checkup: Checkup) -> None:
    checkup.reach = await reach(checkup.address, checkup.provider)


def checkup_document(checkup: Checkup) -> Document:
    """Write down what was found at one provider, with stable keys."""
    reached = checkup.reach
    return {
        "provider": checkup.provider,
        "configured": checkup.is_configured,
        "error": failure(checkup.error or (reached.error if reached else None)),
        "variables": checkup.variables,
        "files": checkup.files,
        "address": redact_url(checkup.address) or None,
        "reachable": None if reached is None else reached.error is None,
        "seconds": None if reached is None else round(reached.seconds, 4),
        "clock_skew": None if reached is None or reached.skew is None else round(reached.skew, 1),
    }


def checkup_row(checkup: Checkup) -> list[str]:
    """Write down what was found at one provider, for people."""
    return [
        checkup.provider,
        _readiness(checkup),
        redact_url(checkup.address),
        _answer(checkup.reach),
        checkup.reach.clock if checkup.reach is not None else "",
    ]


def setting(checkup: Checkup) -> str:
    """Name the variables that were found for a provider; their values are never shown."""
    return ", ".join(_variable(checkup, name) for name in checkup.variables)


def advice(checkup: Checkup) -> str:
    """Say what a provider lacks, and what to set."""
    if checkup.error is None:
        return ""
    remedy = " ".join(getattr(checkup.error, "__notes__", ()))
    return f"{checkup.error}. {remedy}" if checkup.variables else remedy or str(checkup.error)


def _readiness(checkup: Checkup) -> str:
    if checkup.error is None:
        return "ready" if checkup.is_sound else "in trouble"
    return "incomplete" if checkup.variables else "not configured"


def _variable(checkup: Checkup, name: str) -> str:
    if name not in checkup.files:
        return name
    return f"{name} ({'file found' if checkup.files[name] else 'no such file'})"


def _answer(reached: Reach | None) -> str:
    if reached is None:
        return ""
    return "no answer" if reached.error is not None else f"{reached.seconds * 1000:.0f} ms"
