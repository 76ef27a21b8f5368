"""One or several coupled equations: how a right-hand side is called, and what it must return.

In: a function of the states, the states as one value, a tuple, a list or a dict, and further arguments.  Out:
`Equations`, which takes and gives plain lists.  Traced and eager alike.  Must not know: methods of integration, models.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numbadyn.errors import DimensionError, RightHandSideError
from numbadyn.model import environ
from numbadyn.tracing.gains import note_slope
from numbadyn.tracing.trace import ANY, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import TIME, Dimension, split

__all__ = ["Equations"]

#: A right-hand side with its ways of calling settled: states, then the part of the step at whose end the stage is.
_Call = Callable[[list[Any], float], Any]
#: A state, all states, a further argument or the time, by its number.
_Source = tuple[str, int]
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Equations:
    """Equations that are advanced together: every right-hand side sees the same values of all states.

    Parameters
    ----------
    f : callable, or tuple, list or dict of callables
        Right-hand side, or one for each state.
    states : value, or tuple, list or dict of values
        Values at the start of the step.
    args : tuple
        Passed on to f.
    stepper : str
        Name of the method, for messages.

    Attributes
    ----------
    start : list
        The values as they were given.
    stepper : str
        Name of the method.

    Raises
    ------
    RightHandSideError
        There are no states, they are no values, or f cannot be called with them.
    """

    def __init__(self, f: Any, states: Any, args: tuple[Any, ...], stepper: str) -> None:
        self.stepper, self._place = stepper, getattr(f, "__qualname__", stepper)
        self._form = states
        self._joint = isinstance(states, list | tuple | Mapping)
        self.start: list[Any] = _values(states) if self._joint else [states]
        self._keys = list(states) if isinstance(states, Mapping) else None
        self._check_states()
        self._names = self._places()
        self._call = self._caller(f, args)

    def slopes(self, values: Sequence[Any], stage: float = 0.0) -> list[Any]:
        """Time derivatives of all states at some values, after checking their units.

        Parameters
        ----------
        values : sequence
            One for each state.
        stage : float
            Part of the step at whose end the values are taken; 0 at the start.
        """
        result = self._call(list(values), stage)
        return [
            self._check_slope(slope, value, name)
            for slope, value, name in zip(self._parts(result), values, self._names, strict=True)
        ]

    def amplitudes(self, diffusion: Any, args: tuple[Any, ...], values: Sequence[Any], stage: float = 0.0) -> list[Any]:
        """Amplitudes of the noise of all states at some values, after checking their units.

        Parameters
        ----------
        diffusion : callable, or tuple, list or dict of callables
            Called as the right-hand side is.
        args : tuple
            Passed on.
        values : sequence
            One for each state.
        stage : float
            As of `slopes`.
        """
        found = self._parts(copy.copy(self)._caller(diffusion, args)(list(values), stage))
        trace = current_trace()
        for amplitude, value, name in zip(found, values, self._names, strict=True):
            got, state = (
                split(x)[1] if trace is None else trace.node(as_node(trace, x)).dimension for x in (amplitude, value)
            )
            if ANY not in (got, state) and got**2 != state**2 / TIME:
                raise DimensionError(
                    f"{self.stepper}: the amplitude of the noise{f' of {name}' if name else ''} is in {got}, but that "
                    f"of a variable in {state} must be in {state} over the root of a time.",
                    where=self._place if trace is None else str(trace.here),
                    cure="For a standard deviation sigma and a time constant tau it is sigma * np.sqrt(2 / tau).",
                    stepper=self.stepper,
                    got=got,
                    state=state,
                    name=name,
                )
        return found

    def result(self, values: list[Any]) -> Any:
        """Values in the form in which the states were given."""
        if self._keys is not None:
            return dict(zip(self._keys, values, strict=True))
        if not self._joint:
            return values[0]
        make = getattr(type(self._form), "_make", type(self._form))  # a named tuple keeps its names
        return make(values)

    def _refuse(self, what: str, cure: str) -> RightHandSideError:
        trace = current_trace()
        return RightHandSideError(
            f"{self.stepper}: {what}",
            where=self._place if trace is None else str(trace.here),
            cure=cure,
            stepper=self.stepper,
        )

    def _check_states(self) -> None:
        if not self.start:
            raise self._refuse("there are no states.", "Give one value, or a tuple or dict of values.")
        for number, value in enumerate(self.start):
            if value is None or isinstance(value, str | list | tuple | Mapping) or callable(value):
                name = number if self._keys is None else repr(self._keys[number])
                raise self._refuse(
                    f"state {name} is {value!r}, which is no value of a state.",
                    "Give the values themselves: rk4_step(f, (self.x.value, self.y.value)).",
                )

    def _places(self) -> list[str]:
        """What to call each state in messages, unless f has names for them: its key or its place."""
        if self._keys is not None:
            return [str(key) for key in self._keys]
        return [f"state {number}" for number in range(len(self.start))] if self._joint else [""]

    def _parts(self, result: Any) -> list[Any]:
        """What f returned, one value for each state."""
        if not self._joint:
            if isinstance(result, list | tuple | Mapping):
                raise self._refuse(
                    f"the right-hand side returns {len(result)} values, but there is one state.",
                    "Give the states of coupled equations together: rk4_step(f, (x, y)).",
                )
            return [result]
        if self._keys is not None:
            if not isinstance(result, Mapping) or set(result) != set(self._keys):
                got = f"the keys {list(result)}" if isinstance(result, Mapping) else _describe(result)
                raise self._refuse(
                    f"the right-hand side returns {got}, but the states are {self._keys}.",
                    "Return a dict with one time derivative for each state.",
                )
            return [result[key] for key in self._keys]
        parts = list(result) if isinstance(result, list | tuple) else None
        if parts is None and len(self.start) == 1 and not isinstance(result, Mapping):
            return [result]
        if parts is None or len(parts) != len(self.start):
            got = _describe(result) if parts is None else f"{len(parts)} values"
            raise self._refuse(
                f"the right-hand side returns {got}, but there are {len(self.start)} states.",
                "Return a tuple with one time derivative for each state, in their order.",
            )
        return parts

    def _check_slope(self, slope: Any, value: Any, name: str) -> Any:
        """The slope, after checking its unit against that of the value over time."""
        trace = current_trace()
        if slope is None or isinstance(slope, list | tuple | Mapping | str):
            raise self._refuse(
                f"the right-hand side{f' of {name}' if name else ''} is {slope!r}.",
                "Return one time derivative for each state; a function without return gives None.",
            )
        if trace is not None:
            node = as_node(trace, slope)
            note_slope(trace, node)
            self._check_unit(trace.node(node).dimension, trace.node(as_node(trace, value)).dimension, name)
            return Traced(trace, node)
        self._check_unit(split(slope)[1], split(value)[1], name)
        return slope

    def _check_unit(self, got: Dimension, state: Dimension, name: str) -> None:
        if got is ANY or state is ANY or got == state / TIME:
            return
        trace = current_trace()
        raise DimensionError(
            f"{self.stepper}: the right-hand side{f' of {name}' if name else ''} is in {got}, but the time derivative "
            f"of a variable in {state} must be in {state / TIME}.",
            where=self._place if trace is None else str(trace.here),
            cure=f"Make it a rate of change in {state / TIME}; often a division by a time constant is missing.",
            stepper=self.stepper,
            got=got,
            state=state,
            name=name,
        )

    def _caller(self, f: Any, args: tuple[Any, ...]) -> _Call:
        if not isinstance(f, list | tuple | Mapping):
            return self._caller_of(f, args)
        if not self._joint or len(f) != len(self.start) or (self._keys is not None) != isinstance(f, Mapping):
            raise self._refuse(
                f"{len(f)} right-hand sides are given for {len(self.start)} states of another form.",
                "Give one function for all states, or one for each, both as tuples or both as dicts.",
            )
        calls = [self._caller_of(part, args) for part in _values(f)]
        if isinstance(f, Mapping):
            named = dict(zip(f, calls, strict=True))
            return lambda values, stage: {key: call(values, stage) for key, call in named.items()}
        return lambda values, stage: tuple(call(values, stage) for call in calls)

    def _caller_of(self, f: Any, args: tuple[Any, ...]) -> _Call:
        """The first way of calling f that fills exactly what it asks for; else the first that it can take at all."""
        if not callable(f):
            raise self._refuse(
                f"the right-hand side is {f!r}, which is no function.", "Give a function that returns the derivatives."
            )
        parameters = _parameters(f)
        if parameters is None:
            return lambda values, stage: f(*values, *(_at_stage(arg, stage) for arg in args))
        further: list[_Source] = [("argument", number) for number in range(len(args))]
        each: list[_Source] = [("state", number) for number in range(len(self.start))]
        ways = [_arrange(parameters, [*each, *further], {})]
        if self._joint:
            ways.append(_arrange(parameters, [("states", 0), *further], {}))
        if self._keys is not None:
            ways[0] = _arrange(parameters, further, dict(zip(self._keys, each, strict=True)))
        way = next((way for way in ways if way is not None and way.exact), ways[0] or ways[-1])
        if way is None:
            states = "one state" if len(self.start) == 1 else f"{len(self.start)} states"
            extra = f" and {len(args)} further argument{'s' * (len(args) > 1)}" * bool(args)
            raise self._refuse(
                f"the right-hand side takes {inspect.signature(f)}, but it is called with {states}{extra}.",
                "Write it as a function of all states, then of the further arguments; one called t is given the time.",
            )
        if self._keys is None and way is ways[0] and len(self.start) > 1:
            self._names = [name for name, (kind, _number) in way.places if kind == "state"]

        def call(values: list[Any], stage: float) -> Any:
            def value(kind: str, number: int) -> Any:
                if kind == "time":
                    return _stage_time(stage)
                if kind == "argument":
                    return _at_stage(args[number], stage)
                return values[number] if kind == "state" else self.result(values)

            found = [(name, value(*source)) for name, source in way.places]
            return f(*(x for _name, x in found[: way.positional]), **dict(found[way.positional :]))

        return call


@dataclass(frozen=True, slots=True)
class _Way:
    """What the arguments of a right-hand side are given.

    Parameters
    ----------
    places : tuple of (str, source)
        Name of the argument, and the state, all states, further argument or time that it is given.
    positional : int
        How many of them are given by their place; the others by their name.
    exact : bool
        Whether the values fill just the arguments without a default.
    """

    places: tuple[tuple[str, _Source], ...]
    positional: int
    exact: bool


def _arrange(parameters: list[inspect.Parameter], sources: list[_Source], keyed: dict[Any, _Source]) -> _Way | None:
    """How a function takes some values by place and others by name, and the time if it has a t left; None if not."""
    free = [p for p in parameters if p.kind in _POSITIONAL and p.name not in keyed]
    required = [p.name for p in free if p.default is p.empty]
    timed = "t" in required and len(required) > len(sources)
    left, known = list(sources), dict(keyed)
    placed: list[tuple[str, _Source]] = []
    named: list[tuple[str, _Source]] = []
    for p in parameters:
        by_place = p.kind in _POSITIONAL
        if p.name in known and p.kind is not p.POSITIONAL_ONLY:
            named.append((p.name, known.pop(p.name)))
        elif p.name == "t" and (timed if by_place else p.kind is p.KEYWORD_ONLY and p.default is p.empty):
            (placed if by_place and not keyed else named).append((p.name, ("time", 0)))
        elif by_place and left:
            (named if keyed else placed).append((p.name, left.pop(0)))
        elif p.kind is p.VAR_POSITIONAL and not keyed:
            placed += [(f"{p.name}[{number}]", source) for number, source in enumerate(left)]
            left = []
        elif p.kind is p.VAR_KEYWORD:
            named, known = [*named, *known.items()], {}
        elif p.default is p.empty and p.kind is not p.VAR_POSITIONAL:
            return None
    exact = len(required) - timed == len(sources)
    return None if left or known else _Way((*placed, *named), len(placed), exact)


def _values(form: Any) -> list[Any]:
    return list(form.values()) if isinstance(form, Mapping) else list(form)


def _describe(result: Any) -> str:
    return "one value" if not isinstance(result, Mapping) else f"a dict of {list(result)}"


def _parameters(f: Any) -> list[inspect.Parameter] | None:
    """Parameters of a function; None where Python does not tell them."""
    try:
        return list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None


def _stage_time(stage: float) -> Any:
    """The time of a stage: that of the step's start and a part of the step."""
    start = environ.get("t")
    return start if stage == 0.0 else start + stage * environ.get_dt()


def _at_stage(argument: Any, stage: float) -> Any:
    """A further argument of a stage: a delayed read is read there, all else is held constant."""
    ahead = getattr(argument, "ahead", None)
    return argument if ahead is None else ahead(stage)
