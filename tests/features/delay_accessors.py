"""All accessors of the past, each from the same description of a read, and a network that reads with them.

In: descriptions of reads (`delay_draws.Read`).  Out: networks, and what their readers must see.
"""

from dataclasses import replace

import numpy as np
from quantities import ms, mV

import numbadyn as nd
from tests.features.delay_draws import Before
from tests.features.delay_networks import FIRST, SIGNALS, Readers, Signal, Spiking, in_unit, times
from tests.features.delay_oracle import before_and_after, seen

__all__ = ["ACCESSORS", "AT_TIMES", "OF_OUTPUTS", "OF_STATES", "PLACES", "WRITTEN", "Net", "expected", "given_init"]

PLACES = ("before", "inside", "after")

OF_STATES = {
    "prefetch_delay": lambda net, read: net.owner.prefetch_delay(read.item, *parts(read), **options(read)),
    "tuple": lambda net, read: net.owner.prefetch_delay(read.item, parts(read), **options(read)),
    "delay.at": lambda net, read: net.owner.prefetch(read.item).delay.at(*parts(read), **options(read)),
    "PrefetchDelayAt": lambda net, read: nd.PrefetchDelayAt(net.owner, read.item, *parts(read), **options(read)),
}
OF_OUTPUTS = {
    "output_delay": lambda net, read: net.owner.output_delay(*parts(read), **options(read)),
    "OutputDelayAt": lambda net, read: nd.OutputDelayAt(net.owner, *parts(read), **options(read)),
}
MEMORIES = {
    "StateWithDelay.at": lambda net, read: by_entry(state_memory(net, read), read),
    "StateWithDelay.access": lambda net, read: state_memory(net, read).access("late", *parts(read)),
    "StateWithDelay.steps": lambda net, read: by_steps(state_memory(net, read), read),
}
WRITTEN = {
    "Delay.at": lambda net, read: by_entry(written_memory(net, read), read),
    "DelayAccess": lambda net, read: nd.DelayAccess(written_memory(net, read), *parts(read), entry="late"),
    "Delay.steps": lambda net, read: by_steps(written_memory(net, read), read),
    "Delay.entries": lambda net, read: by_name(written_memory(net, read, entries={"late": parts(read)})),
}
AT_TIMES = {
    "StateWithDelay.time": lambda net, read: by_time(state_memory(net, read, interpolation=read.method), read),
    "Delay.time": lambda net, read: by_time(written_memory(net, read, interpolation=read.method), read),
}
ACCESSORS = OF_STATES | OF_OUTPUTS | MEMORIES | WRITTEN


# ---- how each of them is called --------------------------------------------------------------------------------------


def lag(read):
    """The delay of a read: times, or a function that gives those of the step."""
    if callable(read.delay):
        return lambda: read.delay(nd.environ.get("i")) / 1000.0 * ms
    return times(read.delay)


def parts(read):
    return (lag(read), *read.indices)


def options(read):
    """Keyword arguments: those that say something."""
    given = {"init": given_init(read.item, read.init), "interpolation": read.method} | windows(read)
    if callable(read.delay):
        given["max_delay"] = times(read.delay.most)
    return {name: value for name, value in given.items() if value is not None}


def windows(read):
    return {} if read.every is None else {"update_every": times(read.every), "update_strategy": read.strategy}


def given_init(item, init):
    """What came before the start, with its unit."""
    if init is None:
        return None
    if isinstance(init, Before):  # x[-1] is the value of t = 0
        return nd.init.OfTime(lambda t: in_unit(item, init(round(float(t / ms) * 1000 / init.dt) - 1)))
    return in_unit(item, np.asarray(init))


def state_memory(net, read, **more):
    return net.keep(
        nd.StateWithDelay(net.owner, read.item, init=given_init(read.item, read.init), **windows(read), **more)
    )


def written_memory(net, read, **more):
    template = np.zeros(net.owner.varshape, dtype={"x": float, "k": int, "b": bool}[read.item])
    template = in_unit(read.item, template) if read.init is None else template  # else the unit is that of `init`
    line = net.keep(nd.Delay(template, init=given_init(read.item, read.init), **windows(read), **more))
    net.lines.append((line, read.item))
    return line


def by_entry(memory, read):
    memory.register_entry("late", *parts(read))
    return by_name(memory)


def by_name(memory):
    return lambda: memory.at("late")


def by_steps(memory, read):
    """As registered; or, where the delay changes, by traced numbers of steps or windows."""
    if not callable(read.delay):
        where = memory.register_delay(*parts(read))
        return lambda: memory.retrieve_at_step(*where)
    memory.register_delay(times(read.delay.most))
    return lambda: memory.retrieve_at_step(read.delay.parts(nd.environ.get("i")), *read.indices)


def by_time(memory, read):
    most = read.delay.most if callable(read.delay) else np.max(read.delay)
    memory.register_delay(times(most + 2000))
    ago = lag(read)
    return lambda: memory.retrieve_at_time(nd.environ.get("t") - (ago() if callable(ago) else ago), *read.indices)


# ---- the network -----------------------------------------------------------------------------------------------------


class Net(nd.DynamicsGroup):
    """A signal that is read before it is made, inside of its update, and after it."""

    def __init__(self, shape, output, dt, reads):
        super().__init__()
        self.owner = (Spiking if output == "b" else Signal)(shape, output)
        self.lines, self.kept = [], 0
        wanted = expected(shape, dt, reads)
        for place in PLACES:
            made = {}
            for number, (where, read) in enumerate(reads):
                if where == place:
                    accessor = (ACCESSORS | AT_TIMES)[read.accessor](self, read)
                    like = np.asarray(wanted[f"{place}.{name_of(number, read)}"](0))
                    made[name_of(number, read)] = (accessor, like, mV if read.item == "x" else 1)
            setattr(self, place, Readers(made))
        self.owner._own = self.inside

    def keep(self, memory):
        self.kept += 1
        setattr(self, f"memory{self.kept}", memory)
        return memory

    def update(self):
        self.before()
        self.owner()
        for line, item in self.lines:
            line.update(self.owner.state(item).value)
        self.after()


def name_of(number, read):
    return f"r{number}_{read.accessor.replace('.', '_')}"


# ---- what its readers must see ---------------------------------------------------------------------------------------


def past_of(shape, read):
    """The values that a read is about: before the start its `init`, or a state's first value, or zero."""
    of_a_state = read.accessor in OF_STATES or read.accessor.startswith("StateWithDelay")
    init = (FIRST[read.item] if of_a_state else 0) if read.init is None else read.init
    i = np.arange(int(np.prod(shape))).reshape(shape)
    return before_and_after(init, lambda n: SIGNALS[read.item](n, i))


def expected(shape, dt, reads):
    """Name of a reader -> function of the step."""
    return {
        f"{place}.{name_of(number, read)}": expected_read(shape, dt, place, read)
        for number, (place, read) in enumerate(reads)
    }


def expected_read(shape, dt, place, read):
    past, after = past_of(shape, read), place == "after"
    if read.accessor in AT_TIMES and after:  # the newest sample is one step younger then, the point in time is the same
        delay = read.delay
        read = replace(read, delay=(lambda n: delay(n) + dt) if callable(delay) else np.asarray(delay) + dt)
    options = {"indices": read.indices, "method": read.method, "every": read.every, "strategy": read.strategy}

    def wanted(n):
        return seen(past, n, read.delay(n) if callable(read.delay) else read.delay, dt, after=after, **options)

    return wanted
