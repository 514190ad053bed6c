"""The generated classes are what the generator writes, and leave nothing of the async ones out."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from importlib import import_module
from pathlib import Path

import pytest

import quantum_async
import quantum_async.integrations.qiskit as integration
from facade import docstrings, generate, qiskit, reading
from facade.reading import Shape, members
from facade.writing import module_source, public_path
from quantum_async import blocking
from quantum_async.blocking._handle import twin_of
from quantum_async.providers.base import ProviderClient

CLASSES = generate.twinned()
QISKIT = qiskit.twinned()
ROOT = Path(__file__).parents[2]
ADDED = {"timeout", "progress"}
SPECIAL = {
    "__await__": "result",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}

each_class = pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
each_member = pytest.mark.parametrize(
    ("cls", "member"),
    [
        pytest.param(cls, member, id=f"{path}.{member.name}")
        for path, cls in CLASSES.items()
        for member in members(cls)
    ],
)


def test_regenerating_gives_identical_bytes() -> None:
    """What is committed is, to the byte, what the generator writes."""
    assert generate.stale(generate.generated()) == []


def test_generating_twice_gives_the_same() -> None:
    """The generator depends on nothing but the classes."""
    command = [sys.executable, ".ci/facade", "--check"]
    run = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_changed_file_is_noticed() -> None:
    """One byte more or less at the end is a difference, and so is a file nobody generates."""
    path = ROOT / "quantum_async/blocking/_scheduler_generated.py"
    source = path.read_text()
    assert path in generate.stale({path: source + "\n"})
    assert path in generate.stale({path: source[:-1]})
    assert path in generate.stale({})


def test_every_public_class_that_awaits_has_a_twin() -> None:
    """Each public class with anything to wait for is there under its own name, as another class."""
    waiting = {
        name
        for name in quantum_async.__all__
        if isinstance(cls := getattr(quantum_async, name), type)
        and not issubclass(cls, BaseException | Enum)
        and any(
            inspect.iscoroutinefunction(value) or name in {"__await__", "__aiter__", "__aenter__"}
            for name in dir(cls)
            if (value := inspect.getattr_static(cls, name))
        )
    }
    assert waiting >= {"Scheduler", "Job", "Batch", "Sweep", "LocalClient", "PasqalClient"}
    same = {n for n in waiting if getattr(blocking, n) is getattr(quantum_async, n)}
    assert same == set()


def test_the_other_names_are_the_same() -> None:
    """Values, errors and functions are the very same objects in both packages."""
    assert blocking.__all__ == quantum_async.__all__
    twins = {cls.__name__ for cls in CLASSES.values()}
    others = set(quantum_async.__all__) - twins
    assert {n for n in others if getattr(blocking, n) is not getattr(quantum_async, n)} == set()
    assert set(dir(blocking)) >= set(blocking.__all__)
    assert not hasattr(blocking, "Schedular")


@each_class
def test_every_public_coroutine_has_a_twin(cls: type) -> None:
    """No coroutine of a twinned class is missing but what is listed as plumbing, with a reason."""
    twin = twin_of(cls)
    listed = {name for names in reading.PLUMBING.values() for name in names}
    missing = [
        name
        for name in dir(cls)
        if not name.startswith("_")
        and name not in listed
        and inspect.iscoroutinefunction(inspect.getattr_static(cls, name))
        and not inspect.isfunction(getattr(twin, name, None))
    ]
    assert missing == []
    assert not any(inspect.iscoroutinefunction(getattr(twin, n)) for n in dir(twin) if n[0] != "_")


def test_plumbing_is_really_there() -> None:
    """A name that is left out of the twins exists, or the list would rot."""
    ours = [cls for path, cls in CLASSES.items() if ".scheduler." in path]
    by_name = {cls.__name__: cls for cls in [*ours, *QISKIT]}
    attributes = {"backend", "batch", "is_feeding", "on_cancel", "service"}
    stale = [
        (owner, name)
        for owner, names in reading.PLUMBING.items()
        for name in names - attributes
        if not hasattr(by_name[owner], name)
    ]
    assert stale == []


def test_every_phrase_is_used() -> None:
    """A rewritten phrase that no docstring has is dead, and would hide a new wording."""
    for classes, phrases in [(CLASSES.values(), docstrings.PHRASES), (QISKIT, qiskit.PHRASES)]:
        text = "\n".join(
            [inspect.getdoc(cls) or "" for cls in classes]
            + [member.doc for cls in classes for member in members(cls)]
        )
        assert [phrase for phrase in phrases if phrase not in text] == []


@pytest.mark.parametrize("cls", QISKIT, ids=[cls.__name__ for cls in QISKIT])
def test_qiskits_twins_leave_nothing_out(cls: type) -> None:
    """Each has every public member of its async class, with the same arguments for what waits."""
    twin = getattr(integration, qiskit.KINDS[cls.__name__].name)
    found = [member for member in members(cls) if member.name not in SPECIAL]
    has = {*dir(twin), *(member.name for member in members(twin))}
    assert [member.name for member in found if member.name not in has] == []
    waits = [member.name for member in found if member.shape is Shape.COROUTINE]
    assert waits
    for name in waits:
        assert shape(getattr(twin, name)) == shape(getattr(cls, name))
        assert not inspect.iscoroutinefunction(getattr(twin, name))


@each_member
def test_signatures_agree(cls: type, member: reading.Member) -> None:
    """Names, kinds, defaults and order of parameters are the async ones', and only those."""
    twin = twin_of(cls)
    if inspect.isabstract(cls) and member.annotation.startswith("ClassVar"):
        return
    if member.shape in {Shape.SNAPSHOT, Shape.AWAITABLE} or member.name in SPECIAL:
        assert hasattr(twin, SPECIAL.get(member.name, member.name))
        return
    if member.shape is Shape.MAKER and inspect.isabstract(cls):
        return
    assert shape(getattr(twin, member.name)) == shape(getattr(cls, member.name))


