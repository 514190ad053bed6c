"""Pulser's own backends on our connection: a process that runs one request per line.

A vendor's environment does not hold our package, so the differential tests drive it from there. Its
argument names the provider.
"""

from __future__ import annotations

import json
import os
import sys

import pulser
from pulser.backend import EmulationConfig
from pulser.backend.remote import RemoteBackend

from quantum_async.blocking import AzureClient, PasqalClient
from quantum_async.integrations.pulser import PulserConnection

CLIENTS = {"azure": AzureClient, "pasqal": PasqalClient}


class Emulator(RemoteBackend):
    """A backend that hands on what pasqal-cloud's emulator backends hand on."""

    device_type = ""
    emulation: EmulationConfig | None = None

    def _submit_kwargs(self):
        return {
            "batch_id": self._batch_id,
            "backend_configuration": self.emulation,
            "device_type": self.device_type,
        }


def backend(connection, request):
    """Make the backend that a request asks for."""
    sequence = pulser.Sequence.from_abstract_repr(request["sequence"])
    if "device_type" not in request:
        return pulser.QPUBackend(sequence, connection)
    made = Emulator(sequence, connection)
    made.device_type = request["device_type"]
    made.emulation = EmulationConfig.from_abstract_repr(request["config"])
    return made


def run(connection, request):
    """Run jobs; those of an open batch one by one."""
    made = backend(connection, request)
    if not request.get("open"):
        return made.run(request["jobs"], wait=True)
    with made.open_batch():
        for job in request["jobs"]:
            batch_id = made.run([job]).batch_id
    results = connection.get_results(batch_id)
    results.wait()
    return results


def answer(connection, request):
    """Run jobs, or find those of a batch, and write down everything about them."""
    if request["call"] == "devices":
        found = connection.fetch_available_devices()
        return {name: device.to_abstract_repr() for name, device in found.items()}
    if request["call"] == "run":
        results = run(connection, request)
    else:
        results = connection.get_results(request["batch_id"], request.get("job_ids"))
    return {
        "batch_id": results.batch_id,
        "job_ids": results.job_ids,
        "status": results.get_batch_status().name,
        "available": {n: r.to_abstract_repr() for n, r in results.get_available_results().items()},
        "results": [each.to_abstract_repr() for each in results.results],
    }


def main():
    """Serve requests until the input ends."""
    client = CLIENTS[sys.argv[1]].from_env(json.loads(os.environ["SANDBOX"]))
    with PulserConnection(client) as connection:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(connection, json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
