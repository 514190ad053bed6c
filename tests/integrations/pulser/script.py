"""A script as people write them, run by `test_scripts.py` as a process of its own."""

from __future__ import annotations

import json
import os
import sys

import pulser

from quantum_async.blocking import PasqalClient
from quantum_async.integrations.pulser import PulserConnection
from tests.integrations.pulser.sequences import driven, job


def say(word):
    """Tell the test how far the script has come."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main():
    """Do what the first argument names."""
    if sys.argv[1] == "named":
        named()
        return
    connection = PulserConnection(PasqalClient.from_env(json.loads(os.environ["SANDBOX"])))
    backend = pulser.QPUBackend(driven(), connection)
    if sys.argv[1] == "forget":
        connection.submit(driven(), open=True)
        say("open")
        return
    with backend.open_batch():
        say("open")
        results = backend.run([job()])
        say(results.batch_id)
        results.wait()


def named():
    """Run two jobs under a name, and say so before and after they have ended."""
    client = PasqalClient.from_env(json.loads(os.environ["SANDBOX"]))
    with PulserConnection(client, journal=os.environ["JOURNAL"], name="rabi") as connection:
        backend = pulser.QPUBackend(driven(), connection)
        results = backend.run([job(runs=5), job(runs=7)])
        say("sent")
        results.wait()
        say([sum(each.final_bitstrings.values()) for each in results.results])


if __name__ == "__main__":
    main()
