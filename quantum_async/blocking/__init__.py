"""The blocking twins of `quantum_async`: the same names, nothing to await.

    import quantum_async.blocking as qa

    with qa.Scheduler(qa.LocalClient()) as scheduler:
        result = scheduler.submit(program, shots=1000).result()

The classes are generated from the async ones and run them on one event loop, on a thread of its
own: there is one implementation, and a notebook's own loop does not matter. Whoever waits does so
in ticks of 0.05 s, so that Ctrl-C and a kernel's stop button work.

An interrupt stops the wait. It does not touch the job: what becomes of that is the scheduler's
policy, which is followed when the interrupt reaches the end of its ``with`` block, within
``grace``. A second interrupt leaves at once. Both say what is still running at the providers.
SIGTERM and SIGHUP do the same while a block lasts, on whichever thread, where nobody else handles
them and this was imported by the main thread.

Where a scheduler was entered in another cell and is still open, an interrupted
`Job.result` leaves the job alone: wait for it again, or cancel it. At the interpreter's exit, what
is still open is left by its policy. A forked process has to make clients and schedulers of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._signals import listen as _listen

# Only the main thread can, and schedulers may be made in others: where this is imported decides.
_listen()

if TYPE_CHECKING:
    from quantum_async.blocking._names_generated import *  # noqa: F403 -- it states `__all__`
else:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        from quantum_async.blocking._names_generated import BY_NAME, __all__ as names

        if name == "__all__":
            return names
        if name not in names:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        value = getattr(import_module(BY_NAME.get(name, "quantum_async")), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        from quantum_async.blocking._names_generated import __all__ as names

        return list(names)
