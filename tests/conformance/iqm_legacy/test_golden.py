"""Golden circuits over the older interface: the vendor's older client and ours agree."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest
from iqm.iqm_client import Circuit, Instruction, IQMClient

TESTS = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("iqm_golden", TESTS / "wire" / "iqm" / "golden.py")
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

KNOWN = {"prx", "cz", "measure", "barrier"}
"""The operations of the time of this client; measurements came last then."""
NAMES = [
    name
    for name, found in golden.NATIVE.items()
    if {i["name"] for i in found["circuit"]["instructions"]} <= KNOWN
]


def in_turns(name):
    """A golden circuit as the vendor's older client takes it."""
    turns = {"angle": "angle_t", "phase": "phase_t"}
    return Circuit(
        name=name,
        instructions=[
            Instruction(
                name=i["name"],
                qubits=tuple(i["locus"]),
                args={
                    turns.get(key, key): value / (2 * math.pi) if key in turns else value
                    for key, value in i["args"].items()
                },
            )
            for i in golden.NATIVE[name]["circuit"]["instructions"]
        ],
    )


def test_most_golden_circuits_are_old_enough():
    """A change of the golden circuits does not empty this module."""
    assert {"flip", "ghz", "ghz_undone", "two_registers", "phases"} <= set(NAMES)


def test_the_same_counts_and_the_same_body(ours, simulating_sandbox):
    """Every golden circuit gives the same through both clients, and is written alike."""
    url = simulating_sandbox.env("iqm")["IQM_SERVER_URL"] + "/cocos"
    client = IQMClient(url, token="any")
    ids = {name: client.submit_circuits([in_turns(name)], shots=golden.SHOTS) for name in NAMES}
    for name, job_id in ids.items():
        run = client.wait_for_results(job_id, timeout_secs=300)
        vendors = golden.counts_of(run.measurements[0])
        layout = golden.NATIVE[name]["layout"]
        mine = ours("counts", name=name, on="iqm:garnet", layout=layout)
        golden.check(name, vendors)
        golden.check(name, mine)
        if len(golden.NATIVE[name]["outcomes"]) == 1:
            assert vendors == mine == ours("counts", name=name, on="local:statevector")
        circuit = golden.NATIVE[name]["circuit"]
        ours_id = ours("submit_circuits", arguments={"circuits": [circuit], "shots": 40})
        written, other = ours("jobs.payload", ours_id), ours("jobs.payload", str(job_id))
        [mine], [theirs] = written.pop("circuits"), other.pop("circuits")
        assert written == other
        assert [
            (i["name"], i["qubits"], pytest.approx(i["args"])) if i["name"] == "prx"
            else (i["name"], i["qubits"], i["args"])
            for i in mine["instructions"]
        ] == [(i["name"], i["qubits"], i["args"]) for i in theirs["instructions"]]  # fmt: skip
