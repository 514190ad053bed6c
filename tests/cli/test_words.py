"""The command line's own words: options of a provider, remedies as flags, errors as documents."""

from __future__ import annotations

from pathlib import Path

import pytest

import quantum_async as qa
from quantum_async.cli.running import parse_options
from quantum_async.cli.session import complaint_of, error_document
from quantum_async.errors import InvalidOptionError, QuantumAsyncError
from quantum_async.models.advice import Action, Advice, Setting
from tests.cli.conftest import command, with_variables, written


def client(provider: str) -> qa.ProviderClient:
    """A client that nothing is asked of."""
    kinds = {
        "iqm": lambda: qa.IQMClient("https://iqm.example", token="t"),
        "pasqal": lambda: qa.PasqalClient(token="t"),
        "qoro": lambda: qa.QoroClient(api_key="k"),
        "local": qa.LocalClient,
    }
    return kinds[provider]()


@pytest.mark.parametrize(
    ("provider", "texts", "name", "value"),
    [
        ("iqm", ["transpile=true"], "transpile", True),
        ("iqm", ["transpile=True"], "transpile", True),
        ("iqm", ["use-timeslot=true"], "use_timeslot", True),
        ("iqm", ["heralding_mode=zeros"], "heralding_mode", "zeros"),
        ("iqm", ["max_circuit_duration_over_t2=0.5"], "max_circuit_duration_over_t2", 0.5),
        ("iqm", ["calibration_set_id=none"], "calibration_set_id", None),
        ("iqm", ['qubit_mapping={"0": "QB3"}'], "qubit_mapping", (("0", "QB3"),)),
        ("iqm", ["tags=a,b"], "tags", ("a", "b")),
        ("iqm", ["tags=7"], "tags", ("7",)),
        ("iqm", ["transpile=true", "optimization_level=3"], "optimization_level", 3),
        ("pasqal", ["webhook=https://h.example/x=1"], "webhook", "https://h.example/x=1"),
        ("pasqal", ['emulation={"observables": []}'], "emulation", '{"observables": []}'),
        ("qoro", ["use_packing=false"], "use_packing", False),
    ],
)
def test_an_option_is_read_as_its_class_takes_it(
    provider: str, texts: list[str], name: str, value: object
) -> None:
    """Booleans, numbers and words as they are, JSON for the rest; the class decides what fits."""
    options = parse_options(texts, client(provider), qa.RunOptions(seed=3))
    assert getattr(options, name) == value
    assert type(options) is type(client(provider)).options_class
    assert options.seed == 3


def test_an_object_stands_for_a_configuration() -> None:
    """Where an option takes a configuration, JSON says its fields, words included."""
    text = 'maestro={"simulation_method": "matrix_product_state", "max_bond_dimension": 8}'
    options = parse_options([text], client("qoro"), qa.RunOptions())
    assert options.maestro.max_bond_dimension == 8
    assert options.maestro.simulation_method.name == "MATRIX_PRODUCT_STATE"
    pasqal = parse_options(["configuration={}"], client("pasqal"), qa.RunOptions())
    assert type(pasqal.configuration).__name__ == "EmulatorConfig"


@pytest.mark.parametrize(
    ("provider", "texts", "words", "remedy"),
    [
        ("iqm", ["transpil=true"], "iqm has no option 'transpil'", "transpile"),
        ("iqm", ["transpile=maybe"], "transpile is 'maybe'", "Give true or false."),
        ("iqm", ["heralding_mode=x"], "heralding_mode is 'x'", "'zeros'"),
        ("iqm", ["transpile"], "is not KEY=VALUE", "--option KEY=VALUE"),
        ("iqm", ["=3"], "is not KEY=VALUE", "--option KEY=VALUE"),
        ("iqm", ["checked=true", "checked=false"], "given twice", "once"),
        ("local", ["transpile=true"], "local has no option 'transpile'", "emulation"),
        ("qoro", ['maestro={"bond": 3}'], "maestro is", "MaestroConfig"),
    ],
)
def test_what_is_no_option_is_refused_with_those_that_there_are(
    provider: str, texts: list[str], words: str, remedy: str
) -> None:
    """An unknown key or a bad value is refused with the list of what this provider has."""
    with pytest.raises(InvalidOptionError) as caught:
        parse_options(texts, client(provider), qa.RunOptions())
    assert words in str(caught.value)
    assert remedy in caught.value.remedy
    assert "Options of" in caught.value.remedy or "twice" in words


def test_flags_that_say_the_same_contradict_each_other(bell: Path) -> None:
    """What --observable has said, --option does not say again."""
    ran = command("run", bell, "--observable", "ZZ", "--option", "observables=XX")
    assert (ran.code, "given twice" in ran.err) == (2, True)


