"""What is wrong with a sequence's document is said in one line, with its place."""

from __future__ import annotations

import json

import pytest

from quantum_async.errors import ProgramSyntaxError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.sequences import read_sequence
from tests.simulation.sequences import rabi


def document():
    return json.loads(rabi().to_abstract_repr())


def refused(changed):
    text = json.dumps(changed, indent=1)
    with pytest.raises(ProgramSyntaxError) as caught:
        read_sequence(Program(text, ProgramFormat.PULSER, source="s.json"))
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message, caught.value.line, text.splitlines()


def test_a_misspelt_word_is_quoted_with_its_line_and_what_may_be_meant():
    """The schema's own error is the whole document, once for each kind of operation."""
    changed = document()
    changed["operations"][0]["op"] = "pulze"
    message, line, lines = refused(changed)
    assert "operations[0].op is 'pulze', which is unknown; is 'pulse' meant?" in message
    assert '"op": "pulze"' in lines[line - 1]


def test_a_value_of_the_wrong_kind_is_named_by_its_place():
    """What does not fit is told apart from what it does not fit to."""
    changed = document()
    changed["operations"][0]["phase"] = "nope"
    message, _, _ = refused(changed)
    assert "operations[0].phase" in message
    changed = document()
    changed["register"] = 3
    assert "register: 3 is not of type 'array'" in refused(changed)[0]


def test_a_long_document_makes_no_long_message():
    """Somebody has to read it in a terminal."""
    changed = document()
    changed["operations"] = changed["operations"] * 40
    changed["operations"][-1]["op"] = "pulze"
    refused(changed)
