"""Bodies: what goes in comes out, as one gzip member."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given, strategies as st

from quantum_async.http.encode import (
    LARGE,
    CompressedPrefix,
    body,
    compressed,
    gzip_bytes,
    json_body,
    json_bytes,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(JSON)
def test_json(value):
    """JSON comes back as it was."""
    assert json.loads(json_bytes(value)) == value


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_cannot_say(number):
    """A number that no server could read is refused before it is sent."""
    with pytest.raises(ValueError, match="JSON"):
        json_bytes([number])


@pytest.mark.parametrize(
    ("compression", "size", "packed"),
    [
        ("never", LARGE * 2, False),
        ("large", LARGE - 1, False),
        ("large", LARGE, True),
        ("always", 2, True),
    ],
)
async def test_when_bodies_are_compressed(compression, size, packed):
    """Compression happens when it was asked for, and the headers say so."""
    made = await body(b"x" * size, compression=compression)
    assert (made.headers.get("Content-Encoding") == "gzip") == packed
    assert (gzip.decompress(made.content) if packed else made.content) == b"x" * size


async def test_json_body():
    """A JSON body says that it is JSON."""
    made = await json_body({"a": "ü"}, compression="always")
    assert made.headers == {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert json.loads(gzip.decompress(made.content)) == {"a": "ü"}


@given(st.binary())
def test_gzip(content):
    """Compressed bytes come back, and are the same at every call."""
    assert gzip.decompress(gzip_bytes(content)) == content
    assert gzip_bytes(content) == gzip_bytes(content)


@given(st.binary(max_size=200), st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_prefix(prefix, suffixes):
    """Each body with a compressed prefix is one whole gzip member."""
    beginning = CompressedPrefix(prefix)
    for suffix in suffixes:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        assert unpacker.decompress(beginning.finish(suffix)) == prefix + suffix
        assert unpacker.eof
        assert unpacker.unused_data == b""


def sequence(size: int) -> bytes:
    """JSON as repetitive as pulse sequences are."""
    pulses = [{"amplitude": i * 0.731 % 9, "detuning": i * 1.37 % 7} for i in range(size // 60)]
    return json.dumps(pulses).encode()


async def test_large_bodies_leave_the_loop(never_blocks):
    """A large body is compressed elsewhere, to less than half of itself."""
    content = sequence(500_000)
    packed = await compressed(content)
    assert gzip.decompress(packed) == content
    assert len(packed) < len(content) / 2


def test_repetitive_bodies_are_compressed_harder():
    """Where a beginning repeats itself, the thorough level is used."""
    content = b'{"amplitude": 1.0, "detuning": 0.0}, ' * 10_000
    assert len(gzip_bytes(content)) < len(zlib.compress(content, 1)) / 2
