"""What is written in rows comes back exactly, and nothing is pickled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given, strategies as st

import quantum_async as qa
from quantum_async import errors
from quantum_async.journal.forms import (
    decode,
    dump,
    dump_options,
    encode,
    load,
    load_options,
    pack_error,
    pack_program,
    pack_ref,
    pack_result,
    pack_variables,
    unpack_error,
    unpack_program,
    unpack_ref,
    unpack_result,
    unpack_variables,
)
from quantum_async.models.batch import BatchRef

words = st.text(max_size=8)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
plain = numbers | words | st.booleans()
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.dictionaries(words, inner, max_size=3)
    ),
    max_leaves=6,
)
anything = st.recursive(
    plain | st.none() | st.binary(max_size=8) | st.sampled_from(qa.BitOrder),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.frozensets(words, max_size=3)
        | st.dictionaries(words, inner, max_size=3)
    ),
    max_leaves=8,
)


class Level(StrEnum):
    LOW = "low"


@dataclass(frozen=True, slots=True)
class VendorOptions(qa.RunOptions):
    level: Level = Level.LOW
    limits: tuple[float, ...] = ()


@st.composite
def results(draw) -> qa.Result:
    width = draw(st.integers(1, 4))
    outcome = st.text("01", min_size=width, max_size=width)
    is_analog = draw(st.booleans())
    return qa.Result(
        counts=draw(st.dictionaries(outcome, st.integers(0, 10**6), max_size=5)),
        shots=draw(st.integers(1, 10**9)),
        bit_order=qa.BitOrder.ATOMS if is_analog else qa.BitOrder.QISKIT,
        registers=() if is_analog else (qa.Register("c", width),),
        atoms=tuple(f"q{i}" for i in range(width)) if is_analog else (),
        samples=draw(st.none() | st.lists(outcome, max_size=3).map(tuple)),
        exact_probabilities=draw(st.none() | st.dictionaries(outcome, st.floats(0, 1))),
        expectation_values=draw(
            st.dictionaries(
                st.text("IXYZ", min_size=1),
                st.builds(qa.Expectation, st.floats(-1, 1), st.none() | st.floats(0, 1)),
                max_size=2,
            )
        ),
        metadata=draw(st.dictionaries(words, plain | st.none(), max_size=3)),
        raw=draw(st.none() | words),
    )


@given(results())
def test_a_result_comes_back_exactly(result: qa.Result) -> None:
    """Counts, bit order, registers, atoms, samples and all else survive, in their order."""
    twin = unpack_result(pack_result(result, str))
    assert twin == result
    assert list(twin.counts) == list(result.counts)
    assert type(twin.samples) is type(result.samples)


@pytest.mark.parametrize("length", [10, 10_000])
def test_only_large_results_are_compressed(length: int) -> None:
    """A small one is readable as it is; a large one takes little room; both come back."""
    result = qa.Result({"0": 1}, 1, qa.BitOrder.QISKIT, raw="x" * length)
    body = pack_result(result, str)
    assert (b"xxxxxxxxxx" in body) is (length == 10)
    assert len(body) < 1000
    assert unpack_result(body) == unpack_result(memoryview(body)) == result


@given(st.dictionaries(words, values, max_size=4))
def test_variables_come_back_exactly(variables: dict) -> None:
    """Whole and broken numbers, arrays and mappings keep their types."""
    twin = unpack_variables(pack_variables(variables))
    assert twin == variables
    assert repr(twin) == repr(variables)


@given(anything)
def test_values_come_back_exactly(value: object) -> None:
    """Every value that options may hold survives with its type."""
    twin = decode(json.loads(json.dumps(encode(value))))
    assert twin == value
    assert type(twin) is type(value)


@given(st.text() | st.binary(), st.sampled_from(qa.ProgramFormat), words)
def test_a_program_comes_back_exactly(payload, format, name) -> None:
    """Payload, format, name and digest survive, for text and bytes."""
    program = qa.Program(payload, format, name)
    twin = unpack_program(pack_program(program))
    assert (twin, twin.name, twin.digest) == (program, name, program.digest)
    assert type(twin.payload) is type(payload)


def test_options_of_a_provider_come_back_exactly() -> None:
    """A provider's own options are rebuilt as its own class."""
    options = VendorOptions(seed=3, tags=("a",), level=Level.LOW, limits=(1.0, 2.5))
    assert load_options(dump_options(options)) == options
    assert load_options(dump_options(qa.RunOptions(observables=("ZZ",)))).observables == ("ZZ",)


def test_references_come_back_exactly() -> None:
    """A job's and a batch's reference survive."""
    ref = qa.JobRef("iqm", "7", "garnet", "k", 3, "b", "team", "/j.db")
    twin = unpack_ref(pack_ref(ref), "/j.db")
    assert [getattr(twin, n) for n in ref.__slots__] == [getattr(ref, n) for n in ref.__slots__]
    batch = BatchRef("pasqal", "9", "FRESNEL", "k", "team")
    assert load(dump(batch)) == batch


@pytest.mark.parametrize(
    "error",
    [
        errors.JobFailedError("no luck", remedy="Try", provider="p", job_id="1", request_id="r"),
        errors.RejectedRequestError("no", status=422, body="{}"),
        errors.SubmissionUnknownError("lost", key="k", provider="p"),
        errors.BatchNotClosedError("open", batch_id="b"),
        errors.ProgramSyntaxError("bad", source="f.qasm", line=3, column=1),
        errors.MissingExtraError("x", extra="local"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_comes_back(error: errors.QuantumAsyncError) -> None:
    """Type, message, notes and every field of a failure survive."""
    twin = unpack_error(pack_error(error, str))
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.__dict__ == error.__dict__
    assert twin.accepted == error.accepted


def test_secrets_are_taken_out_of_what_providers_said() -> None:
    """Failures and raw answers pass through the cleaner before they are written."""
    clean = lambda text: text.replace("s3cret", "***")  # noqa: E731
    error = errors.RejectedRequestError("token s3cret", body="s3cret", remedy="not s3cret")
    assert "s3cret" not in pack_error(error, clean)
    result = qa.Result({"0": 1}, 1, qa.BitOrder.QISKIT, raw="https://x?sig=s3cret")
    assert b"s3cret" not in pack_result(result, clean)


@pytest.mark.parametrize(
    "text",
    [
        '{"~":"data","of":"os:system","fields":{}}',
        '{"~":"data","of":"subprocess:Popen","fields":{"args":"true"}}',
        '{"~":"data","of":"quantum_async.errors:JobError","fields":{}}',
        '{"~":"enum","of":"builtins:print","value":1}',
        '{"~":"what"}',
        '{"no":"tag"}',
    ],
)
def test_reading_runs_nothing_but_our_values(text: str) -> None:
    """A row that names anything but a value of ours or of a provider is damaged."""
    with pytest.raises(ValueError, match=r"no type|not a value|has no"):
        load(text)


@pytest.mark.parametrize("value", [object(), {1, 2}.__iter__(), 1j])
def test_what_cannot_be_written_is_refused(value: object) -> None:
    """A value of no known kind is refused before it is written."""
    with pytest.raises(errors.JournalError, match="cannot be written"):
        encode(value)