@each_class
def test_constructors_agree(cls: type) -> None:
    """What is made by hand is made with the same arguments."""
    twin = twin_of(cls)
    if "__init__" in vars(twin):
        assert shape(twin.__init__) == shape(cls.__init__)
    else:
        assert inspect.isabstract(cls) or not issubclass(cls, ProviderClient)


def shape(function) -> list[tuple[str, object, object]]:
    parameters = inspect.signature(function).parameters.values()
    own = [p for p in parameters if p.name not in ADDED or p.kind is not p.KEYWORD_ONLY]
    return [(p.name, p.kind, p.default) for p in own]


@each_member
def test_documentation_agrees(cls: type, member: reading.Member) -> None:
    """The first line is the async one's, rewritten for those who do not await, and names it."""
    twin = twin_of(cls)
    if member.name in {"__anext__", "__len__"} or (
        isinstance(member.annotation, str) and (member.annotation.startswith("ClassVar"))
    ):
        return
    if member.shape is Shape.MAKER and inspect.isabstract(cls):
        return
    if member.name == "__aiter__" and hasattr(cls, "__anext__"):
        return
    found = inspect.getdoc(getattr(twin, SPECIAL.get(member.name, member.name)))
    name = member.name
    assert f"Blocking twin of `{public_path(cls)}.{name}`." in found
    if member.doc and member.shape is not Shape.AWAITABLE:
        first = member.doc.splitlines()[0]
        for phrase, words in docstrings.PHRASES.items():
            first = first.replace(phrase, words)
        assert found.splitlines()[0] == first


def test_every_waiting_method_has_a_timeout() -> None:
    """Whoever waits can say how long."""
    without = [
        f"{cls.__name__}.{member.name}"
        for cls in CLASSES.values()
        for member in members(cls)
        if member.shape is Shape.COROUTINE
        and "timeout" not in inspect.signature(getattr(twin_of(cls), member.name)).parameters
    ]
    assert without == []


class Kinds:
    """A class with every kind of parameter and every shape."""

    async def every(
        self, first: int, /, second: str = "b", *rest: int, key: float = 1.5, **others: str
    ) -> dict[str, object]:
        """Say what came."""
        return {"first": first, "second": second, "rest": rest, "key": key, "others": others}

    async def plain(self, first: int, second: str = "b") -> tuple[int, str]:
        """Take no keyword-only argument."""
        return first, second

    async def steps(self, number: int) -> AsyncIterator[int]:
        """Count."""
        for place in range(number):
            yield place

    @asynccontextmanager
    async def held(self, word: str) -> AsyncIterator[str]:
        """Hold a word."""
        yield word

    def __await__(self):
        """Take no time."""
        return self.plain(1).__await__()


Kinds.__await__.__annotations__["return"] = "Generator[object, object, tuple[int, str]]"


@pytest.fixture(scope="module")
def kinds():
    """The twin of `Kinds`, generated and run."""
    source = module_source("kinds_generated", [Kinds], {})
    namespace: dict[str, object] = {"__name__": "kinds_generated"}
    exec(compile(generate.formatted(source), "kinds_generated", "exec"), namespace)
    return namespace["Kinds"]._of(Kinds())


def test_every_kind_of_parameter_is_forwarded(kinds) -> None:
    """Positional-only, ordinary, starred, keyword-only and double-starred arguments arrive."""
    said = kinds.every(1, "x", 2, 3, key=0.5, timeout=5, word="w")
    assert said == {
        "first": 1, "second": "x", "rest": (2, 3), "key": 0.5, "others": {"word": "w"},
    }  # fmt: skip
    assert kinds.every(1)["second"] == "b"
    assert kinds.plain(1, second="y") == (1, "y")
    with pytest.raises(TypeError, match="positional argument"):
        kinds.every(first=1)


def test_every_shape_works(kinds) -> None:
    """An async iterator is iterated over, a context manager entered, an awaitable asked."""
    assert list(kinds.steps(3)) == [0, 1, 2]
    with kinds.held("word") as word:
        assert word == "word"
    assert kinds.result() == (1, "b")


def test_an_example_is_rewritten_to_one_that_runs() -> None:
    """`await` disappears from calls, becomes `result` on handles, and `main` is unwrapped."""
    code = """
import quantum_async as qa
async def main() -> None:
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        job = await scheduler.submit(program, shots=1)
        result = await job
        both = await (await scheduler.submit(program, shots=1))
        results = await scheduler.sweep(program, points, shots=1)
        async for point in scheduler.sweep(program, points, shots=1):
            pass
"""
    assert docstrings.blocking_code(code) == (
        "import quantum_async.blocking as qa\n"
        "with qa.Scheduler(qa.LocalClient()) as scheduler:\n"
        "    job = scheduler.submit(program, shots=1)\n"
        "    result = job.result()\n"
        "    both = scheduler.submit(program, shots=1).result()\n"
        "    results = scheduler.sweep(program, points, shots=1).result()\n"
        "    for point in scheduler.sweep(program, points, shots=1):\n"
        "        pass"
    )


def test_generated_modules_state_where_they_come_from() -> None:
    """Whoever opens a generated file is told how to change it."""
    found = list((ROOT / "quantum_async").rglob("*_generated.py"))
    assert {path.parent.name for path in found} == {"blocking", "qiskit"}
    for path in found:
        assert "python .ci/facade" in path.read_text()
        assert import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)).__doc__