def test_an_option_reaches_the_provider(blocking_sandbox, bell: Path) -> None:
    """A circuit that is not native is refused with the flag that helps, and runs with it."""
    variables = blocking_sandbox.env("iqm")
    ran = with_variables(variables, "run", bell, "--on", "iqm:garnet", "--json")
    assert ran.code == 2
    assert "--option transpile=true" in ran.err
    assert "IQMOptions" not in ran.err
    assert ran.document["error"]["remedy"].endswith("or pass --option transpile=true.")
    words = ("run", bell, "--on", "iqm:garnet", "--option", "transpile=true", "--json")
    ran = with_variables(variables, *words)
    assert ran.code == 0, ran.err
    assert ran.document["jobs"][0]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("advice", "words"),
    [
        (Setting("on", "iqm:garnet"), "--on iqm:garnet"),
        (Setting("shots", 100), "--shots 100"),
        (Setting("variables", {"a": ..., "b": 0.5}), "--param a=VALUE --param b=0.5"),
        (Setting("transpile", True, "IQMOptions"), "--option transpile=true"),
        (Setting("emulation", options="PasqalOptions"), "--option emulation=VALUE"),
        (Setting("observables", ("Z", "X"), "IQMOptions"), "--observable Z --observable X"),
        (Setting("token", variable="IQM_TOKEN"), "IQM_TOKEN"),
        (Action("await job", "wait"), "wait"),
    ],
)
def test_advice_is_in_the_words_of_the_door(advice: Setting | Action, words: str) -> None:
    """In Python it names arguments and calls, on the command line flags and commands."""
    error = QuantumAsyncError("it failed", remedy=Advice("Try ", advice, "."))
    assert error.remedy == f"Try {advice}."
    assert complaint_of(error).remedy == f"Try {words}."


@pytest.mark.parametrize("provider", ["pasqal", "azure", "iqm", "qoro"])
def test_no_error_of_a_run_talks_python(
    blocking_sandbox, provider: str, bell: Path, rotation: Path, tmp_path: Path
) -> None:
    """Whatever is refused, on whichever provider: what it says to do can be typed."""
    quil = written(tmp_path / "quil.qasm", "")
    variables = blocking_sandbox.env(provider)
    for words in (
        ("run", bell, "--on", provider),
        ("run", bell, "--on", f"{provider}:nothing"),
        ("run", bell, "--on", provider, "--observable", "ZZ"),
        ("run", rotation, "--on", provider),
        ("run", rotation, "--on", provider, "--shots", 0),
        ("run", quil, "--on", provider),
        ("sweep", rotation, "--on", provider, "--param", "phi=1,2"),
    ):
        ran = with_variables(variables, *words, "--no-journal", "--json")
        if ran.code == 0:
            continue
        for line in ran.err.splitlines():
            assert "Options(" not in line, line
            assert "Options." not in line, line
            assert not any(f"{name}=" in line for name in ("on", "options", "shots")), line
            assert "follows from" not in line
        assert ran.document.keys() <= {"error", "jobs", "timed_out", "points", "axes"} | {
            "program", "target", "shots",
        }  # fmt: skip


def test_a_provider_says_what_it_runs(blocking_sandbox, bell: Path) -> None:
    """A circuit for Pasqal is refused in plain words, with what runs there, where, and how."""
    ran = with_variables(blocking_sandbox.env("pasqal"), "run", bell, "--on", "pasqal")
    assert ran.code == 2
    what, _, fix = ran.err.splitlines()
    assert what.endswith(
        "Pasqal Cloud runs Pulser sequences, and " + f"{bell} is an OpenQASM 2 program"
    )
    assert "--on pasqal:DEVICE" in fix
    assert "EMU_FREE" in fix


def test_an_error_is_a_document_too(bell: Path, broken: Path) -> None:
    """With --json whatever goes wrong is one object on standard output; three lines are on the other."""
    for words, kind in (
        (["run", broken], "ProgramSyntaxError"),
        (["run", bell, "--on", "nowhere"], "UnknownTargetError"),
        (["run", bell, "--shots", "many"], "UsageError"),
        (["frobnicate"], "UsageError"),
        (["jobs", "show", "x", "--journal", bell.parent / "none.db"], "JournalError"),
        (["devices", "nowhere"], "UnknownTargetError"),
    ):
        ran = command(*words, "--json")
        assert ran.code in {1, 2}
        assert ran.document.keys() == {"error"}
        told = ran.document["error"]
        assert told.keys() == {"type", "message", "remedy", "errors"}
        assert (told["type"], told["errors"]) == (kind, [])
        what, _, fix = ran.err.splitlines()[:3]
        assert what == f"error: {told['message']}"
        assert fix == f"fix: {told['remedy']}"


def test_several_errors_are_listed() -> None:
    """A group is one object, with a list of its members."""
    group = ExceptionGroup("two", [QuantumAsyncError("a", remedy="b"), QuantumAsyncError("c")])
    told = error_document(group)["error"]
    assert (told["type"], told["message"], told["remedy"]) == ("ExceptionGroup", "two", None)
    assert [member["message"] for member in told["errors"]] == ["a", "c"]
    assert (
        error_document(ExceptionGroup("one", [QuantumAsyncError("a")]))["error"]["message"] == "a"
    )


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("empty.qasm", b"", "empty.qasm"),
        ("blank.qasm", b"\n\n", "blank.qasm"),
        ("three.qasm", b"OPENQASM 3;\nqubit q;\nbit c;\nfrob q;\n", "three.qasm:4"),
        ("empty.qpy", b"", "empty.qpy"),
        ("cut.qpy", b"QISKIT\x0d\x02", "cut.qpy"),
        ("empty.json", b"", "empty.json"),
        ("other.json", b'{"a": 1}', "other.json"),
        ("letter.txt", b"Dear", "letter.txt"),
    ],
)
def test_a_file_that_is_no_program_is_refused_with_its_place(
    tmp_path: Path, name: str, text: bytes, place: str
) -> None:
    """Place, reason and remedy, in three lines of a readable length."""
    path = tmp_path / name
    path.write_bytes(text)
    ran = command("run", path)
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "why", "fix"]
    assert place in lines[0]
    assert "NoneType" not in ran.err
    assert all(len(line) < 600 for line in lines)
