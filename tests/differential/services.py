"""Clouds in memory that run what they are sent, each in its own words."""

from __future__ import annotations

import base64
import gzip
import json
import re
from urllib.parse import unquote

import httpx

from tests.differential.meaning import _Run
from tests.differential.reading import (
    BadInputError,
    read_ionq,
    read_iqm,
    read_qasm2,
    read_qir,
    read_quil,
)

SHOTS = 4000


def drawn(outcomes, shots: int) -> list[tuple[int, ...]]:
    """Give each outcome its share of the shots, to the nearest shot: nothing is left to chance."""
    exact = {bits: share * shots for bits, share in outcomes.items()}
    counts = {bits: int(share + 1e-9) for bits, share in exact.items()}
    left = shots - sum(counts.values())
    for bits in sorted(exact, key=lambda b: (counts[b] - exact[b], b))[:left]:
        counts[bits] += 1
    return [bits for bits in sorted(counts) for _ in range(counts[bits])]


def run(program):
    """The probability of all bits of a program, by number."""
    made = _Run(program)
    bits = range(sum(width for _, width in program.registers))
    made.steps(program.statements, range(program.num_qubits), bits, {})
    return made.machine.outcomes()


class _Service:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.refused: str | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        content = request.content
        if request.headers.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        try:
            return self.answer(request, content)
        except BadInputError as error:
            # Kept, because a client that passes it on as a refusal by the service is not to blame.
            self.refused = str(error)
            return httpx.Response(400, json={"error": {"code": "BadInput", "message": str(error)}})

    def answer(self, request, content):
        raise NotImplementedError


class Azure(_Service):
    """Azure Quantum: jobs and their blobs."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[str, dict] = {}
        self._blobs: dict[str, bytes] = {}
        self.output = None

    def answer(self, request, content):
        from tests.wire.azure import service as canned

        path = unquote(request.url.path)
        if match := re.search(r"/jobs/([^/:]+)$", path):
            return self._job(request.method, match[1], content)
        if "/subscriptions/" not in path and "comp=" not in str(request.url.query):
            return self._blob(request.method, path, content)
        url = request.url.raw_path.decode()
        status, media, found = canned.answer(request.method, url, content, "https://azure.example")
        headers = {"Content-Type": media} if media else {}
        return httpx.Response(status, content=found, headers=headers)

    def rename(self, written: str) -> None:
        """Say that outputs are of another format than was asked for."""
        for job in self._jobs.values():
            job["outputDataFormat"] = written

    def _job(self, method, job_id, content):
        if method == "PUT":
            document = json.loads(content)
            self.sent.append(content.decode())
            place = document["containerUri"].partition("?")[0]
            source = self._blobs[
                re.sub(r"^https://[^/]+", "", document["inputDataUri"]).partition("?")[0]
            ]
            moment = "2026-03-01T10:00:00Z"
            self._jobs[job_id] = {
                **document,
                "id": job_id,
                "status": "Succeeded",
                "outputDataUri": f"{place}/rawOutputData?sig=x",
                **dict.fromkeys(("creationTime", "beginExecutionTime", "endExecutionTime"), moment),
            }
            found = self.output or _azure_output(document, source.decode())
            where = re.sub(r"^https://[^/]+", "", f"{place}/rawOutputData")
            self._blobs[where] = json.dumps(found).encode()
        return httpx.Response(200, json=self._jobs[job_id])

    def _blob(self, method, path, content):
        if method == "PUT":
            self.sent.append(content.decode("utf-8", "replace"))
            self._blobs[path] = content
            return httpx.Response(201)
        return httpx.Response(200, content=self._blobs[path])


def _azure_output(document, source):
    shots = document["inputParams"]["shots"]
    given, wanted = document["inputDataFormat"], document["outputDataFormat"]
    if given == "qir.v1":
        program, records = read_qir(source)
        return microsoft([recorded(records, bits) for bits in drawn(run(program), shots)], wanted)
    if given == "ionq.circuit.v1":
        outcomes = run(read_ionq(source)).items()
        # Bit n of a key is qubit n.
        keys = {bits: sum(bit << n for n, bit in enumerate(bits)) for bits, _ in outcomes}
        return {"histogram": {str(keys[bits]): share for bits, share in outcomes}}
    if given == "rigetti.quil.v1":
        return {"ro": [list(bits) for bits in drawn(run(read_quil(source)), shots)]}
    if given == "honeywell.openqasm.v1":
        program = read_qasm2(source)
        found = drawn(run(program), shots)
        return {
            name: ["".join(str(bits[p]) for p in reversed(places)) for bits in found]
            for (name, _), places in zip(program.bits, program.places, strict=True)
        }
    raise BadInputError(f"there is no format {given}")


def recorded(records, bits):
    """Write down what a shot recorded: the service's value of it."""
    if isinstance(records, int):
        return bits[records]
    found = [recorded(part, bits) for part in records]
    return tuple(found) if isinstance(records, tuple) else found


