"""References for users: to states and attributes that may not exist yet, and to values some time ago.

In: a module, a name, a delay.  Out: on call, the value; the rule of delays stands in `numbadyn.model.delays`.  Must not
know: projections, buffers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import (
    LateDelayError,
    ShapeError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.ir.nodes import BindContext
from numbadyn.model import environ
from numbadyn.model.delays import (
    Source,
    checked_delay,
    default_template,
    delay_steps,
    first_values,
    full_name,
    past_value,
)
from numbadyn.model.describe import content_key
from numbadyn.model.history import History, eager_histories
from numbadyn.model.init import Initialiser
from numbadyn.tracing.trace import current_trace
from numbadyn.units import join_eager, split

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics

__all__ = ["OutputDelayAt", "Prefetch", "PrefetchDelay", "PrefetchDelayAt", "init_maybe_prefetch"]


class Prefetch:
    """Reference to a state or attribute of a module that may not exist yet.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the attribute.
    """

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, item

    @property
    def delay(self) -> PrefetchDelay:
        """The same item some time ago: ``ref.delay.at(5*ms)``."""
        return PrefetchDelay(self.module, self.item)

    def get_item(self) -> Any:
        """The attribute itself.

        Raises
        ------
        UnknownStateError
            There is none of this name.
        """
        found = getattr(self.module, self.item, None)
        if found is None:
            known = ", ".join(self.module.states()) or "none"
            raise UnknownStateError(
                f"{self.module.path} has no attribute {self.item!r} yet.",
                where=self.module.path,
                cure=f"Call nd.init_all_states(net) first; its states are: {known}.",
            )
        return found

    def get_item_value(self) -> Any:
        """The attribute's value."""
        item = self.get_item()
        return item.value if hasattr(item, "__traced_value__") else item

    def __call__(self) -> Any:
        """The attribute's value."""
        return self.get_item_value()


class PrefetchDelay:
    """Reference to an item of a module, still without the delay.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the state.
    """

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, item

    def at(self, *time_and_index: Any, init: Any = None, interpolation: str | None = None) -> PrefetchDelayAt:
        """The item some time ago. Arguments as of `Dynamics.prefetch_delay`."""
        return PrefetchDelayAt(self.module, self.item, *time_and_index, init=init, interpolation=interpolation)


class _At:
    """A read of the past of one module."""

    item = ""

    def __init__(self, module: Dynamics, time_and_index: tuple[Any, ...], init: Any, interpolation: str | None) -> None:
        from_tuple = len(time_and_index) == 1 and isinstance(time_and_index[0], tuple | list)
        parts = tuple(time_and_index[0]) if from_tuple else time_and_index
        self.module = module
        self.init = init
        where = full_name(module, self.item or "output")
        if interpolation is not None:
            raise UnsupportedFeatureError(
                f"interpolation={interpolation!r}: delays are whole steps.",
                where=where,
                cure="Leave interpolation out.",
            )
        self.times = checked_delay(parts[0] if parts else None, where)
        self.index = self._checked_index(parts[1:], where)
        if self.times is not None and self.times.ndim and self.index is None:
            raise UnsupportedFeatureError(
                f"{self.times.size} delays without elements.",
                where=where,
                cure="Give the elements too: one delay for each neuron is `delay, np.arange(n)`.",
            )
        self._check_built(where)
        eager_histories(module).setdefault(self.item, History()).register(self)
        if self.times is not None:
            module.__dict__.setdefault("_delay_times", {}).setdefault(self.item, []).append(self.times)

    def _checked_index(self, parts: tuple[Any, ...], where: str) -> NDArray[np.int64] | None:
        if not parts:
            return None
        index = np.asarray(parts[0])
        size = math.prod(self.module.out_size)
        if len(parts) > 1 or index.dtype.kind not in "iu" or (index < 0).any() or (index >= size).any():
            raise ShapeError(
                f"The elements {parts!r} do not index a population of {size}.",
                where=where,
                cure="Give one array of flat indices, each at least 0 and below the size.",
            )
        return index.astype(np.int64)

    def _check_built(self, where: str) -> None:
        built = self.module.__dict__.get("_built")
        if built is None or self.times is None:
            return
        longest, dt = built.get(self.item, 0), built["dt"]
        if int(np.max(delay_steps(self.times, dt))) > longest:
            raise LateDelayError(
                f"A delay of {float(np.max(self.times)):g} ms is registered after the network was built; "
                f"its buffer holds {longest * dt:g} ms.",
                where=where,
                cure="Register all delays before nd.Simulator(...), or make the network anew.",
            )

    def __call__(self) -> Any:
        source = Source(self.module, self.item, "" if self.init is None else repr(content_key(self.init)))
        trace = current_trace()
        if trace is not None:
            return past_value(trace, source, self.times, self.index, self.init)
        return self._eager(source)

    def _eager(self, source: Source) -> Any:
        histories = eager_histories(self.module)
        history = histories.setdefault(self.item, History())
        init = self.init
        if init is None:
            if self.item:
                state = self.module.state(self.item)
                init = join_eager(state.initial(BindContext(0.0, self.module.seed_of_build)), state.dimension)
                if not history.samples and (self.times is None or not self.times.any()):
                    return state.value
            else:
                init = np.zeros(
                    self.module.out_size, dtype=bool if default_template(self.module).kind == "bool" else float
                )
        else:
            shape = tuple(self.module.varshape if self.item else self.module.out_size)
            dimension = (
                init.dimension if isinstance(init, Initialiser) else split(init(shape) if callable(init) else init)[1]
            )
            first = first_values(source, init, dimension, shape)
            init = join_eager(np.asarray(first(BindContext(0.0, self.module.seed_of_build))), dimension)
        if self.times is None:
            return history.sample(self, 0, init)
        steps = delay_steps(self.times, environ.eager_dt())
        if self.index is None:
            return history.sample(self, int(steps), init)
        steps, elements = np.broadcast_arrays(steps, self.index)
        parts = [
            split(np.ravel(history.sample(self, int(s), init))[int(i)])
            for s, i in zip(steps.ravel(), elements.ravel(), strict=True)
        ]
        return join_eager(np.array([m for m, _d in parts]).reshape(steps.shape), parts[0][1])


class PrefetchDelayAt(_At):
    """A state some time ago; call it for the value.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the state.
    *time_and_index : quantities.Quantity, array of int
        The delay, and the elements to read.
    init : number, array, quantity, optional
        History before the start.
    interpolation : None
        Delays are whole steps.

    Raises
    ------
    DelayError
        Negative or not finite.
    DimensionError, UnitExpectedError
        Not a time.
    LateDelayError
        The network has been built and the buffer is shorter.
    """

    def __init__(
        self, module: Dynamics, item: str, *time_and_index: Any, init: Any = None, interpolation: str | None = None
    ) -> None:
        self.item = item
        super().__init__(module, time_and_index, init, interpolation)


class OutputDelayAt(_At):
    """The output of a module's update some time ago; call it for the value. See `PrefetchDelayAt`."""

    def __init__(
        self, module: Dynamics, *time_and_index: Any, init: Any = None, interpolation: str | None = None
    ) -> None:
        super().__init__(module, time_and_index, init, interpolation)


def init_maybe_prefetch(target: Any) -> None:
    """Resolve a `Prefetch` now, so that a missing attribute is reported; do nothing for anything else."""
    if isinstance(target, Prefetch):
        target.get_item()
