"""An IQM server of canned answers; it needs no library, so that vendors' environments run it."""

from __future__ import annotations

import json
import re

JOB_ID = "11111111-0000-4000-8000-000000000001"
QC_ID = "22222222-0000-4000-8000-000000000001"
CALIBRATION = "33333333-0000-4000-8000-000000000001"
MOMENT = "2026-05-04T10:15:30.100Z"
QUBITS = ["QB1", "QB2", "QB3"]


def gate(*loci):
    return {
        "implementations": {"usual": {"loci": [list(locus) for locus in loci]}},
        "default_implementation": "usual",
        "override_default_implementation": {"QB1,QB2": "usual"},
    }


ARCHITECTURE = {
    "calibration_set_id": CALIBRATION,
    "qubits": QUBITS,
    "computational_resonators": [],
    "gates": {
        "prx": gate(*[(q,) for q in QUBITS]),
        "cz": gate(("QB1", "QB2"), ("QB2", "QB3")),
        "cc_prx": gate(*[(q,) for q in QUBITS]),
        "measure": gate(*[(q,) for q in QUBITS]),
    },
    "later": "unknown keys are no error",
}


def job(**changes):
    return {
        "id": JOB_ID,
        "type": "circuit",
        "status": "completed",
        "qc": {"id": QC_ID},
        "queue_position": None,
        "tag": None,
        "runtime_ms": 210,
        "execution": None,
        "compilation": {"calibration_set_id": CALIBRATION, "execution_runtime_estimate_ms": 210},
        "messages": [],
        "errors": [],
        "artifacts": [{"type": "measurements"}],
        "timeline": [{"source": "iqm-server", "status": "created", "timestamp": MOMENT}],
        **changes,
    }


OBSERVATIONS = {
    "observation_set_id": CALIBRATION,
    "observation_set_type": "calibration-set",
    "describes_id": None,
    "invalid": False,
    "dut_label": "M000",
    "created_timestamp": MOMENT,
    "end_timestamp": MOMENT,
    "observations": [
        {
            "observation_id": 1,
            "dut_field": "characterization.model.QB1.t1_time",
            "value": 4e-5,
            "unit": "s",
            "uncertainty": None,
            "invalid": False,
            "created_timestamp": MOMENT,
            "modified_timestamp": MOMENT,
        }
    ],
}
SLOT = {"reference": "r-1", "start": MOMENT, "end": MOMENT, "price": "12.50"}

ANSWERS = {
    r"GET /api/v1/quantum-computers": {
        "quantum_computers": [
            {"id": QC_ID, "alias": "golden:mock", "display_name": "Golden", "proxy_path": None}
        ]
    },
    r"GET .*/health": {"healthy": True, "updated_at": MOMENT},
    r"GET .*/limits": {"max_executions_per_job": 1_000_000, "max_circuits_per_job": 100},
    r"GET .*/queue-availability": {
        "queue_length": 3,
        "available": [{"start": MOMENT, "end": MOMENT}],
    },
    r"GET .*/timeslots": {"queue_length": 0, "booked_slots": [], "available_slots": [SLOT]},
    r"POST .*/timeslots": {"timeslots": [SLOT]},
    r"GET .*/static-quantum-architectures": [
        {"dut_label": "M000", "qubits": QUBITS, "connectivity": [["QB1", "QB2"]]}
    ],
    r"GET .*/dynamic-quantum-architecture": ARCHITECTURE,
    r"GET .*/metrics": {**OBSERVATIONS, "observation_set_type": "quality-metric-set"},
    r"GET /api/v1/calibration-sets/[^/]+/[^/]+": OBSERVATIONS,
    r"GET .*/artifacts/about": {"version": "61.2"},
    r"GET .*/about": {"iqm_server": True},
    r"POST /api/v1/jobs/[^/]+/circuit": job(status="waiting"),
    r"GET /api/v1/jobs/[^/]+": job(),
    r"POST .*/cancel": job(status="cancelled"),
    r"DELETE /api/v1/jobs/[^/]+": None,
    r"GET .*/payload": {"circuits": [], "shots": 3},
    r"GET .*/artifacts/measurements": [{"m": [[0, 1], [1, 1], [0, 1]]}],
    r"GET .*/artifacts/measurement_counts": [
        {"measurement_keys": ["m"], "counts": {"01": 2, "11": 1}}
    ],
    r"GET /api/v1/tokens": {"tokens": [{"id": "t-1", "last_characters": "x9Qz"}]},
    r"POST .*/refresh": {"token": "new", "refresh_token": "again", "activated": False},
    r"POST .*/activate": {"activated_at": MOMENT},
    r"POST .*/revoke": {"revoked_at": MOMENT},
}


def answer(method, path):
    """Give what a request is answered with, as bytes.

    Args:
        method: The HTTP method.
        path: The path without the query.
    """
    for pattern, document in ANSWERS.items():
        if re.fullmatch(pattern, f"{method} {path}"):
            return b"" if document is None else json.dumps(document).encode()
    raise AssertionError(f"no answer to {method} {path}")
