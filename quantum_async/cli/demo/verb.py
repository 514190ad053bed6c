"""``quantum-async demo``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.cli.codes import ExitCode
from quantum_async.cli.demo.document import demo_document
from quantum_async.cli.demo.pictures import print_demo, save_demo
from quantum_async.cli.demo.sweeps import run_demo
from quantum_async.cli.documents import dump
from quantum_async.cli.saving import check_output

if TYPE_CHECKING:
    from pathlib import Path


async def demo(*, shots: int, seed: int | None, output: Path | None, json: bool) -> ExitCode:
    """Run two sweeps at once and draw them.

    Args:
        shots: Shots of each point.
        seed: Makes it repeat itself.
        output: A PNG file to write.
        json: Print a document instead of pictures.
    """
    check_output(output, {".png"})
    measured = await run_demo(shots=shots, seed=seed)
    if output is not None:
        await anyio.to_thread.run_sync(save_demo, measured, output)
    if json:
        sys.stdout.write(dump(demo_document(measured)) + "\n")
        return ExitCode.OK
    from rich.console import Console

    console = Console(highlight=False)
    print_demo(measured, console)
    if output is not None:
        console.print(f"Picture: {output}", markup=False)
    return ExitCode.OK