def microsoft(shots, wanted="microsoft.quantum-results.v2"):
    """Write shots, values with lists for arrays and tuples for tuples, as the service does."""
    shots = [shot[0] if isinstance(shot, list) and len(shot) == 1 else shot for shot in shots]
    shown: dict[str, int] = {}
    values = {}
    for shot in shots:
        display = displayed(shot)
        shown[display] = shown.get(display, 0) + 1
        values[display] = jsonable(shot)
    if wanted == "microsoft.quantum-results.v1":
        pairs = [part for d, count in shown.items() for part in (d, count / len(shots))]
        return {"Histogram": pairs}
    buckets = [{"Outcome": values[d], "Display": d, "Count": n} for d, n in shown.items()]
    entry = {"Histogram": buckets, "Shots": [jsonable(shot) for shot in shots]}
    return {"DataFormat": "microsoft.quantum-results.v2", "Results": [entry]}


def displayed(value) -> str:
    """The service's text of a value."""
    if isinstance(value, tuple):
        return f"({', '.join(map(displayed, value))})"
    if isinstance(value, list):
        return f"[{', '.join(map(displayed, value))}]"
    return str(value)


def jsonable(value):
    """The service's JSON of a value."""
    if isinstance(value, tuple):
        return {f"Item{n}": jsonable(part) for n, part in enumerate(value, start=1)}
    return [jsonable(part) for part in value] if isinstance(value, list) else value


QUBITS = [f"QB{n}" for n in range(1, 6)]


class Iqm(_Service):
    """An IQM server with a chip of five qubits in a ring, all of which can feed back."""

    def __init__(self) -> None:
        super().__init__()
        self._measured: bytes = b"[]"

    def answer(self, request, content):
        from tests.providers.iqm.service import wire

        path = request.url.raw_path.decode().partition("?")[0]
        if request.method == "POST" and path.endswith("/circuit"):
            self.sent += [str(request.url), content.decode()]
            document = json.loads(content)
            self._measured = json.dumps(
                [_iqm_output(circuit, document) for circuit in document["circuits"]]
            ).encode()
        if path.endswith("dynamic-quantum-architecture"):
            return httpx.Response(200, json=_ring(wire))
        if path.endswith("channel-properties") or "artifacts/channel" in path:
            return httpx.Response(404)
        if path.endswith("artifacts/measurements"):
            return httpx.Response(200, content=self._measured)
        return httpx.Response(200, content=wire.answer(request.method, path))


def _ring(wire):
    one = [(q,) for q in QUBITS]
    two = [(QUBITS[n], QUBITS[(n + 1) % len(QUBITS)]) for n in range(len(QUBITS))]
    gates = {"prx": one, "cc_prx": one, "measure": one, "reset": one, "cz": two}
    return {
        **wire.ARCHITECTURE,
        "qubits": QUBITS,
        "gates": {
            name: {**wire.gate(*loci), "override_default_implementation": {}}
            for name, loci in gates.items()
        },
    }


def _iqm_output(circuit, document):
    mapping = {p["logical_name"]: p["physical_name"] for p in document["qubit_mapping"] or ()}
    names = QUBITS
    if mapping:
        for step in circuit["instructions"]:
            step["locus"] = [mapping.get(name, name) for name in step["locus"]]
    program, keys = read_iqm(circuit, names)
    shots = drawn(run(program), document["shots"])
    return {
        key: [[bits[place] for place, k in enumerate(keys) if k == key] for bits in shots]
        for key in dict.fromkeys(keys)
    }


