"""What has failed is done again in one place; whatever else waits in a loop has a reason of its own."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = ROOT / "quantum_async"
SLEEPS = {"sleep", "_sleep", "sleep_until", "sleep_forever"}

REPEATS = {"http/retry.py:repeat", "providers/api.py:ask_until"}
"""The one function that repeats what failed, and the one that asks until something is over."""

ALLOWED = {
    "journal/writer.py:run": "lets what comes side by side be written together",
    "scheduler/workers.py:act_on": "watches a threading.Event, which an event loop cannot wait for",
    "scheduler/book.py:keep": "renews leases at their pulse, whatever happened before",
    "cli/keeping.py:watch_jobs": "draws a journal anew for whoever watches it",
    "http/dispatch.py:turn": "waits for a turn, before anything is sent",
    "http/dispatch.py:_wait_out_pause": "waits for a pause that the provider asks for",
    "scheduler/delivery.py:_look_up": "looks at moments that follow from when a service lists",
    "providers/qoro/jobs.py:_settled": "looks at moments that follow from when a job begins",
}
"""Functions that wait in a loop for another reason than that something failed."""


def names_called(node: ast.AST) -> set[str]:
    """Return what is called below a node, by its last name."""
    calls = (call.func for call in ast.walk(node) if isinstance(call, ast.Call))
    return {
        func.attr if isinstance(func, ast.Attribute) else func.id
        for func in calls
        if isinstance(func, ast.Attribute | ast.Name)
    }


def functions_of(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def waits_in_loops(tree: ast.Module) -> Iterator[str]:
    """Name the functions with a loop that sleeps, also in a function of the same module."""
    functions = functions_of(tree)
    sleeping = set(SLEEPS)
    while more := {f.name for f in functions if names_called(f) & sleeping} - sleeping:
        sleeping |= more
    for function in functions:
        loops = (n for n in ast.walk(function) if isinstance(n, ast.While | ast.For | ast.AsyncFor))
        if any(names_called(loop) & sleeping for loop in loops):
            yield function.name


def found() -> set[str]:
    functions: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        # The sandbox is a server, and asks nobody.
        if not name.startswith("sandbox/"):
            waits = waits_in_loops(ast.parse(path.read_text(encoding="utf-8")))
            functions.update(f"{name}:{function}" for function in waits)
    return functions


def test_one_function_repeats() -> None:
    """Nothing sleeps in a loop but the engine, the wait for an end, and what is listed with a reason."""
    assert found() - set(ALLOWED) == REPEATS


def test_every_reason_is_needed() -> None:
    """A function that waits no more is taken off the list."""
    assert set(ALLOWED) <= found()


def test_a_loop_that_sleeps_is_found() -> None:
    """Directly, by another name, and in a function that it calls."""
    text = """
async def again():
    while True:
        await self._sleep(1)

async def pause():
    await anyio.sleep(1)

async def later():
    for attempt in range(3):
        await pause()

async def once():
    await pause()
"""
    assert set(waits_in_loops(ast.parse(text))) == {"again", "later"}


def test_no_library_repeats_beside_it() -> None:
    """Neither tenacity nor stamina is imported, nor asked for."""
    assert not any(
        library in path.read_text(encoding="utf-8")
        for path in [*PACKAGE.rglob("*.py"), Path(ROOT / "pyproject.toml")]
        for library in ("tenacity", "stamina")
    )
