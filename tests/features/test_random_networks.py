"""Networks drawn at random: both targets agree, pieces make the whole, and simplification changes roundings only."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from quantities import ms

import numbadyn as nd
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext
from numbadyn.ir.verify import verify
from numbadyn.lowering.pipeline import prepare
from numbadyn.model.step import trace_step
from tests.draws import share
from tests.features.agreement import agree_quietly, recorded, states_and_spikes
from tests.features.random_networks import RandomNetwork, networks

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
STEPS = 20


def few(number):
    """A fixed choice of examples, the same in each run; failures are not shrunk, since each example compiles."""
    return settings(
        max_examples=share(number),
        suppress_health_check=CHECKS,
        phases=[Phase.explicit, Phase.generate],
    )


@pytest.mark.slow
@few(3)
@given(networks())
def test_both_targets_give_the_same_bits(drawn):
    sim, whole = agree_quietly(lambda: RandomNetwork(*drawn), 0.1 * ms, STEPS * 0.1 * ms, seed=11)
    again = nd.Simulator(RandomNetwork(*drawn), dt=0.1 * ms, seed=11)
    states_and_spikes(again)
    parts = [recorded(again.run(steps * 0.1 * ms, progress=False)) for steps in (1, 12, STEPS - 13)]
    for name, array in recorded(whole).items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), array, err_msg=name)
    assert again.machine.loaded is sim.machine.loaded


@few(25)
@given(networks())
def test_pieces_make_the_whole_when_interpreted(drawn):
    results = []
    for pieces in ((STEPS,), (1, 12, STEPS - 13)):
        sim = nd.Simulator(RandomNetwork(*drawn), dt=0.1 * ms, seed=5, target="interpret")
        states_and_spikes(sim)
        parts = [recorded(sim.run(steps * 0.1 * ms, progress=False)) for steps in pieces]
        results.append({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    assert results[0].keys() == results[1].keys()
    for name, array in results[0].items():
        np.testing.assert_array_equal(results[1][name], array, err_msg=name)


@few(60)
@given(networks())
def test_simplification_keeps_the_meaning(drawn):
    """One step from the same states, before and after; later steps may part, since thresholds amplify roundings."""
    net = nd.init_all_states(RandomNetwork(*drawn), seed=3)
    step = trace_step(net)
    verify(step)
    names = [spec.name for spec in step.states]
    context = BindContext(0.1, 3)
    tables = [connection.build(context, np.dtype(float)) for connection in step.connections]
    plain = Interpreter(step, context, tables)
    simple = Interpreter(prepare(step), context, tables)
    for _ in range(STEPS):
        plain.advance()
        simple.advance()
        for name, found, expected in zip(names, simple.states, plain.states, strict=True):
            if name.endswith((".x", ".y", ".g")):
                np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=name)
        simple.states = [state.copy() for state in plain.states]
        simple.past = [[sample.copy() for sample in past] for past in plain.past]
