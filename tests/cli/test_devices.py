from __future__ import annotations

from tests.cli.conftest import command


def test_the_simulators_are_always_listed() -> None:
    """The local provider needs no configuration, and its devices can be passed as targets."""
    ran = command("devices", "--json")
    assert ran.code == 0
    local = next(p for p in ran.document["providers"] if p["provider"] == "local")
    assert local["configured"] is True
    assert {"local:statevector", "local:pulser"} <= {d["target"] for d in local["devices"]}
    assert all(device["num_qubits"] > 0 for device in local["devices"])


def test_one_provider_can_be_named() -> None:
    """Only the named provider is listed, as rows in a pipe."""
    ran = command("devices", "local")
    assert ran.code == 0
    heads, *rows = ran.out.splitlines()
    assert heads.startswith("target\tkind\tstatus")
    assert all(row.startswith("local:") for row in rows)


def test_an_unknown_provider_is_refused() -> None:
    """A provider that is not installed ends with exit code 2 and names those that are."""
    ran = command("devices", "nowhere")
    assert ran.code == 2
    assert "no provider 'nowhere'" in ran.err
    assert "local" in ran.err
