"""The demo's two sweeps, run concurrently in one scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import anyio

from quantum_async.cli.clients import client_for
from quantum_async.cli.demo import physics
from quantum_async.cli.watching import watched
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from quantum_async.models.sweep import SweepResults
    from quantum_async.scheduler.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo measured.

    Args:
        rabi: Excited fraction over the pulse's amplitude.
        qaoa: Cut over the circuit's two angles.
        targets: Where the two sweeps ran.
        shots: Shots of each point.
        seed: What makes it repeat itself, or ``None``.
        seconds: How long it took.
        order: Name and index of each point, in the order in which they finished.
    """

    rabi: SweepResults
    qaoa: SweepResults
    targets: tuple[str, str]
    shots: int
    seed: int | None
    seconds: float
    order: tuple[tuple[str, int], ...]


async def run_demo(*, shots: int, seed: int | None) -> Demo:
    """Run both sweeps at the same time.

    Args:
        shots: Shots of each point.
        seed: Makes them repeat themselves.

    Raises:
        InvalidShotsError: The number of shots is not positive.
        MissingExtraError: The simulators are not installed.
    """
    started = perf_counter()
    order: list[tuple[str, int]] = []

    async def follow(sweep: Sweep) -> None:
        # One entry at a time, because both sweeps write here as their points finish.
        async for point in sweep:
            order.append((sweep.name or "", point.index))  # noqa: PERF401

    client, _ = client_for("local", seed=seed)
    async with Scheduler(client) as scheduler:
        rabi = scheduler.sweep(
            physics.rabi_program(), physics.rabi_points(), shots=shots, name="rabi"
        )
        qaoa = scheduler.sweep(
            physics.qaoa_program(), physics.qaoa_points(), shots=shots, name="qaoa"
        )
        expected = {sweep.target: len(sweep) for sweep in (rabi, qaoa)}
        async with watched(scheduler, expected), anyio.create_task_group() as tasks:
            tasks.start_soon(follow, rabi)
            tasks.start_soon(follow, qaoa)
        return Demo(
            await rabi,
            await qaoa,
            (rabi.target, qaoa.target),
            shots,
            seed,
            perf_counter() - started,
            tuple(order),
        )
