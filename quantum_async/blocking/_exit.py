"""The end of the program: open blocks are left by their policy, and nothing hangs."""

from __future__ import annotations

import atexit
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from quantum_async.blocking._portal import TICK, existing_portal
from quantum_async.blocking._signals import Terminated
from quantum_async.errors import FacadeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.blocking._block import Block
    from quantum_async.blocking._portal import Portal

_is_armed = False


def arm() -> None:
    """Register with the interpreter, once."""
    global _is_armed  # noqa: PLW0603 -- a process ends once
    if _is_armed:
        return
    _is_armed = True
    # Before the executors of the standard library close: looking up a host name needs one of
    # them, and so may cancelling. The hook is private, hence the ordinary one as well.
    early: Callable[[Callable[[], None]], object] | None = getattr(
        threading, "_register_atexit", None
    )
    if early is not None:
        with suppress(RuntimeError):
            early(_close_unless_shared)
    atexit.register(_close)


def _close_unless_shared() -> None:
    """Close now, unless other threads still work: Python lets them finish first."""
    portal = existing_portal()
    if portal is None:
        return
    me = threading.current_thread()
    # Copied first: threads that still wait come and go meanwhile.
    others = [thread for thread in list(portal.waiting.values()) if thread is not me]
    if not any(thread.is_alive() and not thread.daemon for thread in others):
        _close()


def _close() -> None:
    portal = existing_portal()
    if portal is None or not portal.is_alive:
        return
    try:
        if not portal.was_left:
            _leave_blocks(portal)
    except (KeyboardInterrupt, Terminated):
        portal.was_left = True
    except FacadeError:
        pass
    for session in {block.session for block in list(portal.blocks) if block.is_open}:
        if remains := session.remains():
            sys.stderr.write(f"quantum_async: may still be running: {remains}\n")
    with suppress(KeyboardInterrupt, Terminated, FacadeError):
        portal.stop(0.0 if portal.was_left else 1.0)


def _leave_blocks(portal: Portal) -> None:
    """Cancel what was entered and never left, the latest first, within their grace."""
    for ticket in list(portal.waiting):
        portal.post(ticket, ticket.cancel)
    for block in reversed(list(portal.blocks)):
        if block.is_open and not _left(block, portal):
            return
        if not block.is_open:
            block.tell()


def _left(block: Block[Any], portal: Portal) -> bool:
    """Leave a block, and say whether nobody hurried on meanwhile."""
    reason = SystemExit("the program ends")
    portal.post(block.call, block.let_go, reason)
    end = time.monotonic() + block.session.grace + 1.0
    while not block.call.done.wait(TICK) and time.monotonic() < end:
        if block.is_hurried:
            portal.was_left = True
            return False
    for note in getattr(reason, "__notes__", []):
        sys.stderr.write(f"quantum_async: {note}\n")
    return True
