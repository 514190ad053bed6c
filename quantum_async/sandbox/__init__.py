"""A local cloud that speaks the providers' wire protocols and really simulates.

    async with Sandbox(latency="5ms", job_time="50ms") as sandbox:
        async with Scheduler(sandbox.client("pasqal")) as scheduler: ...

One process listens on loopback, one port per service and one for control (`server`). All services
show one `World`: a clock, a queue per device, jobs whose state follows from a few moments in time,
worker processes that simulate, books that count. A `service.Service` speaks a provider's protocol on
top of it. Faults, latency and counting happen in front of the services (`server.ServiceApp`), so a
service knows none of them.

To add a provider, write ``sandbox/<provider>/service.py`` with a subclass of `service.Service`, and
name it there ``SERVICE``; its name and port are in `settings.OFFSETS`, nothing else has to be
registered.

- ``routes``: a `service.RouteTable` of what `service.routes_of` finds: methods that are marked with
  `service.route`, take a `service.Request` and return a `service.Reply`, or raise
  `service.Refusal`. A handler reads the time from
  ``request.now`` and never sleeps; one that holds an answer back (long polling) is a coroutine
  function. Mark routes that create jobs or batches ``submits=True`` and those without credentials
  ``needs_token=False``.
- ``world.realm(name)`` has what is the provider's own: `Realm.accept_job` puts a job into a
  device's queue (pass ``request.effects``, which decides whether the job fails, and ``tasks``,
  from which it is simulated), `Realm.cancel` takes jobs out, `SandboxJob.status` and `.finished` say
  where one stands, `SandboxJob.outcomes` what was simulated. Without simulation
  `chance.seeded_counts` draws counts.
- Report each accepted submission with ``realm.ledger.note_submission(key)``, and keep what was
  created out of lists for ``request.effects.list_lag`` seconds.
- ``environment(url)`` gives the variables that point a client at the service.
- ``configure`` reads ``world.settings.options[name]`` into a type of the service's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.sandbox.faults import Fault
    from quantum_async.sandbox.handle import BlockingSandbox, Sandbox
    from quantum_async.sandbox.settings import SandboxSettings

_HOMES = {
    "BlockingSandbox": "handle",
    "Fault": "faults",
    "Sandbox": "handle",
    "SandboxSettings": "settings",
}

__all__ = ["BlockingSandbox", "Fault", "Sandbox", "SandboxSettings"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
