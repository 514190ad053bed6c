"""A session knows its own secrets, and whatever an answer makes anybody say does not hold them."""

from __future__ import annotations

import base64
import gc
import html
import json
import logging
import pickle
import traceback
from urllib.parse import quote, quote_plus

import anyio
import httpx
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import (
    ConfigurationError,
    InvalidInputError,
    ProtocolError,
    QuantumAsyncError,
    ServerError,
)
from quantum_async.http.auth import StaticAuth, Token, TokenSource, bearer
from quantum_async.http.encode import form_body
from quantum_async.http.options import SessionOptions
from quantum_async.http.redact import HIDDEN, Secret, Secrets, hide
from quantum_async.http.retry import NO_RETRY
from quantum_async.http.session import Session
from quantum_async.http.telemetry import EventHooks
from tests.http.raw import Peer, raw_server

KEY = "Zq9-not/to+be=read 'ever'"
PLAIN = "Zq9notToBeReadByAnybody"
BASE = "https://cloud.example"

LONG = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=12).map(
    lambda text: f"Zq9{text}".strip()
)
SPELT = {
    "as it is": str,
    "percent": quote,
    "percent, all": lambda text: quote(text, safe=""),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent, small": lambda text: "".join(
        c if c.isalnum() and c.isascii() else "".join(f"%{b:02x}" for b in c.encode()) for c in text
    ),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, plain": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "HTML": html.escape,
    "HTML, twice": lambda text: html.escape(html.escape(text)),
    "HTML by numbers": lambda text: "".join(
        c if c.isalnum() and c.isascii() else f"&#x{ord(c):x};" for c in text
    ),
    "base 64": lambda text: base64.b64encode(text.encode()).decode(),
    "base 64 of URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "basic": lambda text: base64.b64encode(f"someone:{text}".encode()).decode(),
    "basic, percent": lambda text: quote(base64.b64encode(f"me:{text}".encode()).decode(), safe=""),
}


@pytest.fixture
def known():
    """Secrets of a session that is open."""
    secrets = Secrets()
    secrets.open()
    yield secrets
    secrets.close()


@pytest.mark.parametrize("spelling", SPELT)
@given(secret=LONG)
def test_every_spelling_is_hidden(spelling, secret):
    """A secret is found in whatever spelling an answer quotes it, and what is around it stays."""
    secrets = Secrets()
    secrets.add(secret)
    secrets.open()
    try:
        shown = hide(f"The key {SPELT[spelling](secret)} is not known; see 12")
    finally:
        secrets.close()
    assert shown.startswith(f"The key {HIDDEN}")
    assert shown.endswith("is not known; see 12")
    assert SPELT[spelling](secret) not in shown


def test_short_ones_only_as_whole_words(known):
    """A secret below eight characters is hidden as a whole word and nowhere else."""
    known.add("abc")
    assert hide("The key abc is not known") == f"The key {HIDDEN} is not known"
    assert hide('{"key": "abc"}') == f'{{"key": "{HIDDEN}"}}'
    assert hide("abcdef, xabc, a-abc and abc_d stay") == "abcdef, xabc, a-abc and abc_d stay"
    assert hide("YWJj is abc") == f"{HIDDEN} is {HIDDEN}"


def test_one_that_was_cut_off(known):
    """The beginning of a secret at the end of a text that was cut off is hidden."""
    known.add(PLAIN)
    assert hide(f"Invalid key: {PLAIN[:15]}…") == f"Invalid key: {HIDDEN}"


def test_of_many_the_last_are_known(known):
    """However many links are signed, no more of them are kept than may be under way."""
    for number in range(5000):
        known.add(f"signature-{number:08d}")
    assert len(list(known)) < 1000
    assert hide("signature-00004999") == HIDDEN


def test_a_session_that_is_closed_hides_nothing(known):
    """Once nobody sends a secret any more, its letters are nothing special."""
    known.add(PLAIN)
    assert hide(PLAIN) == HIDDEN
    known.close()
    assert hide(PLAIN) == PLAIN


def test_a_session_that_is_forgotten_hides_nothing():
    """Whoever forgets to close a session leaves nothing behind."""
    secrets = Secrets()
    secrets.add(PLAIN)
    secrets.open()
    del secrets
    gc.collect()
    assert hide(PLAIN) == PLAIN


def test_what_the_caller_wrote_stays(known):
    """An error about the caller's own input quotes it as it is."""
    known.add(PLAIN)
    assert PLAIN in str(InvalidInputError(f"no gate {PLAIN}"))
    assert PLAIN not in str(ServerError(f"no gate {PLAIN}"))


