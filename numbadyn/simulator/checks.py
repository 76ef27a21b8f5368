"""Checks of what users pass to a simulator: named errors with the value, the place and the cure.

In: arguments.  Out: plain values.  Must not know: how a network is built or run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from numbadyn.errors import (
    DurationError,
    FixedAttributeError,
    InvalidParameterError,
    TargetError,
    UnsupportedFeatureError,
)
from numbadyn.ir.analysis import stale_read
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.model.init import Constant, Values
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.values import Parameter
from numbadyn.runtime.cuda.launches import Way
from numbadyn.runtime.replica import naming
from numbadyn.runtime.targets import TARGETS
from numbadyn.units import TIME, describe, is_quantity, magnitude_in

__all__ = [
    "check_drawn",
    "check_flag",
    "check_launch",
    "check_rounding",
    "check_seed",
    "check_synapses",
    "check_target",
    "duration_steps",
    "fixed_error",
]

_LAUNCHES = get_args(Way)


def check_flag(value: Any, name: str, where: str) -> bool:
    """A truth value; a text such as "no" would count as true.

    Raises
    ------
    InvalidParameterError
        It is none.
    """
    if not isinstance(value, bool | np.bool_):
        raise InvalidParameterError(
            f"{name} is {value!r}, which is neither True nor False.",
            where=f"{where}({name}=...)",
            cure=f"Give {name}=True or {name}=False.",
            **{name: value},
        )
    return bool(value)


def check_target(target: str, threads: Any, precision: int) -> str:
    """The target, after checking it with the number of threads and the precision."""
    if target not in tuple(TARGETS):  # it may be a list, which no table can look up
        raise TargetError(
            f"The target is {target!r}.",
            where="Simulator(target=...)",
            cure=f"Choose one of {', '.join(map(repr, TARGETS))}.",
            target=target,
        )
    if precision not in (32, 64):
        raise TargetError(
            f"The precision is {precision!r}.",
            where="Simulator(precision=...)",
            cure="Choose 64 or 32 (bits).",
            precision=precision,
        )
    if isinstance(threads, bool) or not isinstance(threads, int) or threads != 1:
        raise TargetError(
            f"threads is {threads!r}; this version runs on one thread.",
            where="Simulator(threads=...)",
            cure="Leave threads out, or give 1.",
            threads=threads,
        )
    return target


def check_synapses(step: Step) -> None:
    """Refuse values of synapses that would follow from what is no longer there.

    Raises
    ------
    UnsupportedFeatureError
        There are some.
    """
    stale = stale_read(step)
    if stale is not None:
        raise UnsupportedFeatureError(
            "A value of synapses from before their states were written is used behind s.sum(...).",
            where=str(stale.position),
            cure="Read the state anew behind the sum, or assign it there only.",
        )


def check_drawn(network: Module, contexts: Sequence[BindContext]) -> None:
    """Draw the parameters that come from distributions or functions, so that those no step reads are checked as well.

    Parameters
    ----------
    network : Module
        What is simulated.
    contexts : sequence of BindContext
        Seed, time step and precision of each of its replicas.
    """
    values = [value for module in (walk(network) if contexts else ()) for value in vars(module).values()]
    parameters = [value for value in values if isinstance(value, Parameter)]
    for context in contexts:
        with naming(context):
            for parameter in parameters:
                given = context.bound(parameter).content()
                if callable(given) and not isinstance(given, Constant | Values):
                    parameter.fetch(context)


def check_launch(launch: Any) -> Way:
    """The way to run many steps on a GPU, after checking it."""
    if launch not in _LAUNCHES:
        raise TargetError(
            f"launch is {launch!r}.",
            where="Simulator(launch=...)",
            cure=f"Choose one of {', '.join(map(repr, _LAUNCHES))}.",
            launch=launch,
        )
    return launch  # type: ignore[no-any-return]


def check_seed(seed: Any, where: str = "Simulator(seed=...)") -> int:
    """The seed as an int, after checking it."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= int(seed) < 2**64:
        raise TargetError(
            f"The seed is {seed!r}.", where=where, cure="Give a whole number from 0 to 2**64 - 1.", seed=seed
        )
    return int(seed)


def fixed_error(name: str, value: Any) -> FixedAttributeError:
    """The error for something that is assigned to an attribute of a simulator."""
    new = f"Make a new nd.Simulator(network, ..., {name}={describe(value) if is_quantity(value) else repr(value)})."
    cures = {
        "seed": f"Start another trial: sim.reset(seed={value!r}).",
        "t": "Go back to time zero with sim.reset(); sim.run(duration) goes on.",
        "network": "Make a new nd.Simulator of the other network.",
        "batch": f'Give each replica its own by path, sim.batch["E.tau"] = ...; for another number of them: {new}',
        **dict.fromkeys(("dt", "target", "threads", "precision", "delays", "reproducible", "launch", "shared"), new),
    }
    return FixedAttributeError(
        f"{name!r} is assigned to a simulator, where it would have no effect.",
        where=f"Simulator.{name}",
        cure=cures.get(name, "Pass options to nd.Simulator(...), sim.record(...) or sim.run(...)."),
        name=name,
    )


def check_rounding(delays: Any) -> str:
    """What becomes of delays between steps, after checking how users say it."""
    if not isinstance(delays, str) or delays not in ("up", "nearest", "exact"):
        raise TargetError(
            f"delays is {delays!r}.",
            where="Simulator(delays=...)",
            cure="Choose 'up' or 'nearest', which round delays to whole steps, or 'exact', which refuses those between "
            "steps.",
            delays=delays,
        )
    return delays


def duration_steps(duration: Any, dt: float, name: str = "duration", of: str = "Simulator.run") -> int:
    """Steps of a duration, after checking its unit, its sign and that it is a multiple of dt; `name` is the option."""
    what, where = name, f"{of}({name}=...)"
    if name == "duration":
        what, where = "The duration", f"{of}(duration)"
    if not is_quantity(duration):
        raise DurationError(
            f"{what} is {duration!r}, without a unit.",
            where=where,
            cure="Give a time, such as 100*ms.",
            duration=duration,
        )
    length = np.asarray(magnitude_in(duration, TIME, what=what, where=where))
    if length.size != 1 or not np.isfinite(length).all() or float(length.reshape(-1)[0]) <= 0:
        raise DurationError(
            f"{what} is {describe(duration)}.",
            where=where,
            cure="Give one positive time, such as 100*ms.",
            duration=duration,
        )
    steps = round(float(length.reshape(-1)[0]) / dt)
    if steps >= 2**62:
        raise DurationError(
            f"{what} is {describe(duration)}, more steps of {dt:g} ms than can be counted.",
            where=where,
            cure="Check its unit.",
            duration=duration,
            dt=dt,
        )
    if steps < 1 or abs(steps * dt - float(length.reshape(-1)[0])) > 1e-6 * max(dt, steps * dt * 1e-6):
        raise DurationError(
            f"{what} is {describe(duration)}, which is not a whole number of steps of {dt:g} ms.",
            where=where,
            cure="Give a multiple of dt.",
            duration=duration,
            dt=dt,
        )
    return steps
