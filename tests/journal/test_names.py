"""Values are written under declared names, and what cannot be read is listed, never lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from sqlalchemy import text

import quantum_async as qa
from quantum_async.errors import ConfigurationError, JournalError
from quantum_async.journal.base import UnreadableError
from quantum_async.journal.forms import OLD_NAMES, dump, load
from quantum_async.journal.reading import Reader
from quantum_async.journal.records import WorkState
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.stored import stored, stored_name, stored_type
from quantum_async.providers.base import providers
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import SERVED, kill, refs, spec, submission
from tests.journal.test_servers import SANDBOX, At, known_jobs
from tests.scheduler.fake import PROGRAM, FakeClient, World

QUICK = qa.Limits(min_poll_interval=0.005)
GRID = qa.grid(x=range(4))
FORMATS = sorted(Path(__file__).parent.glob("format-*.sql"))
ROOT = Path(__file__).parents[2]
STRANGE = '{"~":"data","of":"quantum_async.sandbox.pytest_plugin:X","fields":{}}'


def written_types() -> set[type]:
    """Find every dataclass and enumeration that options of an installed provider can hold."""
    found: set[type] = set()
    todo: list[object] = [kind.options_class for kind in providers().values()]
    todo += [qa.RunOptions, qa.BatchRef, qa.BitOrder]
    while todo:
        kind = todo.pop()
        todo += get_args(kind)
        if not isinstance(kind, type) or kind in found:
            continue
        if kind.__module__.partition(".")[0] != "quantum_async":
            continue
        if issubclass(kind, Enum) or is_dataclass(kind):
            found.add(kind)
            # A dataclass with slots is made anew, and the first one may linger; so may those of
            # pages that other tests have run.
            twins = [(sys.modules.get(k.__module__), k) for k in kind.__subclasses__()]
            todo += [k for module, k in twins if getattr(module, k.__name__, None) is k]
        if is_dataclass(kind):
            plain = {"Mapping": Mapping, "Value": object, "JsonValue": object}
            todo += get_type_hints(kind, localns=plain).values()
    return found


def test_every_type_that_is_written_has_a_name() -> None:
    """Whatever an option can hold is declared, so that moving its class loses nothing."""
    found = written_types()
    assert len(found) > 20
    assert [kind for kind in found if stored_name(kind) is None] == []
    for kind in found:
        name = stored_name(kind)
        assert stored_type(name) is kind
        assert ":" not in name
        provider = kind.__module__.split("providers.")[-1].partition(".")[0]
        assert ".providers." not in kind.__module__ or name.startswith(f"{provider}.")


def test_old_names_lead_to_declared_ones() -> None:
    """Each name of formats 1 and 2 stands for a type that is declared today."""
    kinds = {stored_name(kind) for kind in written_types()}
    others = {"batch-status", "failure-policy", "job-status", "pasqal.device-type"}
    assert set(OLD_NAMES.values()) - others <= kinds
    assert all(stored_type(name) is not None for name in OLD_NAMES.values())


def test_a_name_belongs_to_one_type() -> None:
    """Two types of one name would be read as each other, so the second is refused."""

    @stored("test.first")
    @dataclass(frozen=True)
    class First:
        x: int = 1

    assert load(dump(First(3))) == First(3)
    with pytest.raises(ConfigurationError, match="is the stored name of"):
        stored("test.first")(StrEnum("Second", ["A"]))


@dataclass(frozen=True)
class Undeclared:
    x: int = 1


@dataclass(frozen=True)
class Holding(qa.RunOptions):
    part: Undeclared = Undeclared()


def test_what_could_not_be_read_again_is_not_written() -> None:
    """A value without a name is refused before anything is sent, with the remedy."""
    with pytest.raises(JournalError, match="has no name to be written under") as caught:
        dump(Holding())
    assert "stored" in caught.value.remedy


def test_a_strangers_options_are_found_in_a_process_that_has_not_used_them(tmp_path) -> None:
    """Listing a journal needs no client: the installed provider is loaded for its names."""
    code = (
        "from quantum_async.journal.forms import load\n"
        'print(type(load(\'{"~":"enum","of":"iqm.heralding-mode","value":"zeros"}\')))'
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "HeraldingMode" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "quantum_async.sandbox.pytest_plugin:X",
        "antigravity:X",
        "quantum_async.journal.sql:SqlJournal",
        "json:JSONDecoder",
        "",
    ],
)
def test_nothing_is_imported_because_a_row_names_it(name: str) -> None:
    """A row names a type of ours or none; its module is neither imported nor looked into."""
    code = (
        "import sys\n"
        "from quantum_async.journal.forms import load\n"
        "try:\n"
        f'    load(\'{{"~":"data","of":"{name}","fields":{{}}}}\')\n'
        "except ValueError as error:\n"
        "    print('refused', error)\n"
        "print('pytest' in sys.modules, 'antigravity' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.startswith("refused")
    assert done.stdout.endswith("False False\n")


def restored(path: Path, file: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(file.read_text(encoding="utf-8"))
    connection.close()


@pytest.mark.parametrize("file", FORMATS, ids=lambda file: file.stem)
async def test_journals_of_every_version_are_read(tmp_path, file: Path) -> None:
    """Every row of a journal of each format that was ever written is read by this version."""
    path = tmp_path / "j.db"
    restored(path, file)
    async with SqlJournal(path) as journal:
        jobs, bad = await journal.read(
            lambda r: (r.jobs(with_results=True), [*r.submissions(), *r.batches()] and r.unreadable)
        )
        assert await journal.read(lambda reader: reader.quarantined()) == []
    assert bad == []
    rows = sqlite3.connect(path)
    assert len(jobs) == rows.execute("SELECT count(*) FROM jobs").fetchone()[0]
    rows.close()


def test_the_newest_fixture_holds_every_old_name() -> None:
    """What format 2 could write is in its fixture, but for what no row ever held."""
    held = (Path(__file__).parent / "format-2.sql").read_text(encoding="utf-8")
    never = {
        "BatchStatus",
        "FailurePolicy",
        "BitOrder",
        "JobStatus",
        "DeviceType",
        "EmulatorConfig",
    }
    assert [n for n in OLD_NAMES if n not in held and n.rpartition(":")[2] not in never] == []


async def test_a_journal_of_format_2_is_adopted(tmp_path) -> None:
    """Its jobs are followed, its sweep continues, and what was unknown there stays unknown."""
    path, world = tmp_path / "j.db", World()
    restored(path, Path(__file__).parent / "format-2.sql")
    await known_jobs(path, world)
    async with SqlJournal(path) as journal:
        accepted = await journal.read(
            lambda r: [job for job in r.jobs() if job.state is WorkState.ACCEPTED]
        )
    client = At(SANDBOX, world=world, run_time=lambda _: 0)
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        jobs = await scheduler.resume()
        assert {job.key for job in jobs} >= {job.spec.key for job in accepted}
        for job in jobs:
            assert (await job).shots
        options = qa.RunOptions(seed=1)
        sweep = scheduler.sweep(
            PROGRAM, GRID, shots=2, name="old", options=options, on_error="collect"
        )
        results = await sweep
    assert [point.counts for point in results] == [{format(i, "08b"): 2} for i in range(4)]
    async with Scheduler(At(SANDBOX, world=world), journal=path) as scheduler:
        assert await scheduler.resume() == []


async def damaged(path: Path, change: str = STRANGE) -> tuple[str, str]:
    """Leave two accepted jobs behind, of which one cannot be read; return their keys."""
    dead = SqlJournal(path)
    await dead.open()
    keys = []
    for shots in (3, 4):
        sent = submission(dead, spec(shots, shots))
        await dead.intend(sent, None)
        await dead.accepted(sent.key, refs(sent))
        keys.append(sent.jobs[0].key)
    update = text("UPDATE jobs SET options = :o WHERE key = :k").bindparams(o=change, k=keys[0])
    await dead.ask(lambda t: t.connection.execute(update) and None)
    await kill(dead)
    return keys[0], keys[1]


async def test_the_rest_goes_on_and_the_end_tells(tmp_path, caplog) -> None:
    """Resuming follows what can be read; what cannot is logged, and raised at the end."""
    path, world = tmp_path / "j.db", World()
    bad, good = await damaged(path)
    await known_jobs(path, world)
    with pytest.raises(UnreadableError, match=bad) as caught:
        async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
            (job,) = await scheduler.resume()
            assert job.key == good
            assert bad in caplog.text
            await job
    assert caught.value.accepted == "unknown"
    with pytest.raises(KeyError) as other:
        async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
            await scheduler.resume()
            raise KeyError
    assert bad in " ".join(other.value.__notes__)


async def test_a_row_that_cannot_be_read_keeps_its_state(tmp_path) -> None:
    """It is read again by whoever can: nothing of it was changed, and then it is not listed."""
    path = tmp_path / "j.db"
    bad, _ = await damaged(path)
    async with SqlJournal(path) as journal:
        claim = await journal.claim(None, SERVED)
        assert [row.key for row in claim.unreadable] == [bad]
        assert [row.key for row in await journal.read(lambda r: r.quarantined())] == [bad]
        healed = text("UPDATE jobs SET options = :o WHERE key = :k")
        healed = healed.bindparams(o=dump(qa.RunOptions()), k=bad)
        await journal.ask(lambda t: t.connection.execute(healed) and None)
        states = await journal.read(lambda r: {job.spec.key: job.state for job in r.jobs()})
        assert states[bad] is WorkState.ACCEPTED
        assert await journal.read(lambda r: r.quarantined()) == []


async def test_a_row_that_an_earlier_version_set_aside_is_read_again(tmp_path) -> None:
    """Its state was overwritten then, and follows from what else it holds."""
    path = tmp_path / "j.db"
    restored(path, Path(__file__).parent / "format-2.sql")
    connection = sqlite3.connect(path)
    connection.executescript(
        "UPDATE jobs SET state = 'quarantined'; UPDATE submissions SET state = 'quarantined';"
        "UPDATE batches SET state = 'quarantined';"
    )
    connection.close()
    async with SqlJournal(path) as journal:
        jobs = await journal.read(lambda reader: reader.jobs())
        batches = await journal.read(lambda reader: reader.batches())
        await journal.ask(lambda t: Reader(t, "").submissions())
    assert {job.state for job in jobs} == {"fetched", "accepted", "failed", "pending"}
    assert all(
        (job.ref is not None) == (job.state in {"fetched", "accepted"})
        for job in jobs
        if job.error is None
    )
    assert [batch.state for batch in batches] == ["open"]


async def test_a_point_that_cannot_be_read_is_not_sent_again(tmp_path) -> None:
    """A sweep reports it, and sends only what is missing."""
    path, world = tmp_path / "j.db", World()
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
        await scheduler.sweep(PROGRAM, GRID, shots=1, name="s")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE jobs SET options = ? WHERE point = 2", (STRANGE,))
    connection.commit()
    connection.close()
    for _ in range(2):
        async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
            results = await scheduler.sweep(PROGRAM, GRID, shots=1, name="s", on_error="collect")
        (point,) = results.errors
        assert point.index == 2
        assert isinstance(point.error, JournalError)
        assert point.error.accepted == "unknown"
    assert world.calls["submit"] == 4
