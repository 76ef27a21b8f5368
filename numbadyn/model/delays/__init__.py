"""The past of values: one delay rule for every accessor, in eager calls and in traced steps.

In: modules, times, elements.  Out: values some time ago.  Must not know: projections.

A read, from the outside in: `api` is what users hold, `times` says how many steps ago a time is, `sampling` takes the
elements and the samples, `storage` keeps them.
"""

from numbadyn.model.delays.api.access import DelayAccess
from numbadyn.model.delays.api.delay import Delay
from numbadyn.model.delays.api.prefetch import Prefetch, PrefetchDelay, init_maybe_prefetch
from numbadyn.model.delays.api.reference import OutputDelayAt, PrefetchDelayAt
from numbadyn.model.delays.api.state_delay import StateWithDelay
from numbadyn.model.delays.sampling.interpolation import InterpolationRegistry
from numbadyn.model.delays.sampling.read import latest_output, longest_delays
from numbadyn.model.delays.storage.channel import delay_line, finish_channels, signal_channel, state_history
from numbadyn.model.delays.storage.output import knows_output, note_output
from numbadyn.model.delays.times.delay_time import DelaySteps
from numbadyn.model.delays.times.rule import delay_steps, steps_in
from numbadyn.model.delays.times.window import Before

__all__ = [
    "Before",
    "Delay",
    "DelayAccess",
    "DelaySteps",
    "InterpolationRegistry",
    "OutputDelayAt",
    "Prefetch",
    "PrefetchDelay",
    "PrefetchDelayAt",
    "StateWithDelay",
    "delay_line",
    "delay_steps",
    "finish_channels",
    "init_maybe_prefetch",
    "knows_output",
    "latest_output",
    "longest_delays",
    "note_output",
    "signal_channel",
    "state_history",
    "steps_in",
]
