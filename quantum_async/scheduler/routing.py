"""Routing: which client and device a target means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import ConfigurationError, UnknownTargetError
from quantum_async.models.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.program import Program
    from quantum_async.scheduler.lane import Lane


class Router:
    """Find the lane and device of a target.

    Args:
        lanes: The scheduler's lanes, one per client.

    Raises:
        ConfigurationError: There is none, or two are called the same.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        if not lanes:
            raise ConfigurationError(
                "a scheduler needs at least one client",
                remedy="For the embedded simulator write Scheduler(LocalClient()).",
            )
        self._lanes = {lane.client.name: lane for lane in lanes}
        if len(self._lanes) < len(lanes):
            names = [lane.client.name for lane in lanes]
            twice = next(name for name in names if names.count(name) > 1)
            raise ConfigurationError(
                f"two clients are called {twice!r}: a target would name both",
                remedy=f'Give one a name of its own, such as name="{twice}2", and write '
                f'on="{twice}2:device" for what it is to run.',
            )

    def route(self, on: str | None, program: Program | None) -> tuple[Lane, str]:
        """Return the lane and the device's name; empty where the program is to decide later.

        Args:
            on: A target such as ``"pasqal:FRESNEL"``, or ``None`` where one client leaves no doubt.
            program: What is going to run; it decides the device where the target names none.

        Raises:
            UnknownTargetError: No client fits, or several do.
        """
        target = Target.parse(on) if on is not None else Target(self._only())
        lane = self._lanes.get(target.provider)
        if lane is None:
            raise UnknownTargetError(
                f"{on!r} names no client of this scheduler",
                remedy=f"Write provider:device; the providers here: {', '.join(self._lanes)}.",
            )
        if target.device:
            return lane, target.device
        return lane, lane.client.default_device(program) if program is not None else ""

    def _only(self) -> str:
        if len(self._lanes) > 1:
            raise UnknownTargetError(
                "this scheduler has several clients, so on= must name one",
                remedy=f"Write on='provider:device'; providers here: {', '.join(self._lanes)}.",
            )
        return next(iter(self._lanes))
