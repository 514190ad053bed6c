"""Completion in a live session: every method, and what every method returns."""

from __future__ import annotations

import inspect
from pathlib import Path

import jedi
import pytest

import quantum_async.blocking as qa
from facade import generate
from facade.reading import members
from quantum_async.blocking._handle import twin_of

CLASSES = generate.twinned()
SCHEDULER = "quantum_async.scheduler.scheduler.Scheduler"
NAMES = {"__await__": "result", "__aiter__": "", "__anext__": "", "__len__": ""}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path) -> None:
    """Give jedi a cache of its own: two workers that write one cache damage it."""
    jedi.settings.cache_directory = str(tmp_path)


def live(name: str) -> object:
    """An object of a twin's class, as a session has it."""
    if name == SCHEDULER:
        return qa.Scheduler(qa.LocalClient())
    return twin_of(CLASSES[name]).__new__(twin_of(CLASSES[name]))


def completed(code: str, namespace: dict[str, object]) -> set[str]:
    return {c.name for c in jedi.Interpreter(code, [namespace]).complete()}


@pytest.mark.parametrize("name", CLASSES)
def test_a_live_object_completes_every_member(name: str) -> None:
    """After `object.` a notebook shows every method and property."""
    offered = completed("thing.", {"thing": live(name)})
    wanted = {NAMES.get(m.name, m.name) for m in members(CLASSES[name])} - {""}
    if name.endswith(".ProviderClient"):
        wanted -= {"from_env", "id_for", "name", "account"}
    assert wanted <= offered


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("scheduler.submit(p, shots=1).", {"result", "cancel", "status", "ref"}),
        ("scheduler.submit(p, shots=1).result().", {"counts", "plot", "to_pandas"}),
        ("scheduler.submit(p, shots=1).status().", {"is_terminal"}),
        ("scheduler.submit(p, shots=1).events().", {"aclose"}),
        ("scheduler.sweep(p, g, shots=1).", {"result", "cancel", "done", "points"}),
        ("scheduler.sweep(p, g, shots=1).result().", {"errors", "to_pandas", "plot"}),
        ("for point in scheduler.sweep(p, g, shots=1):\n    point.", {"parameters", "outcome"}),
        ("for job in scheduler.as_completed([]):\n    job.", {"result", "cancel"}),
        ("with scheduler.open_batch(p) as batch:\n    batch.", {"submit", "sweep", "close"}),
        ("with scheduler.open_batch(p) as b:\n    b.submit(shots=1).", {"result", "cancel"}),
        ("client.devices()[0].", {"num_qubits", "target", "plot"}),
        ("pasqal.batches.", {"create", "list"}),
        ("for one in batches.list():\n    one.", {"id", "status"}),
    ],
)
def test_a_live_session_completes_results(code: str, wanted: set[str]) -> None:
    """What a method returns completes too, through calls, loops and blocks."""
    namespace = {
        "scheduler": live(SCHEDULER),
        "client": qa.LocalClient(),
        "pasqal": (pasqal := qa.PasqalClient(token="t", project_id="p")),
        "batches": pasqal.batches,
    }
    assert wanted <= completed(code, namespace)


RETURNING = [
    (name, member.name)
    for name, cls in CLASSES.items()
    for member in members(cls)
    if inspect.isfunction(getattr(twin_of(cls), member.name, None))
    and not member.name.startswith("__")
    and inspect.signature(getattr(twin_of(cls), member.name)).return_annotation
    not in {"None", "Hashable", "Self"}
]


@pytest.mark.parametrize(
    ("name", "method"), RETURNING, ids=[f"{name}.{method}" for name, method in RETURNING]
)
def test_every_methods_result_completes(name: str, method: str) -> None:
    """Whatever a method returns, its own members are offered after the call's dot."""
    thing = live(name)
    returned = inspect.signature(getattr(thing, method)).return_annotation
    code = {
        "Iterator": f"next(thing.{method}()).",
        "AbstractContextManager": f"with thing.{method}() as one:\n    one.",
    }.get(returned.partition("[")[0], f"thing.{method}().")
    offered = completed(code, {"thing": thing})
    assert any(not other.startswith("_") for other in offered)


@pytest.mark.parametrize(
    "code", ["import quantum_async.blocking as qa\nqa.", "from quantum_async.blocking import "]
)
def test_editors_complete_the_names(code: str) -> None:
    """An editor that runs nothing completes every public name."""
    assert set(qa.__all__) <= {c.name for c in jedi.Script(code).complete()}


def test_editors_complete_the_methods() -> None:
    """An editor that runs nothing completes a scheduler's methods and their results."""
    code = "import quantum_async.blocking as qa\nqa.Scheduler(qa.LocalClient())"
    assert "submit" in {c.name for c in jedi.Script(f"{code}.").complete()}
    result = {c.name for c in jedi.Script(f"{code}.submit('', shots=1).result().").complete()}
    assert "counts" in result
