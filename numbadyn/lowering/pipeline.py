"""The pass list: from a traced step to a program.

In: a `Step` and what is to be recorded.  Out: a `Program`.  Must not know: targets.
"""

from __future__ import annotations

from collections.abc import Iterable

from numbadyn.ir.nodes import Step
from numbadyn.ir.verify import verify
from numbadyn.lowering.exact.ahead import look_ahead
from numbadyn.lowering.exact.holding import hold_decays
from numbadyn.lowering.exact.solve import solve_linear_equations
from numbadyn.lowering.fusion import Planner
from numbadyn.lowering.kernels import Builder
from numbadyn.lowering.passes import Passes
from numbadyn.lowering.program import Program
from numbadyn.lowering.simplify import join_equal_values, start_sums_from_decay

__all__ = ["lower", "prepare"]


def prepare(step: Step, passes: Passes | None = None) -> Step:
    """Verified and simplified step; what every target starts from, the interpreter too.

    Parameters
    ----------
    step : Step
        As traced.
    passes : Passes, optional
        Notes how long each pass takes.

    Returns
    -------
    Step
    """
    do = Passes() if passes is None else passes
    do("check what was traced", verify, step)
    held: Step = do("hold what decays until it is asked for", hold_decays, step)
    solved: Step = do("solve linear equations together", solve_linear_equations, held)
    ahead: Step = do("look ahead to the end of the step", look_ahead, solved)
    simple: Step = do("join equal values", join_equal_values, ahead)
    simple = do("let sums start from decayed states", start_sums_from_decay, simple)
    do("check what is left", verify, simple)
    return simple


def lower(
    step: Step, probes: Iterable[int] = (), recorded: Iterable[int] = (), passes: Passes | None = None
) -> Program:
    """Lower a prepared step.

    Parameters
    ----------
    step : Step
        From `prepare`; it stays as it is.
    probes : iterable of int
        Nodes whose values are recorded.
    recorded : iterable of int
        Channels whose events are recorded.
    passes : Passes, optional
        Notes how long each pass takes.

    Returns
    -------
    Program
    """
    do = Passes() if passes is None else passes
    planner = Planner(step, set(probes), set(recorded))
    do("find events and histories to keep", Planner.find_channels, planner)
    do("give effects values of their own", Planner.separate_effects, planner)
    do("put values in order", Planner.order_values, planner)
    do("place what needs nothing of this step", Planner.place_first, planner)
    do("place all other values in loops and stages", Planner.place_others, planner)
    do("place what prepares sums for the next step", Planner.place_refills, planner)
    do("decide who stores each state", Planner.commit_states, planner)
    do("find stages that depend on each other", Planner.find_levels, planner)
    do("find stores that may come late", Planner.find_late, planner)
    builder = Builder(planner.plan())
    do("find what lies in memory", Builder.find_memory, builder)
    do("build stages, share kernels", Builder.build_stages, builder)
    do("group stages that run together", Builder.group_stages, builder)
    do("lay out memory", Builder.lay_out_memory, builder)
    do("find how sums start", Builder.find_refills, builder)
    do("find where what is recorded lies", Builder.find_probes, builder)
    return builder.program
