"""Every way to a result, and a process apart in which they are gone: simulators have crashed."""

from __future__ import annotations

import multiprocessing
import os
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from uuid import uuid4

import anyio
import httpx

SHOTS = 2000
SECONDS = 300.0


@dataclass(frozen=True)
class Seen:
    """What came of a program on one route.

    Args:
        counts: How often each outcome was seen.
        registers: Name and width of each register.
        refusal: Instead, the typed error with which it was refused.
        error: Instead, any other error: a fault.
        sent: What a service was sent.
    """

    counts: dict[str, int] = field(default_factory=dict)
    registers: tuple[tuple[str, int], ...] = ()
    refusal: str = ""
    error: str = ""
    sent: tuple[str, ...] = ()


def _options(service):
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.retry import NO_RETRY

    return SessionOptions(transport=httpx.MockTransport(service), retry=NO_RETRY)


def _local(_):
    from quantum_async.providers.local.client import LocalClient

    # The simulator itself: no worker processes, whose start takes longer than all else.
    return LocalClient(executor=_threads())


@cache
def _threads():
    return ThreadPoolExecutor(1)


def _azure(service):
    from quantum_async.providers.azure.client import AzureClient
    from tests.wire.azure import service as canned

    return AzureClient(
        subscription_id=canned.SUBSCRIPTION,
        resource_group=canned.GROUP,
        name=canned.WORKSPACE,
        endpoint="https://azure.example",
        api_key=canned.KEY,
        options=_options(service),
    )


def _iqm(service):
    from quantum_async.providers.iqm.client import IQMClient

    return IQMClient("https://iqm.example", token="any", options=_options(service))


def _qoro(service):
    from quantum_async.providers.qoro.client import QoroClient

    url = "http://127.0.0.1/api"
    return QoroClient(api_key="any", url=url, settle_delay=0.01, options=_options(service))


def _choices(route: str):
    """The client's maker, the service, the target and the options of a route."""
    from quantum_async.models.submission import RunOptions
    from quantum_async.providers.azure.options import AzureOptions, CircuitForm
    from quantum_async.providers.iqm.options import IQMOptions
    from tests.differential import services

    kind, _, target = route.partition(":")
    seeded = RunOptions(seed=20)
    native = AzureOptions(form=CircuitForm.NATIVE)
    transpiled = IQMOptions(transpile=True, seed=20)
    return {
        "local": lambda: (_local, None, target, seeded),
        "qir": lambda: (_azure, services.Azure(), target, RunOptions()),
        "native": lambda: (_azure, services.Azure(), target, native),
        "iqm": lambda: (_iqm, services.Iqm(), "golden:mock", transpiled),
        "qoro": lambda: (_qoro, services.Qoro(), "qoro_maestro", RunOptions()),
    }[kind]()


async def taken(program, variables, route: str, shots: int = SHOTS) -> Seen:
    """Run something on a route."""
    from quantum_async.errors import InvalidInputError, QuantumAsyncError
    from quantum_async.models.submission import JobSpec, SubmitRequest
    from quantum_async.programs.objects import as_program

    make, service, target, options = _choices(route)
    try:
        spec = JobSpec(uuid4().hex, as_program(program), shots, variables, options)
        async with make(service) as client:
            await client.validate(spec, target)
            (job,) = await client.submit(SubmitRequest(uuid4().hex, target, (spec,)))
            if service is None:
                while not (await client.poll([job], wait=5.0))[job].status.is_terminal:
                    pass
            result = await client.fetch(job)
    except InvalidInputError as error:
        return Seen(refusal=_told(error), sent=_sent(service))
    except QuantumAsyncError as error:
        why = f" ({service.refused})" if service is not None and service.refused else ""
        return Seen(error=_told(error) + why, sent=_sent(service))
    except BaseException as error:  # a panic of Qiskit's is none of Exception's
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Seen(error=f"{_told(error)} at {where.filename}:{where.lineno}", sent=_sent(service))
    registers = tuple((register.name, register.width) for register in result.registers)
    return Seen(dict(result.counts), registers, sent=_sent(service))


def _told(error) -> str:
    return f"{type(error).__name__}: {error}"


def _sent(service) -> tuple[str, ...]:
    return tuple(service.sent) if service is not None else ()


# Apart --------------------------------------------------------------------------------------------


def _serve(pipe) -> None:
    warnings.simplefilter("ignore")

    async def serve():
        while True:
            call, arguments = pipe.recv()
            pipe.send(await call(*arguments))

    try:
        anyio.run(serve)
    except EOFError:
        return


class Apart:
    """A process that does what it is told, and may die of it."""

    def __init__(self) -> None:
        self._process = None
        self._pipe = None

    def __call__(self, call, *arguments):
        """Run a coroutine function of a module there.

        Raises:
            AssertionError: The process died of it, or did not come back.
        """
        if self._process is None:
            self._start()
        self._pipe.send((call, arguments))
        try:
            if self._pipe.poll(SECONDS):
                return self._pipe.recv()
            died = f"nothing came of it in {SECONDS:.0f} s"
        except EOFError:
            self._process.join()
            died = f"the process died: exit code {self._process.exitcode}"
        self.stop()
        raise AssertionError(died)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # The worker's own pools start without a main module of pytest's.
        os.environ.setdefault("PYTHONWARNINGS", "ignore")
        self._process = context.Process(target=_serve, args=(theirs,), daemon=False)
        self._process.start()
        theirs.close()


async def of_description(described, form: str, routes: tuple[str, ...]) -> dict[str, Seen] | str:
    """Write a program in a form, and take every route; text says why it cannot be written."""
    from tests.differential.writing import written

    try:
        program, variables = written(described, form)
    except Exception as error:  # noqa: BLE001  what Qiskit cannot build or dump is not ours
        return _told(error)
    return {route: await taken(program, variables, route) for route in routes}
