"""Pulser's own backends on the vendor's connection and on ours, against one sandbox."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from pasqal_cloud import RemoteEmuFreeBackend, RemoteMPSBackend, RemoteSVBackend
from pulser import QPUBackend
from pulser.backend import BitStrings, EmulationConfig, Occupation

# SampledResult and pasqal-cloud's own release clock warn.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ATOMS = {"q0": 0, "q1": 60}
PI = 6.283185307179586
EMULATORS = [RemoteMPSBackend, RemoteSVBackend, RemoteEmuFreeBackend]


@pytest.fixture(scope="module")
def ours(our_pulser):
    """Our connection, in an environment that holds it."""
    return our_pulser("pasqal")


@pytest.fixture
def asked(simulating_sandbox):
    """Count the requests that a function makes, without logging in."""

    def requests():
        seen = simulating_sandbox.stats("pasqal")["requests"]
        return Counter({route: n for route, n in seen.items() if "token" not in route})

    def count(function, *arguments, **named):
        before = requests()
        found = function(*arguments, **named)
        return found, requests() - before

    return count


def job(omega, runs=100):
    return {"runs": runs, "variables": {"omega": omega, "qubits": ATOMS}}


def content(results):
    """Everything in a result that is not an identity."""
    document = json.loads(results if isinstance(results, str) else results.to_abstract_repr())
    values = {tag: document["results"][uid] for tag, uid in document["tagmap"].items()}
    times = {tag: document["times"][uid] for tag, uid in document["tagmap"].items()}
    return document["atom_order"], document["total_duration"], values, times


def same(theirs, mine):
    """Compare what both connections say of one batch."""
    assert mine["batch_id"] == theirs.batch_id
    assert mine["job_ids"] == theirs.job_ids
    assert mine["status"] == theirs.get_batch_status().name
    assert [*map(content, mine["results"])] == [*map(content, theirs.results)]
    found = theirs.get_available_results()
    assert {n: content(each) for n, each in mine["available"].items()} == {
        n: content(each) for n, each in found.items()
    }


def test_devices(connection, ours):
    """Both offer the same devices under the same names."""
    theirs = connection.fetch_available_devices()
    assert ours("devices") == {name: each.to_abstract_repr() for name, each in theirs.items()}


def test_a_batch_of_theirs(connection, mappable, ours):
    """What the vendor's connection ran is read by ours, field by field."""
    theirs = QPUBackend(mappable, connection).run([job(PI / 2), job(PI, 7), job(0.0)], wait=True)
    same(theirs, ours("results", batch_id=theirs.batch_id))
    part = connection.get_results(theirs.batch_id, theirs.job_ids[:0:-1])
    same_part = ours("results", batch_id=theirs.batch_id, job_ids=part.job_ids)
    assert [*map(content, same_part["results"])] == [*map(content, part.results)]


@pytest.mark.parametrize("is_open", [False, True])
def test_a_batch_of_ours(connection, mappable, ours, is_open, simulating_sandbox):
    """What our connection ran is read by the vendor's, field by field, from open batches too."""
    jobs = [job(PI / 2), job(PI, 7), job(0.0)]
    mine = ours("run", sequence=mappable.to_abstract_repr(), jobs=jobs, open=is_open)
    same(connection.get_results(mine["batch_id"]), mine)
    shots = [sum(content(each)[2]["bitstrings"][0].values()) for each in mine["results"]]
    assert shots == [100, 7, 100]
    assert simulating_sandbox.stats("pasqal")["batches_open"] == 0


@pytest.mark.parametrize("kind", EMULATORS)
def test_emulators(connection, plain, ours, kind):
    """Emulators obey the same configuration, and give the same observables, through both."""
    config = EmulationConfig(observables=[BitStrings(num_shots=30), Occupation()])
    backend = kind(plain, connection, config=config)
    theirs = backend.run(wait=True)
    same(theirs, ours("results", batch_id=theirs.batch_id))
    mine = ours(
        "run",
        sequence=plain.to_abstract_repr(),
        jobs=None,
        device_type=str(kind._device_type.value),
        config=backend._config.to_abstract_repr(),
    )
    same(connection.get_results(mine["batch_id"]), mine)
    [(atoms, _, values, _)] = map(content, mine["results"])
    [(their_atoms, _, their_values, _)] = map(content, theirs.results)
    assert atoms == their_atoms
    assert values.keys() == their_values.keys()
    assert values["occupation"][0] == pytest.approx(their_values["occupation"][0])
    assert sum(values["bitstrings"][0].values()) == 30


def test_requests(connection, mappable, ours, asked):
    """The same script asks less through ours: no duplicate requests, results in one."""
    jobs = [job(0.0)] * 3
    _, by_them = asked(lambda: QPUBackend(mappable, connection).run(jobs))
    ours("devices")
    text = mappable.to_abstract_repr()
    mine, by_us = asked(ours, "run", sequence=text, jobs=jobs)
    assert by_them.total() == 6
    posts = by_us["POST /core-fast/api/v1/batches"]
    polls = by_us["GET /core-fast/api/v2/jobs"]
    assert posts == 1
    # What else was asked: all results at once, and where the batch stands.
    assert by_us.total() - posts - polls <= 2
    _, again = asked(ours, "results", batch_id=mine["batch_id"], job_ids=mine["job_ids"])
    assert again.total() <= 1
