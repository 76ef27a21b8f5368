"""What is noted about a recording: one object for each layer and each recording."""

import numbadyn as nd
from numbadyn.model.notes import ModelNotes
from numbadyn.model.stepping import entering
from numbadyn.tracing.trace import Trace


def test_each_recording_has_notes_of_its_own():
    one, other = Trace("one"), Trace("other")
    one.notes(ModelNotes).outputs[1] = 2
    assert one.notes(ModelNotes) is one.notes(ModelNotes)
    assert other.notes(ModelNotes).outputs == {}


def test_what_a_population_calls_has_no_place_of_its_own():
    outer, inner = nd.LIF(2, name="outer"), nd.Module(name="inner")
    trace = Trace("net")
    with trace.recording():
        with entering(outer, "dynamics", (2,)), entering(inner, "module", ()):
            assert trace.notes(ModelNotes).updating
        with entering(inner, "module", ()):
            assert not trace.notes(ModelNotes).updating
    assert trace.step.order == [("outer", "dynamics"), ("inner", "module")]
