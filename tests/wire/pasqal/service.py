"""A Pasqal Cloud of canned answers; it needs no library, so that vendors' environments run it."""

from __future__ import annotations

import json
import re

BATCH_ID = "11111111-0000-4000-8000-000000000001"
JOB_ID = "22222222-0000-4000-8000-000000000001"
OTHER_JOB_ID = "22222222-0000-4000-8000-000000000002"
WORKLOAD_ID = "33333333-0000-4000-8000-000000000001"
PROJECT_ID = "00000000-0000-4000-8000-000000000001"
MOMENT = "2026-03-01T10:00:00.000000+00:00"

SEQUENCE = json.dumps(
    {
        "version": "1",
        "name": "golden",
        "register": [{"name": "q0", "x": 0.0, "y": 0.0}, {"name": "q1", "x": 6.0, "y": 0.0}],
        "channels": {"g": "rydberg_global"},
        "variables": {"omega": {"type": "float", "value": [0.0]}},
        "operations": [],
        "measurement": "ground-rydberg",
        "device": {"name": "FRESNEL", "max_runs": 2000, "channels": []},
    }
)


def job(job_id: str = JOB_ID, **changes):
    return {
        "id": job_id,
        "batch_id": BATCH_ID,
        "project_id": PROJECT_ID,
        "status": "DONE",
        "runs": 20,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "start_timestamp": MOMENT,
        "end_timestamp": MOMENT,
        "errors": [],
        "variables": {"omega": 6.0},
        "parent_id": None,
        "creation_order": 1,
        **changes,
    }


def batch(**changes):
    return {
        "id": BATCH_ID,
        "project_id": PROJECT_ID,
        "user_id": "somebody",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "device_type": "FRESNEL",
        "status": "DONE",
        "open": False,
        "complete": True,
        "jobs_count": 1,
        "jobs_count_per_status": {"DONE": 1},
        "tags": [],
        "sequence_builder": SEQUENCE,
        "jobs": [job()],
        **changes,
    }


def workload(**changes):
    return {
        "id": WORKLOAD_ID,
        "project_id": PROJECT_ID,
        "status": "DONE",
        "workload_type": "qadence_circuit",
        "backend": "pyqtorch",
        "config": {"shots": 10},
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "result": {"answer": 42},
        **changes,
    }


RESULTS = {"counter": {"00": 12, "11": 8}, "raw": None, "serialised_results": None}

_ANSWERS = [
    ("POST", r"/token", None),
    ("GET", r"/download", None),
    ("PATCH", r"/batches/cancel", lambda _: {"batches": [batch()], "errors": {}}),
    ("PATCH", r"/cancel/jobs", lambda _: {"jobs": [job()], "errors": {}}),
    ("GET", r"/batches/[^/]+/status", lambda _: {"status": "DONE", "jobs_count_per_status": {}}),
    ("GET", r"/jobs/[^/]+/status", lambda _: {"status": "DONE"}),
    ("GET", r"/results_link", lambda base: {"results_link": f"{base}/download?signature=s"}),
    ("GET", r"/devices/specs", lambda _: {"FRESNEL": "{}"}),
    ("GET", r"/devices/public-specs", lambda _: [{"device_type": "FRESNEL", "specs": "{}"}]),
    ("GET", r"/projects", lambda _: [{"id": PROJECT_ID, "name": "golden"}]),
    ("GET", r"/batches", lambda _: [batch()]),
    ("GET", r"/jobs", lambda _: [job()]),
    ("GET", r"/jobs/[^/]+", lambda _: job(sequence=SEQUENCE)),
    ("PATCH", r"/jobs/[^/]+/cancel", lambda _: job(status="CANCELED")),
    ("POST", r"/workloads", lambda _: workload()),
    ("GET", r"/workloads/[^/]+", lambda _: workload()),
    ("PUT", r"/workloads/[^/]+/cancel", lambda _: workload(status="CANCELED")),
    ("GET", r"/batches/[^/]+", lambda _: batch(jobs=None)),
    ("POST", r"/batches.*", lambda _: batch()),
    ("PATCH", r"/batches/.*", lambda _: batch()),
]


def answer(method: str, path: str, base: str):
    """Give the JSON that a request is answered with.

    Args:
        method: The HTTP method.
        path: The path without the query.
        base: Where links lead to.
    """
    for verb, pattern, data in _ANSWERS:
        if verb == method and re.search(pattern + "$", path):
            if data is None:
                token = {"access_token": "golden", "expires_in": 3600}
                return token if verb == "POST" else RESULTS
            found = data(base)
            count = len(found) if isinstance(found, list) else 1
            pagination = {"total": count, "start": 0, "offset": 0, "end": count}
            return {"status": "success", "code": 200, "data": found, "pagination": pagination}
    raise AssertionError(f"no answer to {method} {path}")
