"""Populations: a geometry, and inputs that others register.

In: a size, inputs under keys.  Out: shapes, and the sums of the inputs.  Must not know: the step, references to the
past.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from numbadyn.errors import ShapeError
from numbadyn.model.arrivals import Arrivals
from numbadyn.model.geometry import as_size
from numbadyn.model.hooked import HookedModule
from numbadyn.model.hooks import OwnHook
from numbadyn.model.inputs import InputRegistry
from numbadyn.model.space.positions import as_positions
from numbadyn.model.streams import words_of
from numbadyn.units import Dimension, join

__all__ = ["Population"]


class Population(HookedModule):
    """A module with a geometry and with inputs; the part of `Dynamics` that is no step.

    Parameters
    ----------
    in_size : int or sequence of int
        Geometry of the population.
    name : str, optional
        Name shown in messages and results.
    """

    def __init__(self, in_size: Any, name: str | None = None) -> None:
        super().__init__(name)
        self._in_size = as_size(in_size, name or type(self).__name__)
        self._out_size: tuple[int, ...] | None = None
        self._currents = InputRegistry(self, "current")
        self._deltas = InputRegistry(self, "delta")
        self._positions: Any = None
        #: Projections that end here, in whatever network they stand.
        self.arriving_projections = Arrivals()

    @property
    def in_size(self) -> tuple[int, ...]:
        """Geometry of the population: the lengths of its axes.

        Returns
        -------
        tuple of int
            A whole number stands for one axis. It can be set, as long as no state has been made.

        Raises
        ------
        SizeError
            What is set is empty, not whole or not positive.

        Examples
        --------
        >>> import numbadyn as nd
        >>> nd.LIF(10).in_size, nd.LIF((10, 10)).in_size
        ((10,), (10, 10))
        """
        return self._in_size

    @in_size.setter
    def in_size(self, size: Any) -> None:
        self._in_size = as_size(size, f"{self.path}.in_size")

    @property
    def out_size(self) -> tuple[int, ...]:
        """Geometry of the output: that of the population, unless it is set.

        Returns
        -------
        tuple of int
            Shape of what `update` returns.

        Raises
        ------
        SizeError
            What is set is empty, not whole or not positive.

        Examples
        --------
        >>> import numbadyn as nd
        >>> class Mean(nd.Dynamics):
        ...     def __init__(self, in_size):
        ...         super().__init__(in_size)
        ...         self.out_size = 1
        >>> Mean(5).out_size, nd.LIF(5).out_size
        ((1,), (5,))
        """
        return self._in_size if self._out_size is None else self._out_size

    @out_size.setter
    def out_size(self, size: Any) -> None:
        self._out_size = as_size(size, f"{self.path}.out_size")

    @property
    def varshape(self) -> tuple[int, ...]:
        """Shape of the population's variables.

        Returns
        -------
        tuple of int
            `in_size`; states without a shape of their own have it.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.init_all_states(nd.LIF((2, 3)))
        >>> cells.varshape, cells.V.value.shape
        ((2, 3), (2, 3))
        """
        return self._in_size

    @property
    def size(self) -> tuple[int, ...]:
        """Geometry, another name of `varshape`.

        Returns
        -------
        tuple of int
            A line of neurons has one number, a plane two, a block three.

        Examples
        --------
        >>> import numbadyn as nd
        >>> nd.LIF(10).size, nd.LIF((10, 15, 4)).size
        ((10,), (10, 15, 4))
        """
        return self._in_size

    @property
    def positions(self) -> Any:
        """Where the neurons are: one row for each, in the order of flat indices; None until it is set.

        Returns
        -------
        Quantity or ndarray, shape (num, axes), or None
            ``nd.space`` makes some. ``nd.init.OfDistance`` takes the population in their place.

        Raises
        ------
        ShapeError
            There is not one row for each neuron.
        InvalidParameterError
            A position is not finite.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import um
        >>> cells = nd.LIF((10, 10))
        >>> cells.positions = nd.space.grid(cells.varshape, spacing=20 * um)
        >>> cells.positions.shape, cells[:2].positions[-1]
        ((100, 2), array([ 30., 190.]) * um)
        """
        return self._positions

    @positions.setter
    def positions(self, given: Any) -> None:
        if given is None:
            self._positions = None
            return
        places, dimension = as_positions(given, f"{self.path}.positions")
        if len(places) != self.num:
            raise ShapeError(
                f"{self.path} gets {len(places)} positions, but has {self.num} neurons.",
                where=f"{self.path}.positions",
                cure="Give one row for each neuron, as nd.space.grid(E.varshape, ...) does.",
                count=len(places),
                num=self.num,
            )
        self._positions = join(places, dimension)

    @property
    def num(self) -> int:
        """Number of neurons in all.

        Returns
        -------
        int
            The product of `size`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> nd.LIF(10).num, nd.LIF((10, 15, 4)).num
        (10, 600)
        """
        return int(np.prod(self._in_size))

    @property
    def current_inputs(self) -> InputRegistry:
        """What is registered by `add_current_input`, and by projections.

        Returns
        -------
        InputRegistry
            ``keys()``, ``values()`` and ``items()``; `len` counts. Where projections share a title, its numbers follow
            their names as soon as the network has names (``Expon-COBA``, ``Expon-COBA_2``).

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import pA
        >>> cells = nd.LIF(2)
        >>> cells.add_current_input("drive", lambda V: 5 * pA)
        >>> cells.current_inputs.keys()
        ['drive']
        """
        return self._currents

    @property
    def delta_inputs(self) -> InputRegistry:
        """What is registered by `add_delta_input`.

        Returns
        -------
        InputRegistry
            As `current_inputs`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import mV
        >>> cells = nd.LIF(2)
        >>> cells.add_delta_input("kick", lambda V: 1 * mV, label="fast")
        >>> cells.delta_inputs.keys()
        ['fast // kick']
        """
        return self._deltas

    def add_current_input(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a current: a callable (kept) or an array (used by the next update).

        Parameters
        ----------
        key : hashable
            Name of the input.
        inp : callable or array of shape ``varshape``, in the unit of the sum
            A callable gets the arguments of `sum_current_inputs`, usually the membrane potential.
        label : str, optional
            Group of inputs that can be summed apart.

        Raises
        ------
        InputKeyError
            The key is taken.

        Notes
        -----
        A simulator takes arrays from hooks and projections, which give them anew in each step; one that is registered
        before it would act once and is refused.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import mV, nS, pA
        >>> cells = nd.init_all_states(nd.LIF(2, V_initializer=nd.init.Constant(-60 * mV)))
        >>> cells.add_current_input("leak", lambda V: 0.1 * nS * (-70 * mV - V))
        >>> cells.add_current_input("drive", [3, 4] * pA)
        >>> cells.sum_current_inputs(0 * pA, cells.V.value)
        array([2., 3.]) * pA
        """
        self._currents.add(key, inp, label)

    def add_delta_input(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a jump: a callable (kept) or an array (used by the next update).

        Parameters
        ----------
        key : hashable
            Name of the input.
        inp : callable or array of shape ``varshape``, in the unit of the sum
            As of `add_current_input`.
        label : str, optional
            Group of inputs that can be summed apart.

        Raises
        ------
        InputKeyError
            The key is taken.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import mV
        >>> cells = nd.LIF(2)
        >>> cells.add_delta_input("kick", [1, 2] * mV)
        >>> cells.sum_delta_inputs(0 * mV)
        array([1., 2.]) * mV
        """
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
            Only the inputs of this label; an empty one stands for those without.
        pop : bool
            Whether arrays are used up; else they stay for the next sum.
        dimension : Dimension, optional
            What the inputs must measure where `init` is None, so that a wrong one is named: ``self.drive.dimension``.
        **kwargs
            Passed to inputs that are callables.

        Returns
        -------
        array, traced value or None
            `init` plus every input, in the unit of `init`; sorted by the names of the projections that make them and
            by the keys of others, so that the order of registration changes no bit.

        Raises
        ------
        DimensionError
            An input has another unit; the message names it.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import pA
        >>> cells = nd.LIF(2)
        >>> cells.add_current_input("slow", [1, 2] * pA, label="slow")
        >>> cells.add_current_input("fast", [10, 20] * pA)
        >>> print(cells.sum_current_inputs(0 * pA, label="slow", pop=False))
        [1. 2.] pA
        >>> print(cells.sum_current_inputs(100 * pA))
        [111. 122.] pA
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
        """Sum of the delta inputs.

        Parameters
        ----------
        init, *args, label, pop, dimension, **kwargs
            As of `sum_current_inputs`.

        Returns
        -------
        array, traced value or None
            `init` plus every input, in the unit of `init`.

        Raises
        ------
        DimensionError
            An input has another unit; the message names it.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import mV
        >>> cells = nd.LIF(2)
        >>> cells.add_delta_input("kick", lambda V: 0.5 * V)
        >>> print(cells.sum_delta_inputs(1 * mV, [2, 4] * mV))
        [2. 3.] mV
        """
        return self._deltas.sum(init, args, label, kwargs, pop=pop, dimension=dimension)

    def get_input(self, key: str) -> Any:
        """The current or delta input of this key.

        Parameters
        ----------
        key : str
            Its name; with a label, ``"label // key"``.

        Returns
        -------
        callable or array
            What was registered, a current where there are both.

        Raises
        ------
        InputKeyError
            There is none.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import pA
        >>> cells = nd.LIF(2)
        >>> cells.add_current_input("drive", [1, 2] * pA)
        >>> print(cells.get_input("drive"))
        [1. 2.] pA
        """
        deltas, currents = self._deltas.keys(), self._currents.keys()  # registries are no dicts: no `in` of their own
        registry = self._deltas if key in deltas and key not in currents else self._currents
        return registry.get(key)

    def settle(self) -> None:
        """Bring what projections have registered into the order of their names; what users registered stays in place.

        Hooks of projections change places with their like, so that as many of each kind as before run before each hook
        of a user; those that follow each other directly are sorted.
        """
        renamed = self._currents.settle() | self._deltas.settle()
        for name in ("_before", "_after"):
            hooks = [_rename(pair, renamed) for pair in getattr(self, name).items()]
            kinds = [hook.kind if isinstance(hook, OwnHook) else "" for _key, hook in hooks]
            for kind in set(kinds) - {""}:
                places = [n for n, own in enumerate(kinds) if own == kind]
                for n, pair in zip(places, sorted((hooks[n] for n in places), key=self._place_of_hook), strict=True):
                    hooks[n] = pair
            runs = itertools.groupby(hooks, key=lambda pair: isinstance(pair[1], OwnHook))
            sorted_runs = [sorted(run, key=self._place_of_hook) if settles else list(run) for settles, run in runs]
            setattr(self, name, dict(itertools.chain(*sorted_runs)))

    def _place_of_hook(self, pair: tuple[Any, OwnHook]) -> tuple[str, str, str]:
        """Place of a hook among those of projections."""
        key, hook = pair
        if hook.input_key is not None:
            return (hook.kind, *self._currents.place(hook.input_key))
        parts = [words_of(part._place) for part in hook.modules]
        return hook.kind, hook.described or "".join(parts), words_of(key)

    def wiring(self) -> list[object]:
        """Parameters, hooks and inputs."""
        inputs = [*self._currents.values(), *self._deltas.values()]
        return [*super().wiring(), *self._before.values(), *self._after.values(), *inputs]


def _rename(pair: tuple[Any, Any], new: dict[str, str]) -> tuple[Any, Any]:
    """A hook under its new key, where it serves an input."""
    key, hook = pair
    if not isinstance(hook, OwnHook) or hook.input_key is None:
        return pair
    hook.input_key = new.get(hook.input_key, hook.input_key)
    return (key[0], hook.input_key), hook
