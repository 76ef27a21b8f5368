"""The pass list: each pass has a name, is timed, and leaves what is well formed; the checker finds what is not."""

import inspect
import re
from dataclasses import replace

import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.errors import InternalError
from numbadyn.ir.nodes import Step
from numbadyn.lowering import pipeline
from numbadyn.lowering.fusion import Planner
from numbadyn.lowering.passes import CHECKING, Passes
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.verify import verify_program
from numbadyn.model.step import trace_step
from tests.cuda.networks import NETWORKS
from tests.ir.steps import add_node, add_param, add_state


def traced(name="delayed"):
    return trace_step(nd.init_all_states(NETWORKS[name]()))


def lowered(name="delayed"):
    return lower(prepare(traced(name)))


def test_every_pass_is_named_and_timed_in_the_order_of_the_list():
    passes = Passes()
    lower(prepare(traced(), passes), passes=passes)
    listed = re.findall(r'do\("([^"]+)"', inspect.getsource(pipeline))
    assert list(passes.seconds) == listed
    assert len(set(listed)) == len(listed) > 15
    assert all(seconds >= 0 for seconds in passes.seconds.values())


class Damaged:
    """Counts how often it is checked."""

    checks = 0

    def check(self):
        self.checks += 1


def test_what_a_pass_leaves_is_checked_where_tests_ask_for_it(monkeypatch):
    step = Step("Net")
    add_node(step, "add", 5, 6)  # of values that are not there
    damaged = Damaged()
    with pytest.raises(InternalError, match="uses a value that comes later"):
        Passes()("break it", lambda _step: step, Step("Net"))
    Passes()("look at it", lambda _plan: None, damaged)
    assert damaged.checks == 1
    monkeypatch.setenv(CHECKING, "0")
    assert Passes()("break it", lambda _step: step, Step("Net")) is step
    Passes()("look at it", lambda _plan: None, damaged)
    assert damaged.checks == 1


@pytest.mark.parametrize("name", NETWORKS)
def test_no_pass_leaves_anything_broken_and_the_prepared_step_stays_as_it_is(name):
    step = prepare(traced(name))
    before = str(step)
    recorded = [number for number, channel in enumerate(step.channels) if not channel.ahead]  # as a run can
    verify_program(lower(step, list(step.probes.values()), recorded))
    assert str(step) == before


def damage(program, **changes):
    """The program, with another first instance of its first loop."""
    loop = next(stage for stages in program.schedule for stage in stages if hasattr(stage, "instances"))
    first, *others = loop.instances
    new = replace(loop, instances=(replace(first, **{k: change(first) for k, change in changes.items()}), *others))
    program.schedule = [tuple(new if stage is loop else stage for stage in stages) for stages in program.schedule]
    return program


def moved(instance):
    """Views of which the first begins one element too late."""
    first, *others = instance.views
    return (replace(first, offset=first.offset + first.buffer.size), *others)


def test_the_checker_names_what_is_broken():
    with pytest.raises(InternalError, match="leaves "):
        verify_program(damage(lowered(), views=moved))
    with pytest.raises(InternalError, match="has not the arguments of its kernel"):
        verify_program(damage(lowered(), scalars=lambda instance: (*instance.scalars, 0)))
    homeless = lowered()
    homeless.buffers = homeless.buffers[1:]
    with pytest.raises(InternalError, match="has no memory"):
        verify_program(homeless)
    early = lowered()
    kernel = next(k for k in early.kernels if any(arg.where == "local" for o in k.operations for arg in o.args))
    early.kernels[early.kernels.index(kernel)] = replace(kernel, operations=kernel.operations[::-1])
    with pytest.raises(InternalError, match="which is not there"):
        verify_program(early)


def test_a_plan_whose_order_is_broken_is_refused():
    step = Step("Net")
    state = add_state(step, [1.0, 2.0, 3.0])
    add_node(step, "add", state, add_param(step, 1.0))
    step.writes[0] = len(step.nodes) - 1
    planner = Planner(step, set(), set())
    for work in (Planner.find_channels, Planner.separate_effects, Planner.order_values, Planner.place_others):
        work(planner)
    planner.check()
    (placed,) = planner.stage_of
    planner.stage_of = {placed: 0, step.nodes[placed].args[0]: 1}
    with pytest.raises(InternalError, match="comes after what needs it"):
        planner.check()


def test_explaining_at_length_says_how_long_each_pass_took():
    sim = nd.Simulator(NETWORKS["cells"](), dt=0.1 * ms, target="interpret")
    short, long = sim.explain(), sim.explain(verbose=True)
    assert "Passes:" not in short
    for name in ("join equal values", "build stages, share kernels"):
        assert re.search(rf"^  {name}: \d+\.\d\d ms$", long, re.MULTILINE)
    assert re.search(r"^  lower: \d+\.\d{3} s$", long, re.MULTILINE)
    crossing = "    Cells.pre.output to Cells.slow: 0.2 ms = 2 steps"  # later than what crosses first
    assert crossing in long
    assert crossing not in short
