"""Outputs of QIR programs of one's own: every shape that the service writes, from both versions."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import strategies as st

from quantum_async.errors import QuantumAsyncError, ResultError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, SubmitRequest
from tests.differential import services
from tests.differential.exploring import explore
from tests.differential.routes import _azure

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]

QIR = "define void @ENTRYPOINT__main() #0 {\n  ret void\n}\n"
LOST = ("-", 2)


@dataclass(frozen=True)
class Output:
    """What a program returned, shot by shot.

    Args:
        shots: The values: bits, numbers and words, in lists (arrays) and tuples.
        version: Of the format.
    """

    shots: tuple
    version: str


RESULT = st.sampled_from(["bit"])
OTHER = st.sampled_from(["int", "double", "bool", "word", "unit"])
SHAPES = st.recursive(
    st.one_of(RESULT, RESULT, RESULT, OTHER),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(tuple),
        st.tuples(st.just("array"), inner, st.integers(1, 3)).map(list),
    ),
    max_leaves=5,
)


def value(draw, shape, may_lose):
    """Draw a value of a shape."""
    if isinstance(shape, tuple):
        return tuple(value(draw, part, may_lose) for part in shape)
    if isinstance(shape, list):
        return [value(draw, shape[1], may_lose) for _ in range(shape[2])]
    if shape == "bit":
        lost = may_lose and draw(st.integers(0, 9)) == 9
        return draw(st.sampled_from(LOST)) if lost else draw(st.integers(0, 1))
    return draw(
        {
            # Small ones look like bits, which the service does not tell apart either.
            "int": st.integers(3, 12) | st.integers(-3, -1),
            "double": st.sampled_from([0.25, -1.5, 3.0]),
            "bool": st.booleans(),
            "word": st.sampled_from(["a", "hello"]),
            "unit": st.just(()),
        }[shape]
    )


@st.composite
def outputs(draw):
    """Draw an output: all shots have one shape."""
    shape = draw(SHAPES)
    may_lose = draw(st.booleans())
    many = draw(st.integers(1, 12))
    shots = tuple(value(draw, shape, may_lose) for _ in range(many))
    return Output(shots, draw(st.sampled_from(["v1", "v2"])))


def is_of_results(found) -> bool:
    """Whether there are measured bits only."""
    if isinstance(found, list | tuple):
        return bool(found) and all(map(is_of_results, found))
    return not isinstance(found, bool) and found in (0, 1, *LOST)


def registers(found) -> list[str]:
    """One string for each item: an array of bits is one, a tuple is its items."""
    if isinstance(found, tuple):
        return [register for part in found for register in registers(part)]
    if isinstance(found, list):
        if any(isinstance(part, list | tuple) for part in found):
            return [register for part in found for register in registers(part)]
        return ["".join(map(str, found))]
    return [str(found)]


async def fetched(output):
    """Let the client fetch an output."""
    service = services.Azure()
    written = f"microsoft.quantum-results.{output.version}"
    service.output = services.microsoft(list(map(whole, output.shots)), written)
    async with _azure(service) as client:
        spec = JobSpec(uuid4().hex, Program(QIR, ProgramFormat.QIR), len(output.shots))
        request = SubmitRequest(uuid4().hex, "quantinuum.sim.h2-1e", (spec,))
        (job,) = await client.submit(request)
        if output.version == "v1":
            service.rename(written)
        return await client.fetch(job)


def whole(shot):
    # The writer takes what a program recorded: a list of records.
    return [shot]


def ask(apart, output):
    """Fetch, and give counts or the error."""
    return apart(answered, output)


async def answered(output):
    try:
        result = await fetched(output)
    except ResultError as error:
        return None, None, str(error), dict(error.__dict__).get("remedy", "")
    except QuantumAsyncError as error:
        return None, None, f"other error: {type(error).__name__}: {error}", ""
    return dict(result.counts), result.metadata.get("lost_shots", 0), "", ""


def check(apart):
    """Make the check of an output."""

    def one(output, tally):
        counts, lost, error, _ = ask(apart, output)
        told = f"{output}: {counts} {error}"
        assert not error.startswith("other"), told
        if all(map(is_of_results, output.shots)):
            _check_bits(output, counts, lost, error, told)
        elif counts is None:
            # Refused, and the outcome is quoted.
            shown = [services.displayed(shot) for shot in output.shots]
            shown += [repr(services.jsonable(shot)) for shot in output.shots]
            # As it is displayed or as it was sent; what is long may be cut short.
            assert any(text[:20] in error for text in shown), f"nothing is quoted: {told}"
        else:
            _check_shown(output, counts, lost, told)
        tally.compared += 1

    return one


def _check_bits(output, counts, lost, error, told):
    kept, gone = [], 0
    for shot in output.shots:
        found = registers(shot)
        if any(set(bits) - {"0", "1"} for bits in found):
            gone += 1
        else:
            kept.append(" ".join(found))
    if not kept:
        assert error or not sum(counts.values()), told
        return
    assert not error, told
    assert (counts, lost or 0) == (dict(Counter(kept)), gone), f"not {Counter(kept)}: {told}"


def _check_shown(output, counts, lost, told):
    assert not lost, f"a number is no loss: {told}"
    shown = Counter(services.displayed(shot) for shot in output.shots)
    plain = Counter({_plain(text): many for text, many in shown.items()})
    found = Counter({_plain(text): many for text, many in counts.items()})
    assert found == plain, f"not as displayed, {dict(shown)}: {told}"


def _plain(text):
    """A value's text without what two ways of writing it may differ in."""
    try:
        return repr(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return re.sub(r"\s", "", text)


def test_outcomes_are_what_the_program_returned(apart):
    """Bits by items; numbers and words as they are displayed, or an error that quotes them."""
    explore("results", outputs(), check(apart), least=0.9)
