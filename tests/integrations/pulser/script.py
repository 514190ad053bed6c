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
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main():
    """Do what the first argument names."""
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


if __name__ == "__main__":
    main()
