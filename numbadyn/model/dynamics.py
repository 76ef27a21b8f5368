"""`Dynamics`, the base of neurons, synapses and every other dynamical system.

In: a size, hooks and inputs that others register.  Out: one call a step: before-hooks, `update`, after-hooks.  Must not
know: projections, targets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import HookArgumentError
from numbadyn.model.delays import OutputDelayAt, Prefetch, PrefetchDelayAt, latest_output, note_output
from numbadyn.model.describe import Describer
from numbadyn.model.geometry import as_size
from numbadyn.model.hooked import HookedModule
from numbadyn.model.hooks import call, wants_input, wants_output
from numbadyn.model.inputs import InputRegistry
from numbadyn.model.module import Module, missing_attributes_explained
from numbadyn.model.order import calling
from numbadyn.model.values import stepping
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import Dimension

__all__ = ["Dynamics", "Neuron", "Synapse"]


class Dynamics(HookedModule):
    """Base class of dynamical systems: states over a population, hooks, inputs and delayed references.

    Parameters
    ----------
    in_size : int or sequence of int
        Geometry of the population.
    name : str, optional
        Name shown in messages and results.

    Attributes
    ----------
    in_size, out_size : tuple of int
        Geometry of the population and of its output.

    Raises
    ------
    SizeError
        The size is empty, not whole or not positive.

    Notes
    -----
    In a step, projections run first, then dynamics, then other modules. A call runs the before-hooks in the order of
    their registration, then `update`, then the after-hooks.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> class Decay(nd.Dynamics):
    ...     def init_state(self):
    ...         self.x = nd.State(1.0)
    ...     def update(self):
    ...         self.x.value = nd.exp_euler_step(lambda x: -x / (10 * ms), self.x.value)
    ...         return self.x.value
    >>> decay = nd.init_all_states(Decay(2))
    >>> with nd.environ.context(dt=10 * ms):
    ...     print(decay().round(6))
    [0.367879 0.367879]
    """

    def __init__(self, in_size: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.in_size = as_size(in_size, name or type(self).__name__)
        self._out_size = self.in_size
        self._currents = InputRegistry(self, "current")
        self._deltas = InputRegistry(self, "delta")

    # ---- geometry ----------------------------------------------------------------------------------------------------

    @property
    def out_size(self) -> tuple[int, ...]:
        """Geometry of the output, the same as `in_size` unless it is set."""
        return self._out_size

    @out_size.setter
    def out_size(self, size: Any) -> None:
        self._out_size = as_size(size, f"{self.path}.out_size")

    @property
    def varshape(self) -> tuple[int, ...]:
        """Shape of the population's variables."""
        return self.in_size

    @property
    def size(self) -> tuple[int, ...]:
        """Geometry, the same as `varshape`."""
        return self.in_size

    @property
    def num(self) -> int:
        """Number of neurons in all."""
        return int(np.prod(self.in_size))

    # ---- inputs ------------------------------------------------------------------------------------------------------

    @property
    def current_inputs(self) -> InputRegistry:
        """Registered current inputs."""
        return self._currents

    @property
    def delta_inputs(self) -> InputRegistry:
        """Registered delta inputs."""
        return self._deltas

    def add_current_input(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a current: a callable (kept) or an array (used by the next update).

        A simulator takes arrays from hooks and projections, which give them anew in each step; one that is registered
        before it would act once and is refused.

        Parameters
        ----------
        key : hashable
            Name of the input.
        inp : callable or array
            A callable gets the arguments of `sum_current_inputs`, usually the membrane potential.
        label : str, optional
            Group of inputs that can be summed apart.

        Raises
        ------
        InputKeyError
            The key is taken.
        """
        self._currents.add(key, inp, label)

    def add_delta_input(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a jump: a callable (kept) or an array (used by the next update). See `add_current_input`."""
        self._deltas.add(key, inp, label)

    def sum_current_inputs(
        self,
        init: Any,
        *args: Any,
        label: str | None = None,
        pop: bool = True,
        dimension: Dimension | None = None,
        **kwargs: Any,
    ) -> Any:
        """Sum of the current inputs.

        Parameters
        ----------
        init : number, array, traced value or None
            Where the sum starts; gives its unit. None starts with the first input, and gives None if there is none.
        *args
            Passed to inputs that are callables, usually the membrane potential.
        label : str, optional
            Only the inputs of this label.
        pop : bool
            Whether arrays are used up; else they stay for the next sum.
        dimension : Dimension, optional
            What the inputs must measure where `init` is None, so that a wrong one is named: ``self.drive.dimension``.
        **kwargs
            Passed to inputs that are callables.
        """
        return self._currents.sum(init, args, label, kwargs, pop=pop, dimension=dimension)

    def sum_delta_inputs(
        self,
        init: Any,
        *args: Any,
        label: str | None = None,
        pop: bool = True,
        dimension: Dimension | None = None,
        **kwargs: Any,
    ) -> Any:
        """Sum of the delta inputs, as `sum_current_inputs`."""
        return self._deltas.sum(init, args, label, kwargs, pop=pop, dimension=dimension)

    def get_input(self, key: str) -> Any:
        """The current or delta input of this key.

        Raises
        ------
        InputKeyError
            There is none.
        """
        deltas, currents = self._deltas.keys(), self._currents.keys()  # registries are no dicts: no `in` of their own
        registry = self._deltas if key in deltas and key not in currents else self._currents
        return registry.get(key)

    def wiring(self) -> list[object]:
        """Parameters, hooks and inputs."""
        inputs = [*self._currents.values(), *self._deltas.values()]
        return [*super().wiring(), *self._before.values(), *self._after.values(), *inputs]

    # ---- what hangs on this module -----------------------------------------------------------------------------------

    def children(self) -> Iterator[tuple[str, Module]]:
        """Child modules with their names: attributes, then what hooks and inputs carry."""
        yield from super().children()
        taken: Counter[str] = Counter()
        for holder in (*self._before.values(), *self._after.values(), *self._currents.values(), *self._deltas.values()):
            for part in (holder,) if isinstance(holder, Module) else tuple(getattr(holder, "modules", ())):
                taken[type(part).__name__] += 1
                number = taken[type(part).__name__]
                yield type(part).__name__ + (f"_{number}" if number > 1 else ""), part

    def align_pre(self, dyn: Any) -> Any:
        """Step a module after each update, with the output of this one: a synapse on the presynaptic side.

        Parameters
        ----------
        dyn : Dynamics or Describer
            An instance, or what ``Cls.desc(...)`` gives; describers of equal content share one instance.

        Returns
        -------
        Dynamics
            The module that is stepped.

        Raises
        ------
        HookArgumentError
            `dyn` is neither.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> neurons = nd.LIF(3)
        >>> neurons.align_pre(nd.Expon.desc(tau=5 * ms)) is neurons.align_pre(nd.Expon.desc(tau=5 * ms))
        True
        """
        if not isinstance(dyn, Dynamics | Describer):
            raise HookArgumentError(
                f"{self.path}.align_pre is given {dyn!r}.",
                where=self.path,
                cure="Give a Dynamics, or describe one: Expon.desc(tau=5*ms).",
            )
        key = ("align_pre", dyn.key if isinstance(dyn, Describer) else id(dyn))
        if key not in self._after:
            made = dyn.make(self.out_size) if isinstance(dyn, Describer) else dyn
            made.driven = True
            self._after[key] = _Fed(made)
        hook = self._after[key]
        assert isinstance(hook, _Fed)
        return hook.modules[0]

    # ---- references --------------------------------------------------------------------------------------------------

    def prefetch(self, item: str) -> Prefetch:
        """Reference to a state or attribute that may not exist yet.

        Parameters
        ----------
        item : str
            Name of the attribute.

        Returns
        -------
        Prefetch
            Call it for the value.
        """
        return Prefetch(self, item)

    def prefetch_delay(
        self, state: str, *time_and_index: Any, init: Any = None, interpolation: Any = None, **kwargs: Any
    ) -> PrefetchDelayAt:
        """Reference to a state some time ago.

        Parameters
        ----------
        state : str
            Name of the state.
        *time_and_index : delay, then indices
            How long ago, and the elements to read, by NumPy's rules for ``history[steps, *indices]``.
        init : number, array, quantity, Initialiser or callable, optional
            History before the start; the state's first value by default.
        interpolation : str or callable, optional
            Method between steps; by default delays are rounded up to whole steps.
        **kwargs
            ``update_every``, ``update_strategy``, ``max_delay``; all arguments are those of `PrefetchDelayAt`.

        Returns
        -------
        PrefetchDelayAt
            Call it for the value. Read before the owner's update in step n it gives x[n-1-d], after it x[n-d].

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> cells = nd.LIF(3)
        >>> each_at_its_own = cells.prefetch_delay("V", [1, 2, 3] * ms, [0, 1, 2])
        """
        return PrefetchDelayAt(self, state, *time_and_index, init=init, interpolation=interpolation, **kwargs)

    def output_delay(
        self, *time_and_index: Any, init: Any = None, interpolation: Any = None, **kwargs: Any
    ) -> OutputDelayAt:
        """Reference to the output of `update` some time ago (zero before the start). See `prefetch_delay`."""
        return OutputDelayAt(self, *time_and_index, init=init, interpolation=interpolation, **kwargs)

    def observe(self, name: str, value: Any) -> Any:
        """Give a value that `update` computes a name under which it can be recorded.

        Parameters
        ----------
        name : str
            Name for `Simulator.record`. What hooks return is named so already: ``before_updates[key]`` and
            ``after_updates[key]``.
        value : array, quantity or traced value
            Any value of the step; None and tuples are passed through unnamed.

        Returns
        -------
        same as value
            The value itself.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> class Watched(nd.LIF):
        ...     def update(self):
        ...         self.observe("distance", self.V_th - self.V.value)
        ...         return super().update()
        >>> cell = Watched(1)
        >>> sim = nd.Simulator(cell, dt=1 * ms, target="interpret")
        >>> sim.record(cell, "distance")
        >>> sim.run(1 * ms)[cell].distance
        array([[10.]]) * mV
        """
        trace = current_trace()
        if trace is not None and isinstance(value, Traced):
            trace.probe(self.path, name, value.checked(trace))
        return value

    # ---- the step ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One time step with its hooks; arguments are those of `update`."""
        trace = current_trace()
        if trace is None:
            with stepping(self.varshape), missing_attributes_explained(), calling(self):
                return self._step(args, kwargs)
        outermost = not trace.notes.get("inside", False)
        trace.notes["inside"] = True
        if outermost:
            trace.step.order.append((self.path, "dynamics"))
        try:
            named = trace.module(self.path, self.varshape, outermost=outermost)
            with named, missing_attributes_explained(), calling(self):
                return self._step(args, kwargs)
        finally:
            trace.notes["inside"] = not outermost

    def _step(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for key, hook in list(self._before.items()):
            given = (args, kwargs) if wants_input(hook) else ((), {})
            self.observe(f"before_updates[{key}]", call(hook, *given, f"before-hook {key!r}", self.path))
        output = call(self.update, args, kwargs, "update", self.path)
        self._currents.end_update()
        self._deltas.end_update()
        note_output(self, output)
        for key, hook in list(self._after.items()):
            given = ((output,) if wants_output(hook) else ()), {}
            self.observe(f"after_updates[{key}]", call(hook, *given, f"after-hook {key!r}", self.path))
        return output

    @classmethod
    def desc(cls, *args: Any, **kwargs: Any) -> Describer:
        """Describe an instance that a projection will make, so that equal ones are made once.

        Parameters
        ----------
        *args, **kwargs
            Those of the class, without the size.

        Returns
        -------
        Describer
        """
        return Describer(cls, args, kwargs)


class _Fed:
    """After-hook that steps a module with the output."""

    def __init__(self, module: Dynamics) -> None:
        self.modules = (module,)

    def __call__(self, output: Any) -> Any:
        return self.modules[0](output)


class Neuron(Dynamics):
    """Base class of spiking neurons: `update` returns a Boolean vector of spikes."""

    def get_spike(self) -> Any:
        """The latest spikes: of the last step before this neuron's update in a step, of this step after it."""
        return latest_output(self)


class Synapse(Dynamics):
    """Base class of synapse models: `update` returns the conductance or current.

    Attributes
    ----------
    post_alignable : bool
        Whether the model is linear in its delta inputs, so that one instance on the postsynaptic side may serve all
        presynaptic neurons.
    """

    post_alignable: ClassVar[bool] = False

    def use_unit(self, unit: Any) -> None:
        """Learn the unit of the weights that will arrive; models without a unit of their own take it over.

        Parameters
        ----------
        unit : quantities.Quantity or float
            One of it; 1.0 where weights are plain numbers.
        """
