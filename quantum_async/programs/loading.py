"""Qiskit's first import, on a thread that lasts.

Qiskit 2.6's compiled part crashes the process where the thread that first imported it has ended and
another one uses it. Worker threads end, so the import is given one that does not.
"""

from __future__ import annotations

import sys
import threading

_lock = threading.Lock()


def load_qiskit() -> None:
    """Import Qiskit, so that any thread can use it.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    if "qiskit" in sys.modules:
        return
    with _lock:
        if "qiskit" in sys.modules:
            return
        if threading.current_thread() is threading.main_thread():
            _import()
            return
        failures: list[BaseException] = []
        is_done = threading.Event()
        threading.Thread(target=_last, args=(is_done, failures), name="qiskit", daemon=True).start()
        is_done.wait()
        if failures:
            raise failures[0]


def _import() -> None:
    import qiskit
    import qiskit.qasm2  # noqa: F401


def _last(is_done: threading.Event, failures: list[BaseException]) -> None:
    try:
        _import()
    except BaseException as error:  # noqa: BLE001  raised again where the import was asked for
        failures.append(error)
        return
    finally:
        is_done.set()
    threading.Event().wait()
