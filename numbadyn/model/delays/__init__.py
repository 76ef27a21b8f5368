"""The past of values: one delay rule for every accessor, in eager calls and in traced steps.

In: modules, times, elements.  Out: values some time ago.  `rule` and `windows` say what a delay means in numbers, the
`times` and `forms` take apart what users give, `sources` say what has a past, `samples`, `slots`, `interpolation` and
`reading` make a value of it; `prefetch`, `references`, `buffers` and `state_memory` are what users hold.  Must not
know: projections.
"""

from numbadyn.model.delays.buffers import Delay, DelayAccess
from numbadyn.model.delays.channels import delay_line, finish_channels, signal_channel, state_history
from numbadyn.model.delays.fixed_times import DelaySteps
from numbadyn.model.delays.interpolation import InterpolationRegistry
from numbadyn.model.delays.outputs import latest_output, note_output, output_known
from numbadyn.model.delays.prefetch import Prefetch, PrefetchDelay, init_maybe_prefetch
from numbadyn.model.delays.reading import longest_delays
from numbadyn.model.delays.references import OutputDelayAt, PrefetchDelayAt
from numbadyn.model.delays.rule import delay_steps, steps_in
from numbadyn.model.delays.state_memory import StateWithDelay
from numbadyn.model.delays.windows import Before

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
    "latest_output",
    "longest_delays",
    "note_output",
    "output_known",
    "signal_channel",
    "state_history",
    "steps_in",
]