JOB = "9b2f7a1e-0000-4000-8000-000000000001"
_QORO = (
    "id x y z h s sdg t tdg sx sxdg rx ry rz u1 u2 u3 u cx cy cz ch swap iswap rxx ryy rzz crx cry "
    "crz cu1 cu3 ccx cswap"
).split()


class Qoro(_Service):
    """The Qoro service, for one job at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[dict] = []
        self._shots = 0

    def answer(self, request, content):
        path = request.url.path.rstrip("/")
        last = path.rpartition("/")[2]
        if request.method == "POST" or last == "add_circuits":
            self._take(content)
        if last == "init":
            return httpx.Response(201, json={"job_id": JOB})
        if last == "status":
            return httpx.Response(200, json={"status": "COMPLETED", "run_time": "1.5"})
        if last == "resultsV2":
            document = {"count": len(self._rows), "next": None, "results": self._rows}
            return httpx.Response(200, json=document)
        if last == "simulatorcluster":
            return httpx.Response(200, json=[{"name": "qoro_maestro"}])
        return httpx.Response(200, json=[] if last == "qpusystem" else {})

    def _take(self, content):
        document = json.loads(content or b"{}")
        self.sent.append(json.dumps(document))
        self._shots = document.get("shots") or self._shots
        for label, text in _qoro_texts(document):
            self.sent.append(text)
            program = read_qasm2(text, _QORO)
            bits = sum(width for _, width in program.bits)
            counts: dict[int, int] = {}
            for shot in drawn(run(program), self._shots):
                value = sum(bit << n for n, bit in enumerate(shot))
                counts[value] = counts.get(value, 0) + 1
            packed_counts = base64.b64encode(_qh1(counts, bits)).decode()
            self._rows.append(
                {
                    "label": label,
                    "results": {
                        "encoding": "qh1" if bits < 256 else "qh2",
                        "payload": packed_counts,
                        "n_bits": bits,
                    },
                }
            )


def _qoro_texts(document):
    def unpacked(text):
        return gzip.decompress(base64.b64decode(text)).decode()

    for label, packed in (document.get("circuits") or {}).items():
        yield label, unpacked(packed)
    names = document.get("parameter_names") or []
    for row in document.get("parameter_sets") or []:
        text = unpacked(document["circuit_template"])
        # A name ends where a word ends; all at once, for a value may look like a name.
        values = dict(zip(names, map(repr, row["values"]), strict=True))
        parts = re.split(rf"(?<!\w)({'|'.join(map(re.escape, names))})(?!\w)", text)
        yield row["label"], "".join(f"({values[p]})" if p in values else p for p in parts)


def _qh1(counts, width) -> bytes:
    """Pack a histogram, every count spelt out."""
    ordered = sorted(counts)
    found = (
        (b"QH1" if width < 256 else b"QH2")
        + _width(width)
        + _leb(len(ordered))
        + _leb(sum(counts.values()))
    )
    found += _leb(len(ordered))
    last = 0
    for value in ordered:
        found += _leb(value - last)
        last = value
    runs: list[list[int]] = []
    for value in ordered:
        once = int(counts[value] == 1)
        if runs and runs[-1][0] == once:
            runs[-1][1] += 1
        else:
            runs.append([once, 1])
    bitmap = _leb(len(runs)) + bytes([runs[0][0]]) + b"".join(_leb(many) for _, many in runs)
    others = [counts[value] - 2 for value in ordered if counts[value] != 1]
    return found + _leb(len(bitmap)) + bitmap + _leb(len(others)) + b"".join(map(_leb, others))


def _width(width: int) -> bytes:
    return bytes([width]) if width < 256 else _leb(width)


def _leb(value: int) -> bytes:
    found = bytearray()
    while True:
        value, low = value >> 7, value & 127
        found.append(low | (128 if value else 0))
        if not value:
            return bytes(found)
