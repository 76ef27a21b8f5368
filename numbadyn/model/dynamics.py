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
from numbadyn.model.hooks import OwnHook, call, carried, wants_input, wants_output
from numbadyn.model.module import Module, missing_attributes_explained
from numbadyn.model.order import calling
from numbadyn.model.population import Population
from numbadyn.model.stepping import entering
from numbadyn.model.streams import drawing, words_of
from numbadyn.model.view import View, choose_view
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced

__all__ = ["Dynamics", "Neuron", "Synapse"]


class Dynamics(Population):
    """Base class of dynamical systems: states over a population, hooks, inputs and delayed references.

    Parameters
    ----------
    in_size : int or sequence of int
        Geometry of the population.
    name : str, optional
        Name shown in messages and results.

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

    #: Whether `update` returns spikes, which is what those see who read its output before it has run.
    spiking: ClassVar[bool] = False

    def attached_modules(self) -> Iterator[tuple[str, Module]]:
        """Modules that hooks and inputs carry."""
        taken: Counter[str] = Counter()
        for holder in (*self._before.values(), *self._after.values(), *self._currents.values(), *self._deltas.values()):
            for part in _parts(holder):
                taken[type(part).__name__] += 1
                number = taken[type(part).__name__]
                yield type(part).__name__ + (f"_{number}" if number > 1 else ""), part

    def described_modules(self) -> Iterator[tuple[str, Module]]:
        """Modules that are shared by description, and those of hooks and inputs that users have given a key."""
        registered: list[Any] = [*self._before.values(), *self._after.values()]
        for hook in registered:
            for part in hook.modules if isinstance(hook, OwnHook) and hook.described else ():
                yield f"{type(part).__name__} of {hook.described}", part
        hooks = ((key, hook) for hooks in (self._before, self._after) for key, hook in hooks.items())
        inputs = (item for kind in (self._currents, self._deltas) for item in kind.given_by_users())
        for key, holder in (*hooks, *inputs):
            for part in _parts(holder) if isinstance(key, str) else ():
                yield f"{type(part).__name__} under {key!r}", part

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
                dyn=dyn,
            )
        key = ("align_pre", dyn.key if isinstance(dyn, Describer) else id(dyn))
        if key not in self._after:
            made = dyn.make(self.out_size) if isinstance(dyn, Describer) else dyn
            made.driven = True
            self._after[key] = _Fed(made, dyn.words if isinstance(dyn, Describer) else "")
        hook = self._after[key]
        assert isinstance(hook, _Fed)
        return hook.modules[0]

    def __getitem__(self, key: Any) -> View:
        """Some of its neurons, for projections, inputs and recordings.

        Parameters
        ----------
        key : int, slice, array of int or bool, or tuple of them
            By NumPy's rules for an array of the shape `varshape`.

        Returns
        -------
        View

        Raises
        ------
        ViewError
            The index is empty, out of range, names a neuron twice, or is no index.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF((4, 5))
        >>> cells[0].varshape, cells[:, 3].elements.tolist()
        ((5,), [3, 8, 13, 18])
        """
        return choose_view(self, np.arange(self.num).reshape(self.varshape), key)

    def prefetch(self, item: str) -> Prefetch:
        """Reference to a state or attribute that may not exist yet.

        Parameters
        ----------
        item : str
            Name of the attribute.

        Returns
        -------
        Prefetch
            Call it for the value, of the attribute's shape and unit.

        Raises
        ------
        UnknownStateError
            The name is no text or empty; on call: there is no attribute of this name.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> cells = nd.LIF(2, V_initializer=nd.init.Constant(-60 * mV))
        >>> potential = cells.prefetch("V")  # there is no V yet
        >>> late = potential.delay.at(5 * ms)
        >>> _ = nd.init_all_states(cells)
        >>> print(potential())
        [-60. -60.] mV
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
            Call it for the value.

        Raises
        ------
        UnknownStateError
            The name is no text or empty; on call: there is no state of this name.
        DelayError, DimensionError, ShapeError
            The delay is none, or does not fit; see `PrefetchDelayAt`.

        Notes
        -----
        Read before the owner's update in step n it gives x[n-1-d], after it x[n-d].

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> cells = nd.LIF(3, V_initializer=nd.init.Constant(-60 * mV))
        >>> each_at_its_own = cells.prefetch_delay("V", [1, 2, 3] * ms, [0, 1, 2])
        >>> _ = nd.init_all_states(cells)
        >>> with nd.environ.context(dt=0.1 * ms):
        ...     print(each_at_its_own())
        [-60. -60. -60.] mV
        """
        return PrefetchDelayAt(self, state, *time_and_index, init=init, interpolation=interpolation, **kwargs)

    def output_delay(
        self, *time_and_index: Any, init: Any = None, interpolation: Any = None, **kwargs: Any
    ) -> OutputDelayAt:
        """Reference to the output of `update` some time ago.

        Parameters
        ----------
        *time_and_index, init, interpolation, **kwargs
            As of `prefetch_delay`; the history before the start is zero (no spikes) by default.

        Returns
        -------
        OutputDelayAt
            Call it for the value, of the shape `out_size` unless elements are chosen.

        Raises
        ------
        DelayError, DimensionError, ShapeError
            The delay is none, or does not fit; see `PrefetchDelayAt`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> late = nd.LIF(3).output_delay(1.5 * ms)
        >>> with nd.environ.context(dt=0.1 * ms):
        ...     print(late())
        [False False False]
        """
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
            trace.probe(self.path, name, value.node_in(trace))
        return value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One time step with its hooks.

        Parameters
        ----------
        *args, **kwargs
            Those of `update`; before-hooks that ask for them get them too.

        Returns
        -------
        Any
            What `update` returns; after-hooks get it too.

        Raises
        ------
        HookArgumentError
            `update` or a hook does not take the arguments.

        Notes
        -----
        Before-hooks in the order of their registration, `update`, the samples of histories, after-hooks.

        Examples
        --------
        >>> import numbadyn as nd
        >>> class Double(nd.Dynamics):
        ...     def update(self, x):
        ...         return 2 * x
        >>> double = Double(1)
        >>> double.add_before_update("first", lambda: print("before"))
        >>> double.add_after_update("last", lambda out: print("after", out))
        >>> double(4)
        before
        after 8
        8
        """
        with entering(self, "dynamics", self.varshape), missing_attributes_explained(), calling(self):
            return self._step(args, kwargs)

    def _step(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for key, hook in list(self._before.items()):
            given = (args, kwargs) if wants_input(hook) else ((), {})
            self._run_hook("before", key, hook, *given)
        output = call(self.update, args, kwargs, "update", self.path)
        self._currents.end_update()
        self._deltas.end_update()
        note_output(self, output)
        for key, hook in list(self._after.items()):
            self._run_hook("after", key, hook, (output,) if wants_output(hook) else (), {})
        return output

    def _run_hook(self, when: str, key: Any, hook: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Call a hook, whose draws are its own, and name what it gives."""
        with drawing(self, f"{when}-hook {words_of(key)}"):
            given = call(hook, args, kwargs, f"{when}-hook {key!r}", self.path)
        self.observe(f"{when}_updates[{key}]", given)

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


def _parts(holder: Any) -> tuple[Module, ...]:
    """Modules that a hook or an input carries."""
    return (holder,) if isinstance(holder, Module) else carried(holder)


class _Fed(OwnHook):
    """After-hook that steps a module with the output."""

    kind = "fed"

    def __init__(self, module: Dynamics, described: str) -> None:
        self.modules = (module,)
        self.described = described

    def __call__(self, output: Any) -> Any:
        return self.modules[0](output)


class Neuron(Dynamics):
    """Base class of spiking neurons: `update` returns a Boolean vector of spikes."""

    spiking: ClassVar[bool] = True

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
