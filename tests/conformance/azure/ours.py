"""Our client as a process that takes one call per line and writes down what comes back.

The vendor's environment does not hold our package, so the differential tests drive it from there.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from datetime import datetime
from functools import partial

import anyio
from pydantic import BaseModel

from quantum_async.errors import QuantumAsyncError
from quantum_async.models.batch import BatchRef
from quantum_async.models.job import JobRef
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.jobs import JobOutput
from quantum_async.providers.azure.submission import NewJob

TYPES = {"ItemFilters": ItemFilters, "ItemOrder": ItemOrder, "NewJob": NewJob}


def build(value):
    """Turn ``{"$type": name, ...}`` into a value of ours, and ``{"$bytes": text}`` into bytes."""
    if isinstance(value, list):
        return [build(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return value["$bytes"].encode()
    fields = {name: build(item) for name, item in value.items() if name != "$type"}
    for name in fields.keys() & {"created_after", "created_before"}:
        fields[name] = datetime.fromisoformat(fields[name])
    if "order" in fields:
        fields["order"] = ItemOrder(fields["order"])
    return TYPES[value["$type"]](**fields) if "$type" in value else fields


def plain(value):
    """Turn a value of ours into JSON."""
    if isinstance(value, JobOutput):
        return plain(value.content)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


async def submit(client, key, target, program, shots, *, batch=None, variables=None):
    """Submit a program, its format first, through the contract."""
    written, text = program
    spec = JobSpec(key, Program(text, ProgramFormat(written), "ours"), shots, variables or {})
    session = BatchRef("azure", batch, target) if batch else None
    [ref] = await client.submit(SubmitRequest(key, target, (spec,), session))
    return ref.id


async def fetch(client, job_id):
    """Fetch through the contract."""
    result = await client.fetch(JobRef("azure", job_id))
    return {"counts": dict(result.counts), "atoms": list(result.atoms), "shots": result.shots}


async def outcomes(client, job_id):
    """Read a job's histogram and shots as the service displays them."""
    output = await client.jobs.output(job_id)
    return {"histogram": output.histogram(), "shots": output.shots()}


OWN = {"submit": submit, "fetch": fetch, "outcomes": outcomes}


async def call(client, request):
    """Make one call: a method's path, or ``list`` for what it iterates over."""
    positional, arguments = build(request["positional"]), build(request["arguments"])
    if request["call"] in OWN:
        return await OWN[request["call"]](client, *positional, **arguments)
    target = client
    for name in request["call"].split("."):
        target = getattr(target, name)
    found = target(*positional, **arguments)
    if hasattr(found, "__aiter__"):
        return [plain(item) async for item in found]
    return plain(await found)


async def main():
    """Serve calls until the input ends."""
    async with AzureClient.from_env(json.loads(os.environ["SANDBOX"])) as client:
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            try:
                answer = {"value": await call(client, json.loads(line))}
            except QuantumAsyncError as error:
                answer = {"error": type(error).__name__, "message": str(error)}
            await anyio.to_thread.run_sync(partial(print, json.dumps(answer), flush=True))


if __name__ == "__main__":
    anyio.run(main)
