"""``doctor``: what is installed, what is configured, who answers, and what is never shown."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from quantum_async.cli.app import app
from quantum_async.cli.doctor import Checkup, Reach, check_up, checkup_row, reach, setting
from quantum_async.errors import NotSentError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.providers.base import providers

SECRET = "hunter2-hunter2"
NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path) -> Iterator[None]:
    """Work in an empty folder, where there is no journal."""
    with contextlib.chdir(tmp_path):
        yield


def doctor(*arguments: str, **variables: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["doctor", *arguments], env=variables)
    return result.exit_code, result.stdout, result.stderr


def test_a_fresh_machine_is_well() -> None:
    """Without accounts and without a journal there is nothing wrong, and nothing is made."""
    code, out, err = doctor("--offline")
    assert (code, err) == (0, "")
    rows = dict(line.split("\t")[:2] for line in out.splitlines() if "\t" in line)
    assert rows["local"] == "ready"
    assert rows["qoro"] == "not configured"
    assert "journal: there is none at" in out
    assert not list(Path.cwd().iterdir())


def test_the_document_is_complete() -> None:
    """--json names versions, extras, providers and the journal by stable keys."""
    document = json.loads(doctor("--offline", "--json")[1])
    assert set(document) == {
        "versions", "extras", "providers", "journal",
        "jobs", "submissions", "batches", "unreadable", "action",
    }  # fmt: skip
    assert document["versions"]["libraries"]["httpx"] == httpx.__version__
    assert document["extras"]["cli"] == {"missing": []}
    assert {found["provider"] for found in document["providers"]} == set(providers())
    assert document["journal"]["exists"] is False


def test_credentials_are_named_and_never_shown(tmp_path: Path) -> None:
    """Variables and files that hold credentials are named; their values appear nowhere."""
    tokens = tmp_path / "tokens.json"
    tokens.write_text(SECRET)
    variables = {
        "IQM_SERVER_URL": "https://iqm.example",
        "IQM_TOKENS_FILE": str(tokens),
        "QORO_API_KEY": SECRET,
        "QUANTUM_ASYNC_PASQAL_TOKEN": SECRET,
        "AZURE_QUANTUM_CONNECTION_STRING": "SubscriptionId=00000000-0000-0000-0000-000000000000;"
        "ResourceGroupName=g;WorkspaceName=workspace;ApiKey=hunter2-hunter2;"
        "QuantumEndpoint=https://westus.quantum.azure.com/;",
    }
    code, out, err = doctor("--offline", **variables)
    assert code == 0, err
    for name in variables:
        assert name in out
    assert "IQM_TOKENS_FILE (file found)" in out
    _, document, _ = doctor("--offline", "--json", **variables)
    assert SECRET not in out + err + document
    found = {entry["provider"]: entry for entry in json.loads(document)["providers"]}
    assert all(found[name]["configured"] for name in ("azure", "iqm", "pasqal", "qoro"))
    assert found["iqm"]["files"] == {"IQM_TOKENS_FILE": True}
    assert found["azure"]["address"] == "https://westus.quantum.azure.com/"


async def test_what_is_missing_is_said() -> None:
    """A provider with half of its settings is incomplete, and the missing half is named."""
    environ = {"IQM_TOKEN": SECRET, "IQM_TOKENS_FILE": "/nowhere/tokens.json", "LOCATION_X": "y"}
    found = {c.provider: c for c in await check_up(offline=True, environ=environ)}
    assert checkup_row(found["iqm"])[1] == "incomplete"
    assert "IQM_TOKENS_FILE (no such file)" in setting(found["iqm"])
    assert "where the IQM server is" in str(found["iqm"].error)
    assert found["azure"].variables == []


def test_a_server_that_answers(blocking_sandbox) -> None:
    """The server of a configured provider is asked, timed, and its clock compared."""
    code, out, err = doctor("--json", **blocking_sandbox.env("iqm"))
    assert code == 0, err
    (iqm,) = [e for e in json.loads(out)["providers"] if e["provider"] == "iqm"]
    assert iqm["reachable"] is True
    assert iqm["seconds"] > 0
    assert isinstance(iqm["clock_skew"], float)


def test_a_server_that_does_not_answer() -> None:
    """A server out of reach is told in three lines, and the exit code is 1."""
    code, out, err = doctor(IQM_SERVER_URL="http://127.0.0.1:9", IQM_TOKEN=SECRET)
    assert code == 1
    assert "no answer" in out
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "why", "fix"]


def answering(status: int, **headers: str) -> SessionOptions:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, headers=headers))
    return SessionOptions(transport=transport, retry=RetryPolicy(attempts=1))


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429, 503])
@pytest.mark.parametrize(("ahead", "words"), [(0, "agrees"), (90, "ours is 90 s ahead")])
async def test_every_answer_tells_the_time(status: int, ahead: float, words: str) -> None:
    """Whatever a server answers, it is there, and its clock is compared with ours."""
    options = answering(status, date=formatdate(NOW - ahead, usegmt=True))
    found = await reach("https://a.example", "demo", options=options, now=lambda: NOW + 0.5)
    assert found.error is None
    assert found.skew == pytest.approx(ahead)
    assert found.clock == words


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}])
async def test_a_server_without_a_clock(headers: dict[str, str]) -> None:
    """Where a server tells no time, none is compared."""
    found = await reach("https://a.example", "demo", options=answering(200, **headers))
    assert (found.skew, found.clock, found.error) == (None, "", None)


def test_a_wrong_clock_is_trouble() -> None:
    """A minute is more than tokens and signed links forgive."""
    assert Checkup("demo", [], reach=Reach(0.1, 59.0)).is_sound
    assert not Checkup("demo", [], reach=Reach(0.1, -61.0)).is_sound
    assert not Checkup("demo", [], reach=Reach(0.1, None, NotSentError("no"))).is_sound
