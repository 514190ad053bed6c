"""What recorded requests and outputs mean, read without any code of the client."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from datetime import date

from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.submission import NewJob

_EQUAL = re.compile(r"(\w+) eq '((?:[^']|'')*)'")
_STARTS = re.compile(r"startswith\(Name, ?'((?:[^']|'')*)'\)")
_DATE = re.compile(r"CreationTime (ge|le) (\d{4}-\d{2}-\d{2})")
_FIELDS = {
    "ItemType": "item_types",
    "JobType": "job_types",
    "ProviderId": "providers",
    "Target": "targets",
    "State": "statuses",
}
NULLABLE = {"metadata", "sessionId", "priority", "tags", "outputDataFormat", "outputDataUri"}
FORMATS = {
    "pasqal.pulser.v1": "application/json",
    "ionq.circuit.v1": "application/json",
    "honeywell.openqasm.v1": "application/qasm",
    "rigetti.quil.v1": "text/plain",
    "qir.v1": "qir.v1",
}


def filters_of(query: dict[str, str]) -> ItemFilters:
    """The filters that a recorded list was asked with."""
    text = query.get("filter", "")
    found: dict[str, object] = {}
    if match := _STARTS.search(text):
        found["name"] = match[1].replace("''", "'")
    for name, value in _EQUAL.findall(text):
        field = _FIELDS[name]
        found[field] = (*found.get(field, ()), value.replace("''", "'"))
    for comparison, day in _DATE.findall(text):
        field = "created_after" if comparison == "ge" else "created_before"
        found[field] = date.fromisoformat(day)
    order, _, direction = query.get("orderby", "").partition(" ")
    if order:
        found["order"] = next(o for o in ItemOrder if o.lower() == order.lower())
        found["newest_first"] = direction.lower() == "desc"
    return ItemFilters(**found)


def new_job(document: dict, content: bytes) -> NewJob:
    """The job that a recorded request creates."""
    container = document["containerUri"].partition("?")[0].rstrip("/").rpartition("/")[2]
    blob = document["inputDataUri"].partition("?")[0].rpartition(f"{container}/")[2]
    return NewJob(
        target=document["target"],
        content=content,
        input_format=document["inputDataFormat"],
        output_format=document.get("outputDataFormat") or "",
        provider=document["providerId"],
        name=document["name"],
        media_type=FORMATS.get(document["inputDataFormat"], "application/octet-stream"),
        params=document.get("inputParams") or {},
        metadata=words(document.get("metadata")),
        session_id=document.get("sessionId"),
        priority=document.get("priority"),
        tags=tuple(document.get("tags") or ()),
        container=container,
        blob=blob,
    )


def words(metadata) -> dict[str, str]:
    """Metadata as the service stores it."""
    return {n: v if isinstance(v, str) else json.dumps(v) for n, v in (metadata or {}).items()}


def told(document: dict) -> dict:
    """What a request to create says: without nulls, ids that older versions repeated, and signatures."""
    kept = {n: v for n, v in document.items() if not (n in NULLABLE and not v)}
    for name in ("id", "jobType", "outputDataUri"):
        kept.pop(name, None)
    for name in ("inputDataUri", "outputDataUri", "containerUri"):
        if name in kept:
            kept[name] = kept[name].partition("?")[0].replace(":443/", "/")
    if kept.get("metadata"):
        kept["metadata"] = words(kept["metadata"])
    params = dict(kept.get("inputParams") or {})
    # Yesterday's name of the shots, beside or instead of today's.
    if "count" in params:
        params["shots"] = params.pop("count")
    kept["inputParams"] = params
    kept["providerId"] = str(kept.get("providerId")).lower()
    return kept


def counts_of(output: bytes, job: dict) -> dict[str, int] | None:
    """The counts in a recorded output; ``None`` where it has none, or shares only."""
    document = json.loads(output)
    written = job.get("outputDataFormat")
    if written == "pasqal.pulser-results.v1":
        return document.get("counter", document)
    if isinstance(document, dict) and document.get("DataFormat") == "microsoft.quantum-results.v2":
        if len(document["Results"]) != 1:
            return None
        return _recorded(document["Results"][0]["Histogram"])
    if written == "honeywell.quantum-results.v1":
        columns = [v for name, v in document.items() if name != "access_token"]
        return dict(Counter(" ".join(reversed(shot)) for shot in zip(*columns, strict=True)))
    if written == "rigetti.quil-results.v1" and set(document) == {"ro"}:
        return dict(Counter("".join(map(str, reversed(shot))) for shot in document["ro"]))
    return None


def shares_of(output: bytes, job: dict) -> dict[str, float] | None:
    """The probabilities in a recorded output that has no counts."""
    document = json.loads(output)
    metadata = words(job.get("metadata"))
    if job.get("outputDataFormat") == "ionq.quantum-results.v1" and metadata.get("num_qubits"):
        width, places = int(metadata["num_qubits"]), json.loads(metadata.get("meas_map", "null"))
        shares: Counter[str] = Counter()
        for name, share in document["histogram"].items():
            bits = f"{int(name):0{width}b}"[::-1]
            picked = [bits[p] for p in places] if places is not None else list(bits)
            shares["".join(reversed(picked))] += share
        return dict(shares)
    if job.get("outputDataFormat") == "microsoft.quantum-results.v1":
        flat = document["Histogram"]
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return {_key(ast.literal_eval(shown)): share for shown, share in pairs}
    return None


def _recorded(histogram) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for bucket in histogram:
        key = _key(bucket["Outcome"])
        if key is not None and not set(key) - set("01 "):
            counts[key] += bucket["Count"]
    return dict(counts)


def _key(outcome) -> str | None:
    if isinstance(outcome, dict):
        if "Error" in outcome:
            return None
        return " ".join(str(_key(outcome[name])) for name in sorted(outcome))
    if isinstance(outcome, tuple):
        return " ".join(str(_key(part)) for part in outcome)
    if isinstance(outcome, list):
        return "".join(map(str, outcome))
    return str(outcome)
