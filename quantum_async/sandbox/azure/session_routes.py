"""Routes that are about sessions, and about jobs and sessions together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.azure.filters import listing
from quantum_async.sandbox.azure.records import Session
from quantum_async.sandbox.exchange import Refusal, Reply

if TYPE_CHECKING:
    from quantum_async.sandbox.azure.desk import Desk
    from quantum_async.sandbox.exchange import Request

_KEPT = ("name", "providerId", "target", "priority", "tags")


class SessionRoutes:
    """Answers what is asked of sessions.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def open(self, request: Request) -> Reply:
        """PUT a session."""
        session_id, body = request.ids[-1].lower(), request.json_object()
        for name in ("name", "providerId", "target"):
            if not body.get(name):
                raise Refusal(400, f"{name} is missing", "InvalidSessionDefinition")
        session = self._desk.sessions.get(session_id)
        if session is None:
            document = {name: body[name] for name in _KEPT if name in body}
            document["providerId"] = str(body["providerId"]).lower()
            policy = str(body.get("jobFailurePolicy") or "Abort")
            session = Session(session_id, document, policy, request.now)
            self._desk.sessions[session_id] = session
            self._desk.trim(request.now)
        self._desk.realm.ledger.note_submission(f"session {session_id}")
        return Reply.of_json(self._desk.write.session(session, request.now))

    def get(self, request: Request) -> Reply:
        """GET a session."""
        session = self._desk.session(request.ids[-1], request.now)
        return Reply.of_json(self._desk.write.session(session, request.now))

    def close(self, request: Request) -> Reply:
        """POST :close."""
        session = self._desk.session(request.ids[-1], request.now)
        if session.takes_jobs(request.now):
            session.closed = request.now
        return Reply.of_json(self._desk.write.session(session, request.now))

    def list(self, request: Request) -> Reply:
        """GET all sessions."""
        now = request.now
        shown = [self._desk.write.session(s, now) for s in self._desk.sessions.values()]
        return Reply.of_json(listing(shown, request))

    def top_level(self, request: Request) -> Reply:
        """GET sessions, and jobs that belong to none."""
        now, write = request.now, self._desk.write
        shown = [
            write.job(job, now, request.base_url, signed=False)
            for job in self._desk.jobs.values()
            if job.session is None and job.listed <= now
        ]
        shown += [write.session(session, now) for session in self._desk.sessions.values()]
        return Reply.of_json(listing(shown, request))