def everything_said(error: BaseException) -> str:
    """All that anybody can read of an error."""
    texts = ["".join(traceback.format_exception(error)), repr(error), repr(vars(error))]
    texts.append(pickle.dumps(error).decode("latin-1"))
    return "\n".join(texts)


ANSWERS = {
    "message": lambda key: httpx.Response(400, json={"message": f"The key {key} is not known"}),
    "text": lambda key: httpx.Response(500, text=f"Invalid API key: {key}"),
    "title": lambda key: httpx.Response(
        502, html=f"<html><title>No key {html.escape(key)}</title></html>"
    ),
    "XML": lambda key: httpx.Response(
        403, text=f"<?xml version='1.0'?><Error><Message>{html.escape(key)}</Message></Error>"
    ),
    "field": lambda key: httpx.Response(422, json={"detail": [{"loc": ["x"], "msg": key}]}),
    "request id": lambda key: httpx.Response(404, headers={"x-request-id": quote(key)}),
    "media type": lambda key: httpx.Response(
        200, headers={"content-type": f"text/{quote(key)}"}, text="no"
    ),
    "encoded": lambda key: httpx.Response(
        401, json={"error": base64.b64encode(f"us:{key}".encode()).decode()}
    ),
    "not JSON": lambda key: httpx.Response(200, text=f"{{{key}"),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("key", [PLAIN, "abc"])
@pytest.mark.parametrize("kind", ["bearer", "header"])
async def test_an_answer_that_quotes_the_key(answer, key, kind, caplog):
    """Wherever an answer quotes the key, no error, event or log line shows it."""
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    auth = bearer(key) if kind == "bearer" else StaticAuth({"x-ms-quantum-api-key": key})
    options = SessionOptions(
        transport=httpx.MockTransport(lambda request: ANSWERS[answer](key)),
        retry=NO_RETRY,
        hooks=EventHooks(response=[lambda event: told.append(repr(event))]),
    )
    async with Session(BASE, provider="demo", auth=auth, options=options) as session:
        with pytest.raises(QuantumAsyncError) as caught:
            (await session.read("/x")).json()
    said = f"{everything_said(caught.value)}\n{told}\n{caplog.text}"
    for spelling in SPELT.values() if key == PLAIN else [str]:
        if key == "abc":
            assert f" {key} " not in said
            assert f"'{key}'" not in said
        else:
            assert spelling(key) not in said


async def test_results_ids_and_links_stay():
    """What an answer holds reaches whoever asked for it, letter by letter."""
    content = {
        "id": PLAIN,
        "link": f"https://store.example/{PLAIN}?sig={PLAIN}",
        "counts": {PLAIN: 1},
    }
    options = SessionOptions(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json=content))
    )
    async with Session(BASE, provider="demo", auth=bearer(PLAIN), options=options) as session:
        assert (await session.read("/x")).json() == content
        error = ServerError("failed", job_id=PLAIN)
    assert error.job_id == PLAIN


async def test_tokens_that_were_issued():
    """A token that a login has issued is known, the one before as well."""
    issued = iter(["first-token-of-all", "second-token-of-all"])
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        if len(heard) == 1:
            return httpx.Response(401)
        return httpx.Response(500, text="first-token-of-all and second-token-of-all are not good")

    async def fetch() -> Token:
        await anyio.lowlevel.checkpoint()
        return Token(next(issued))

    options = SessionOptions(transport=httpx.MockTransport(answer), retry=NO_RETRY)
    async with Session(BASE, provider="demo", auth=TokenSource(fetch), options=options) as session:
        with pytest.raises(ServerError) as caught:
            await session.read("/x")
    assert str(caught.value) == f"{HIDDEN} and {HIDDEN} are not good (HTTP 500)"


