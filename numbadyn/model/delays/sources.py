"""What may have a past: a state, the output of an update, a value that is handed to a `Delay`.

In: a module and an item.  Out: a `Source`.  Must not know: times, how the past is read.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import SchedulingError
from numbadyn.model.delays.source import Source
from numbadyn.model.delays.windows import Before, Window
from numbadyn.tracing.trace import ANY, Template, Trace
from numbadyn.units import DIMENSIONLESS

__all__ = ["GivenSource", "OutputSource", "StateSource", "default_template"]


class StateSource(Source):
    """A state of a module."""

    def _state(self) -> Any:
        return self.module.state(self.item)

    def template(self, trace: Trace) -> Template:
        """That of the state."""
        spec = self._state().spec()
        return Template(spec.shape, spec.kind, spec.dimension)

    def sampled(self, trace: Trace) -> bool:
        """Whether the owner's update has ended."""
        return id(self.module) in trace.notes.get("outputs", {})

    def state(self, trace: Trace) -> int | None:
        """Its number."""
        state = self._state()
        return trace.state_index(state, state.spec)

    def current(self, trace: Trace) -> int:
        """Its latest version."""
        return self.final(trace)

    def final(self, trace: Trace) -> int:
        """Its last version."""
        index = self.state(trace)
        assert index is not None
        return trace.read(index)

    def unwritten(self, trace: Trace) -> int | None:
        """The state itself, as long as nobody has written it in this step and it begins with its own first value."""
        if self.init is not None:
            return None
        latest = self.final(trace)
        return latest if trace.node(latest).op == "state" else None

    def default_before(self) -> Before:
        """The state's first value."""
        state = self._state()
        return lambda context, _lag: state.initial(context)

    def eager_template(self) -> Template:
        """That of the state."""
        spec = self._state().spec()
        return Template(spec.shape, spec.kind, spec.dimension)

    def eager_now(self) -> Any:
        """The state's value."""
        return self._state().value


def default_template(module: Any) -> Template:
    """What an output looks like as long as nothing is known: spikes of a neuron, reals of anything else."""
    spiking = any(base.__name__ == "Neuron" for base in type(module).__mro__)
    return Template(tuple(module.out_size), "bool" if spiking else "real", DIMENSIONLESS if spiking else ANY)


class OutputSource(Source):
    """What a module's update returns."""

    def __init__(self, module: Any, init: Any, window: Window | None) -> None:
        super().__init__(module, "", init, window)

    def template(self, trace: Trace) -> Template:
        """That of this step's output, or what an earlier recording learnt."""
        node = trace.notes.get("outputs", {}).get(id(self.module))
        if node is not None:
            return Template(trace.node(node).shape, trace.node(node).kind, trace.node(node).dimension)
        learnt: Template | None = trace.templates.get(self.key)
        return default_template(self.module) if learnt is None else learnt

    def sampled(self, trace: Trace) -> bool:
        """Whether the update has ended."""
        return id(self.module) in trace.notes.get("outputs", {})

    def current(self, trace: Trace) -> int:
        """The output of this step."""
        return self.final(trace)

    def final(self, trace: Trace) -> int:
        """The output of this step."""
        outputs = trace.notes.get("outputs", {})
        if id(self.module) not in outputs:
            raise SchedulingError(
                f"The output of {self.module.path} is read, but it is never updated in a step.",
                where=self.module.path,
                cure="Make it an attribute of the network, or call it in the network's update.",
            )
        value: int | None = outputs[id(self.module)]
        if value is None:
            raise SchedulingError(
                f"The output of {self.module.path} is read, but its update returns no single array.",
                where=self.module.path,
                cure="Return the output from update.",
            )
        return value

    def eager_template(self) -> Template:
        """That of the last output, or the default."""
        history = self.history
        known = default_template(self.module)
        if not history.samples:
            return known
        last = history.samples[-1]
        kind = "bool" if last.dtype.kind == "b" else "int" if last.dtype.kind in "iu" else "real"
        return Template(known.shape, kind, history.dimension or DIMENSIONLESS)  # type: ignore[arg-type]


class GivenSource(Source):
    """A value that is handed to a `Delay` in each step."""

    def __init__(self, delay: Any, leaf: str, target: Template, init: Any, window: Window | None) -> None:
        super().__init__(delay, leaf, init, window)
        self.target = target

    @property
    def name(self) -> str:
        """Full name."""
        return f"{self.module.path}{'.' if self.item else ''}{self.item}"

    def _given(self, trace: Trace) -> dict[str, int]:
        given: dict[str, int] = trace.notes.get(("given", id(self.module)), {})
        return given

    def template(self, trace: Trace) -> Template:
        """That of the target, with the unit that was written."""
        node = self._given(trace).get(self.item)
        if node is not None:
            return Template(self.target.shape, self.target.kind, trace.node(node).dimension)
        learnt = trace.templates.get(self.key)
        return self.target if learnt is None else Template(self.target.shape, self.target.kind, learnt.dimension)

    def sampled(self, trace: Trace) -> bool:
        """Whether `Delay.update` has been called in this step."""
        return self.item in self._given(trace)

    def current(self, trace: Trace) -> int:
        """What was written."""
        return self.final(trace)

    def final(self, trace: Trace) -> int:
        """What was written."""
        node = self._given(trace).get(self.item)
        if node is None:
            raise SchedulingError(
                f"{self.module.path} is read, but nothing is written to it in a step.",
                where=self.module.path,
                cure="Call its update(value) once in every step.",
            )
        return node

    def eager_template(self) -> Template:
        """That of the target, with the unit that was written last."""
        dimension = self.history.dimension
        return self.target if dimension is None else Template(self.target.shape, self.target.kind, dimension)
