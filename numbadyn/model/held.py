"""Who holds the value of a state now: the state itself, or the simulator that has moved it last.

In: a simulator that says that it does.  Out: the simulator, as long as it lives.  Must not know: how values are kept.
"""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from numbadyn.errors import NotInitialisedError
from numbadyn.model.stepping import find_population_stepped
from numbadyn.model.variable import Variable

__all__ = ["Held", "Holder"]


class Holder(Protocol):
    """What holds values: a simulator."""

    def get(self, module: Any, variable: str) -> Any:
        """Present value, with its unit."""

    def set(self, module: Any, variable: str, value: Any) -> None:
        """Overwrite the present value."""


class Held(Variable):
    """A variable whose value a simulator may hold."""

    _holder: weakref.ref[Holder] | None = None

    def hold(self, holder: weakref.ref[Holder] | None) -> None:
        """Say who holds the value from now on; None stands for the variable itself."""
        self._holder = holder

    def living_holder(self) -> Holder | None:
        """The simulator that holds the value; None if there is none, or none any more, or in an eager step."""
        return None if self._holder is None or find_population_stepped() is not None else self._holder()

    def holder(self) -> Holder | None:
        """The simulator that holds the value; None if the variable does.

        Raises
        ------
        NotInitialisedError
            The simulator is gone, and the value with it.
        """
        found = self.living_holder()
        if found is None and self._holder is not None and find_population_stepped() is None:
            raise NotInitialisedError(
                f"The value of {self.path} was held by a simulator, which is gone.",
                where=self.path,
                cure="Keep the simulator as long as its values are wanted, or call nd.reset_all_states(net) for first "
                "values.",
                path=self.path,
            )
        return found

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        make, arguments, content = super().__reduce_ex__(protocol)
        return make, arguments, {key: value for key, value in content.items() if key != "_holder"}