@pytest.mark.parametrize(
    "query",
    [
        "sv=2024-01-01&se=2030-01-01T00%3A00%3A00Z&sp=r&sig=Zq9%2Fsigned%2Bby%3D",
        "X-Amz-Date=20260101&X-Amz-Signature=Zq9%2Fsigned%2Bby%3D",
    ],
    ids=["Azure's", "S3's"],
)
async def test_signatures_of_links(query):
    """A storage that quotes the signature of a link says nothing of it to anybody."""

    def answer(request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(403, text="signed with Zq9/signed+by= for 2024-01-01, not good")

    options = SessionOptions(transport=httpx.MockTransport(answer), retry=NO_RETRY)
    async with Session(BASE, provider="demo", options=options) as session:
        with pytest.raises(QuantumAsyncError) as caught:
            await session.fetch_url(f"https://store.example/blob?{query}")
    assert "Zq9" not in everything_said(caught.value)
    assert f"signed with {HIDDEN} for 2024-01-01" in str(caught.value)


async def test_a_proxys_password():
    """A proxy that quotes what it was told says nothing of it to anybody."""

    async def refuse(peer: Peer) -> None:
        heard = (await peer.request()).decode()
        pair = next(line for line in heard.splitlines() if line.lower().startswith("proxy-auth"))
        body = f"refused {pair.split()[-1]}, which is someone and {PLAIN}".encode()
        head = f"HTTP/1.1 502 No\r\ncontent-length: {len(body)}\r\n\r\n"
        await peer.send(head.encode() + body)

    async with raw_server(refuse) as server:
        proxy = f"http://someone:{PLAIN}@127.0.0.1:{server.port}"
        options = SessionOptions(proxy=proxy, retry=NO_RETRY)
        async with Session("http://cloud.example", provider="demo", options=options) as session:
            with pytest.raises(ServerError) as caught:
                await session.read("/x")
    assert str(caught.value).startswith(f"refused {HIDDEN}, which is someone and {HIDDEN}")
    assert PLAIN not in everything_said(caught.value)


async def test_what_a_form_holds():
    """A token endpoint that quotes a password, alone or with its user, tells nobody."""

    def answer(request: httpx.Request) -> httpx.Response:
        pair = base64.b64encode(b"someone:abc").decode()
        return httpx.Response(400, json={"error_description": f"{PLAIN}? {pair}? no"})

    options = SessionOptions(transport=httpx.MockTransport(answer), retry=NO_RETRY)
    form = form_body({"username": "someone", "password": Secret("abc"), "again": Secret(PLAIN)})
    assert form.content == f"username=someone&password=abc&again={PLAIN}".encode()
    async with Session(BASE, provider="demo", options=options) as session:
        with pytest.raises(QuantumAsyncError) as caught:
            await session.read("/token", method="POST", body=form)
        assert str(caught.value) == f"{HIDDEN}? {HIDDEN}? no (HTTP 400)"


def variables(error: BaseException | None) -> list[str]:
    """What the variables of all frames show that an error and what led to it have passed."""
    shown: list[str] = []
    while error is not None:
        frame = error.__traceback__.tb_next if error.__traceback__ else None
        while frame is not None:
            shown += [repr(value) for value in frame.tb_frame.f_locals.values()]
            frame = frame.tb_next
        error = error.__cause__ or error.__context__
    return shown


async def cut_off(peer: Peer) -> None:
    await peer.request()
    await peer.reset()


async def no_answer(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")


@pytest.mark.parametrize("behave", [cut_off, no_answer])
async def test_variables_of_frames(behave):
    """No frame that a failing request passes through shows a secret among its variables."""
    async with raw_server(behave) as server:
        options = SessionOptions(proxy="", retry=NO_RETRY)
        async with Session(
            server.url, provider="demo", auth=bearer(PLAIN), options=options
        ) as session:
            for size in (1, 100_000):
                form = form_body({"password": Secret(PLAIN), "more": "x" * size})
                with pytest.raises(QuantumAsyncError) as caught:
                    await session.read("/x", method="POST", body=form)
                shown = variables(caught.value)
                assert len(shown) > 10
                assert PLAIN not in "\n".join(shown)


async def test_variables_of_frames_with_a_transport_of_ones_own():
    """The same holds for transports that somebody else has made."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset", request=request)

    options = SessionOptions(transport=httpx.MockTransport(answer), retry=NO_RETRY)
    async with Session(BASE, provider="demo", auth=bearer(PLAIN), options=options) as session:
        with pytest.raises(QuantumAsyncError) as caught:
            await session.read("/x", method="POST", body=form_body({"password": Secret(PLAIN)}))
    shown = variables(caught.value)
    assert len(shown) > 10
    assert PLAIN not in "\n".join(shown)


@pytest.mark.parametrize(
    "held",
    [
        lambda: Secret(PLAIN),
        lambda: bearer(PLAIN),
        lambda: Session(BASE, provider="demo", auth=bearer(PLAIN)),
    ],
    ids=["secret", "auth", "session"],
)
def test_nothing_that_holds_one_is_pickled(held):
    """Pickling a secret, or what holds one, is refused with what to do instead."""
    with pytest.raises(ConfigurationError, match="pickled") as caught:
        pickle.dumps(held())
    assert "environment" in (caught.value.remedy or "")
    assert PLAIN not in repr(held())


async def test_an_answer_that_nests_too_deeply():
    """A hundred thousand brackets are an error of that answer, which quotes its beginning."""
    options = SessionOptions(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, text="[" * 100_000))
    )
    async with Session(BASE, provider="demo", options=options) as session:
        response = await session.read("/x")
        with pytest.raises(ProtocolError, match=r"nested too deeply; it begins with '\[\[\["):
            response.json()
