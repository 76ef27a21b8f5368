"""Poisson noise: the spikes of many independent sources, as jumps of an input or of a state.

In: numbers, rates and weights of the sources.  Out: jumps.  Must not know: which models there are.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, ProjectionTargetError, RateError, ShapeError
from numbadyn.model import environ, random
from numbadyn.model.delays import Prefetch
from numbadyn.model.group import Projection
from numbadyn.model.init import Initialiser
from numbadyn.model.ranges import CERTAIN, is_traced, keep_in_range
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter, State
from numbadyn.model.varying import changes, own_source, read_source
from numbadyn.model.view import view_of
from numbadyn.projections.base import check_post, serial
from numbadyn.projections.conductances import check_jump
from numbadyn.projections.jumps import choose_neurons, jumps_of
from numbadyn.projections.poisson_arguments import check_distribution, convert_jump, convert_mask, whole_number
from numbadyn.tracing.traced import Traced
from numbadyn.units import FREQUENCY, join, join_eager, split

__all__ = ["PoissonInput", "poisson_input"]


_MOST_COUNTS = 1e9
"""The highest mean count that can be drawn."""


class PoissonInput(Projection):
    r"""Independent Poisson sources onto each target neuron, as jumps.

    Parameters
    ----------
    target : Dynamics, View or Prefetch
        A population whose update sums its delta inputs; or one of its states, ``E.prefetch("g")``, which then jumps at
        the start of each update of its owner, after all projections have read it. Of a part of a population,
        ``E[:80]`` or ``E[:80].prefetch("g")``, these neurons alone.
    indices : array of int or bool, slice, or tuple of them, optional
        Which neurons are targets, by NumPy's rules for an array of the shape of the target; all by default. `freq` and
        `weight` may then have one value for each of them.
    num_input : int
        Number of sources of each target neuron.
    freq : quantities.Quantity, array or Initialiser; or what changes in time
        Rate of each source, one value or one for each target neuron; or a function of the time, rows of values, a
        source or a reference to a state, as `PoissonGroup` takes them.
    weight : quantities.Quantity
        Height of the jump that a spike makes, in the unit of what jumps (mV for a `LIF`).
    label, name : str, optional
        As in `AlignPostProj`.
    distribution : {"poisson", "binomial"}
        Of the number of spikes that all sources of a neuron fire in a step: that of Poisson processes, each of which
        may fire several times in a step; or that of the members of a `PoissonGroup`, each of which fires once or not.

    Raises
    ------
    InvalidParameterError
        `distribution` is another; `num_input` is negative or not whole, `freq` is negative, one of them or `weight` is
        missing, or a neuron is named twice in `indices`.
    ShapeError
        `indices` reach beyond the population, or `freq` or `weight` fit neither them nor the population.
    RateError
        More than 1e9 spikes a step and neuron are expected, or, where counts are binomial, more than one of each
        source, or more than 1e9 sources are asked for; when a run begins. A rate that changes is negative, or so high;
        in the step in which it is.
    DimensionError
        `freq` is no rate.
    NegativeConductanceError
        When it runs: `weight` is negative, but what jumps is a conductance.
    ProjectionTargetError
        `target` is not a `Dynamics` or a reference to a state; or, while tracing, its update sums no delta inputs.

    Notes
    -----
    The number of spikes of each step is drawn from a Poisson distribution with the mean
    :math:`num\_input \cdot freq \cdot \Delta t`, anew for each neuron: exactly that of `num_input` independent Poisson
    sources, at any step. With ``distribution="binomial"`` it is drawn from `num_input` trials with the chance
    :math:`p = freq \cdot \Delta t`, exactly and at the same cost for any number of sources: what as many members of a
    `PoissonGroup` bring, and what ``PoissonInput`` of Brian2 is. The mean is the same, the variance is 1 - p times that
    of Poisson counts.

    Like every projection it runs before all dynamics of a step, so the jumps of step n take part in the update of step
    n.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, mV
    >>> E = nd.LIF(100)
    >>> noise = nd.PoissonInput(E, num_input=1000, freq=20 * Hz, weight=0.1 * mV)
    >>> first_ten = nd.PoissonInput(E.prefetch("V"), slice(10), num_input=80, freq=20 * Hz, weight=1 * mV)
    """

    def __init__(
        self,
        target: Any,
        indices: Any = None,
        num_input: ParameterLike | None = None,
        freq: ParameterLike | None = None,
        weight: ParameterLike | None = None,
        label: str | None = None,
        name: str | None = None,
        distribution: Literal["poisson", "binomial"] = "poisson",
    ) -> None:
        super().__init__(name)
        self.distribution = check_distribution(distribution, self.path)
        self._post = check_post(target.module if isinstance(target, Prefetch) else target, self.path)
        self._post.arriving_projections.add(self)
        self.varshape = self._post.varshape
        part = view_of(target)
        self._part = part if part is None or indices is None else part[indices]
        if self._part is not None:
            chosen: NDArray[np.bool_] | None = self._part.mask
        else:
            chosen = None if indices is None else choose_neurons(indices, self.varshape, self.path)
        count = whole_number(num_input, self.path)
        for what, given in (("freq", freq), ("weight", weight)):
            if given is None:
                raise InvalidParameterError(
                    f"{what} of {self.path} is missing.",
                    where=self.path,
                    cure="Give num_input=1000, freq=20*Hz and weight=0.1*mV, for example.",
                    subject=what,
                    path=self.path,
                )
        self.num_input = Parameter(count if chosen is None else count * chosen, negative=False)
        if changes(freq):
            self.freq = own_source(freq, self.varshape, f"{self.path}(freq)")
        else:
            self.freq = Parameter(
                self._spread(freq, chosen), unit=join(1.0, FREQUENCY), negative=False, check=self._must_fit
            )
        self.weight = Parameter(self._spread(weight, chosen), check=self._must_conduct)
        self.label = label
        self._into_state = isinstance(target, Prefetch)
        self._spare_key = f"{self.path} {serial()}"
        self._jumps = jumps_of(self._post, target.item) if isinstance(target, Prefetch) else None

    def _must_fit(self, freq: NDArray[Any], context: Any) -> None:
        """Refuse more spikes a step than can be counted."""
        if self.distribution == "binomial":
            self._must_be_chances(freq, context)
        mean = self.num_input.fetch(context) * freq * context.dt
        if np.max(mean, initial=0.0) > _MOST_COUNTS:
            raise RateError(
                f"{self.path} is to draw {float(np.max(mean)):.3g} spikes a step and neuron, "
                f"but at most {_MOST_COUNTS:.0e} can be counted.",
                where=self.path,
                cure="Check num_input and the unit of freq, or give the mean as a current.",
                found=float(np.max(mean)),
                most=_MOST_COUNTS,
            )

    def _must_be_chances(self, freq: NDArray[Any], context: Any) -> None:
        """Refuse rates that one spike a step of each source cannot carry, and more sources than can be counted."""
        highest, most = float(np.max(freq, initial=0.0)), int(np.max(self.num_input.fetch(context), initial=0))
        if highest * context.dt > CERTAIN:
            raise RateError(
                f"{self.path} has sources of {join(highest, FREQUENCY)}; with one spike a step of {context.dt:g} ms "
                f"the highest rate is {join(float(f'{1.0 / context.dt:.6g}'), FREQUENCY)}.",
                where=f"{self.path}.freq",
                cure="Take a smaller step, or distribution='poisson', whose sources may fire several times in a step.",
                found=highest,
            )
        if most > _MOST_COUNTS:
            raise RateError(
                f"{self.path} has {most:.3g} sources for a neuron, but at most {_MOST_COUNTS:.0e} can be counted.",
                where=f"{self.path}.num_input",
                cure="Take distribution='poisson': so many sources differ from it by nothing that could be seen.",
                found=most,
            )

    def _must_conduct(self, weight: NDArray[Any], _context: Any) -> None:
        """Refuse jumps that would make a conductance negative."""
        check_jump(weight, self.weight.dimension, self._post, self._into_state, self.path)

    @property
    def post(self) -> Any:
        """The population of the target."""
        return self._post

    def _rate(self) -> Any:
        """The rate of each source in this step; a run ends where one that changes has no meaning."""
        if not changes(self.freq):
            return self.freq
        rate = read_source(self.freq, self.varshape)
        if is_traced():
            mean = self.num_input * rate * environ.get_dt()
            keep_in_range(mean, 0.0, _MOST_COUNTS, f"{self.path}.freq", "mean count", self._left_range)
            if self.distribution == "binomial":
                chance = rate * environ.get_dt()
                keep_in_range(chance, 0.0, CERTAIN, f"{self.path}.freq", "chance", self._left_chances)
                rate = np.minimum(rate, 1.0 / environ.get_dt())
            # so that the run ends with this error, not with what NaN does elsewhere
            rate = np.maximum(rate, 0.0 * rate)
        return rate

    def _left_range(self, step: int, element: int, mean: float, context: Any) -> Exception:
        """The error of a rate that has left its range while the network ran."""
        return RateError(
            f"{self.path} draws {mean:.6g} spikes in step {step} (t = {step * context.dt:g} ms) for neuron {element}.",
            where=f"{self.path}.freq",
            cure=f"Keep the rate at zero or more, np.maximum, and below {_MOST_COUNTS:.0e} spikes a step.",
            found=mean,
        )

    def _left_chances(self, step: int, element: int, chance: float, context: Any) -> Exception:
        """The error of a chance that has left its range while the network ran."""
        return RateError(
            f"{self.path} has sources of {join(chance / context.dt, FREQUENCY)} in step {step} (t = "
            f"{step * context.dt:g} ms) for neuron {element}, which fire once in a step of {context.dt:g} ms.",
            where=f"{self.path}.freq",
            cure="Keep the rate between zero and one spike a step, np.clip, or take distribution='poisson'.",
            found=chance / context.dt,
        )

    def _spread(self, values: Any, chosen: NDArray[np.bool_] | None) -> Any:
        """Give values for the whole population, where there is one for each of the chosen neurons."""
        if chosen is None or isinstance(values, Initialiser | Parameter) or np.ndim(values) == 0:
            return values
        if np.ndim(values) != 1 and (self._part is None or np.shape(values) != self._part.varshape):
            return values
        magnitude, dimension = split(values)
        count, flat = int(chosen.sum()), np.ravel(magnitude)
        if flat.size == count:
            spread = np.zeros(self.varshape)
            spread.reshape(-1)[np.flatnonzero(chosen) if self._part is None else self._part.elements] = flat
            return join_eager(spread, dimension)
        if flat.shape != self.varshape:
            raise ShapeError(
                f"{self.path} has {flat.size} values for {count} chosen neurons of {math.prod(self.varshape)}.",
                where=self.path,
                cure="Give one value, one for each entry of indices in the order of the population, or one for each "
                "neuron of the population.",
                count=count,
            )
        return values

    def update(self) -> None:
        """Draw the spikes of this step and register the jump."""
        jump = _jump(self.num_input, self._rate(), self.weight, self.varshape, self.distribution)
        key = self._path or self._spare_key
        if self._jumps is not None:
            self._jumps.registry.add(key, jump)
        else:
            self._post.add_delta_input(key, jump, self.label)


def poisson_input(
    freq: Any,
    num_input: Any,
    weight: Any,
    target: Any,
    indices: Any = None,
    refractory: Any = None,
    distribution: Literal["poisson", "binomial"] = "poisson",
) -> None:
    r"""Make a state jump by the spikes of Poisson sources, now: for an update that is written by hand.

    Parameters
    ----------
    freq : quantities.Quantity or Parameter
        Rate of each source, one value or one for each neuron.
    num_input : int or Parameter
        Number of sources of each neuron.
    weight : quantities.Quantity or Parameter
        Height of the jump that a spike makes, in the unit of the state.
    target : State or Prefetch
        The state: ``self.V``, or ``E.prefetch("V")`` from outside.
    indices : array of int or bool, slice, or tuple of them, optional
        Which neurons are targets, see `PoissonInput`.
    refractory : array of bool, optional
        Neurons that keep their value.
    distribution : {"poisson", "binomial"}
        Of the number of spikes, see `PoissonInput`. A chance ``freq * dt`` beyond 0 and 1 gives NaN, or in an eager
        call `InvalidParameterError`.

    Raises
    ------
    ProjectionTargetError
        `target` is no state.
    InvalidParameterError, DimensionError, ShapeError
        See `PoissonInput`; `weight` has another unit than the state, or `refractory` is no mask of its shape.

    Notes
    -----
    The number of spikes is drawn as in `PoissonInput`. Each call is a stream of random numbers of its own.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, mV, ms
    >>> class Noisy(nd.Dynamics):
    ...     def init_state(self):
    ...         self.V = nd.State(0 * mV)
    ...     def update(self):
    ...         nd.poisson_input(100 * Hz, 1000, 0.1 * mV, self.V)
    >>> noisy = nd.init_all_states(Noisy(2))
    >>> with nd.environ.context(dt=1 * ms):
    ...     noisy()
    >>> bool((noisy.V.value > 5 * mV).all())
    True
    """
    state = target.get_item() if isinstance(target, Prefetch) else target
    if not isinstance(state, State):
        raise ProjectionTargetError(
            f"The target of poisson_input is {state!r}, which is no State.",
            where="nd.poisson_input",
            cure='Give the state itself, self.V, or a reference to it, E.prefetch("V").',
            state=state,
        )
    check_distribution(distribution, "nd.poisson_input")
    shape = state.varshape
    old = state.value
    number, rate, height = convert_jump(num_input, freq, weight, old)
    part = view_of(target)
    if not isinstance(height, Traced) and state.owner is not None:
        check_jump(np.asarray(split(height)[0]), split(height)[1], state.owner, True, "nd.poisson_input")
    if part is not None:
        number = number * (part if indices is None else part[indices]).mask.astype(float)
    elif indices is not None:
        number = number * choose_neurons(indices, shape, "nd.poisson_input").astype(float)
    new = old + _jump(number, rate, height, shape, distribution)
    state.value = new if refractory is None else np.where(convert_mask(refractory, shape), old, new)


def _jump(num: Any, rate: Any, weight: Any, shape: tuple[int, ...], distribution: str) -> Any:
    """Draw how many spikes come in this step, and give the height of the jump that they make."""
    if distribution == "binomial":
        chance = rate * environ.get_dt()
        chance = np.where(chance < CERTAIN, np.minimum(chance, 1.0), chance)
        return weight * random.binomial(num, chance, size=shape)
    return weight * random.poisson(num * rate * environ.get_dt(), size=shape)
