"""Our client as a process that takes one call per line and writes down what comes back.

The vendor's environment does not hold our package, so the differential tests drive it from there.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from functools import partial

import anyio
from pydantic import BaseModel

from quantum_async.errors import QuantumAsyncError
from quantum_async.models.job import JobRef
from quantum_async.providers.pasqal.client import PasqalClient
from quantum_async.providers.pasqal.emulators import EmuFreeConfig, EmuTNConfig
from quantum_async.providers.pasqal.filters import (
    BatchFilters,
    CancelFilters,
    JobFilters,
    RebatchFilters,
)
from quantum_async.providers.pasqal.pages import Page, PageOf
from quantum_async.providers.pasqal.submission import NewJob

TYPES = {
    "BatchFilters": BatchFilters,
    "CancelFilters": CancelFilters,
    "EmuFreeConfig": EmuFreeConfig,
    "EmuTNConfig": EmuTNConfig,
    "JobFilters": JobFilters,
    "NewJob": NewJob,
    "Page": Page,
    "RebatchFilters": RebatchFilters,
}


def build(value):
    """Turn ``{"$type": name, ...}`` into a value of ours."""
    if isinstance(value, list):
        return [build(item) for item in value]
    if isinstance(value, dict):
        fields = {name: build(item) for name, item in value.items() if name != "$type"}
        for name in fields.keys() & {"start_date", "end_date"}:
            fields[name] = datetime.fromisoformat(fields[name])
        return TYPES[value["$type"]](**fields) if "$type" in value else fields
    return value


def plain(value):
    """Turn a value of ours into JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, PageOf):
        return {"total": value.total, "offset": value.offset, "results": plain(value.items)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


async def call(client, request):
    """Make one call: a method's path, or ``list`` for what it iterates over."""
    arguments = build(request.get("arguments", {}))
    if request["call"] == "fetch":
        result = await client.fetch(JobRef("pasqal", **arguments))
        return {"counts": dict(result.counts), "atoms": list(result.atoms)}
    target = client
    for name in request["call"].split("."):
        target = getattr(target, name)
    found = target(*build(request.get("positional", [])), **arguments)
    if hasattr(found, "__aiter__"):
        return [plain(item) async for item in found]
    return plain(await found)


async def serve(line):
    """Serve calls until the input ends, or begins anew with a client that has not logged in."""
    async with PasqalClient.from_env(json.loads(os.environ["SANDBOX"])) as client:
        while line:
            request = json.loads(line)
            try:
                answer = {"value": request["call"] != "again" and await call(client, request)}
            except QuantumAsyncError as error:
                answer = {"error": type(error).__name__, "message": str(error)}
            await anyio.to_thread.run_sync(partial(print, json.dumps(answer), flush=True))
            line = await anyio.to_thread.run_sync(sys.stdin.readline)
            if line and json.loads(line)["call"] == "again":
                return line
    return ""


async def main():
    """Serve calls until the input ends."""
    line = await anyio.to_thread.run_sync(sys.stdin.readline)
    while line:
        line = await serve(line)


if __name__ == "__main__":
    anyio.run(main)
