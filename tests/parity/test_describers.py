"""`Cls.desc(...)` and `Dynamics.align_pre`, row by row beside the reference package."""

import numpy as np
import pytest
from quantities import mS, ms, s

import numbadyn as nd
from numbadyn.errors import HookArgumentError


class Source(nd.Neuron):
    """Fires every second step."""

    def __init__(self, size=3):
        super().__init__(size)

    def init_state(self):
        self.n = nd.State(0)

    def update(self):
        self.n.value = self.n + 1
        return self.n.value % 2 == 1


class Counter(nd.Synapse):
    """Counts spikes of its source."""

    def __init__(self, in_size, step=1):
        super().__init__(in_size)
        self.step = step

    def init_state(self):
        self.count = nd.State(0)

    def update(self, spikes):
        self.count.value = self.count + np.where(spikes, self.step, 0)
        return self.count.value


def run(source, steps=5):
    nd.init_all_states(source)
    for step in range(steps):
        with nd.environ.context(dt=1 * ms, i=step, t=step * ms):
            source()


def test_an_instance_is_stepped_once_after_its_source():
    """An after-hook keyed by its identity; the same instance again is no second one."""
    source, counter = Source(), Counter(3)
    assert source.align_pre(counter) is counter
    assert source.align_pre(counter) is counter
    assert len(source.after_updates) == 1
    run(source)
    assert counter.count.value.tolist() == [3, 3, 3]


def test_describers_of_equal_content_share_one_module():
    """The size is filled in from the source."""
    source = Source((2, 3))
    first = source.align_pre(Counter.desc(step=2))
    assert source.align_pre(Counter.desc(step=2)) is first
    assert source.align_pre(Counter.desc(step=3)) is not first
    assert first.in_size == (2, 3)
    assert len(source.after_updates) == 2
    run(source)
    assert (first.count.value == 6).all()


def test_content_decides_and_not_its_text():
    """In the reference the printed text decides: arrays that differ in the middle are one, 5 ms and 0.005 s are two."""
    source = Source(3000)
    tau = np.full(3000, 5.0)
    other = tau.copy()
    other[1500] = 6.0
    first = source.align_pre(nd.Expon.desc(tau=tau * ms))
    assert source.align_pre(nd.Expon.desc(tau=other * ms)) is not first
    assert source.align_pre(nd.Expon.desc(tau=tau / 1000 * s)) is first
    assert source.align_pre(nd.Expon.desc(tau * ms)) is first  # by position too
    assert source.align_pre(nd.Expon.desc(tau=5.0000001 * ms)) is not source.align_pre(
        nd.Expon.desc(tau=5.0000002 * ms)
    )
    assert source.align_pre(nd.Expon.desc(tau=5 * ms)) is source.align_pre(nd.Expon.desc(tau=np.float32(5) * ms))


def test_classes_of_one_name_are_two():
    def made():
        class Local(Counter):
            """Made anew in each call."""

        return Local

    source = Source()
    assert source.align_pre(made().desc()) is not source.align_pre(made().desc())


@pytest.mark.parametrize("given", [3, "Expon", Counter, None, lambda: None])
def test_neither_a_module_nor_a_description(given):
    """TypeError in the reference too."""
    with pytest.raises(HookArgumentError, match=r"describe one: Expon.desc\(tau=5\*ms\)") as info:
        Source().align_pre(given)
    assert isinstance(info.value, TypeError)


def test_a_description_makes_its_class_with_its_arguments():
    made = nd.Expon.desc(tau=3 * ms, g_initializer=nd.init.Constant(2 * mS)).make((4,))
    assert isinstance(made, nd.Expon)
    nd.init_all_states(made)
    assert (made.g.value == 2 * mS).all()
    assert repr(nd.Expon.desc(tau=3 * ms)).startswith("Expon.desc(tau=")
    with pytest.raises(HookArgumentError, match="no argument 'tua'"):
        nd.Expon.desc(tua=3 * ms)
