"""All that scripts at the doors import, for processes that are made from one that has it already."""

import importlib
import pkgutil
import sqlite3

import aiohttp
import anyio._backends._asyncio
import qiskit.qasm3
import sqlalchemy.dialects.sqlite

import quantum_async.http
import quantum_async.journal
import quantum_async.programs
import quantum_async.providers
import quantum_async.scheduler
from tests.crash.harness import CIRCUIT
from tests.doors.doors import DOORS

LIBRARIES = (aiohttp, anyio._backends._asyncio, sqlalchemy.dialects.sqlite, sqlite3)
PACKAGES = (
    quantum_async.http,
    quantum_async.journal,
    quantum_async.programs,
    quantum_async.providers,
    quantum_async.scheduler,
)

for door in DOORS.values():
    door.load()
for package in PACKAGES:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)
# Its reader comes with the first text that is read.
qiskit.qasm3.loads(CIRCUIT)
