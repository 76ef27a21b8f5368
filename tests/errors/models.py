"""What the tests of mistakes share: a small model with any update, and a look at the three parts of a message."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import NumbadynError

__all__ = ["Net", "build", "model", "refused"]


class Net(nd.DynamicsGroup):
    """Two populations."""

    def __init__(self) -> None:
        super().__init__()
        self.E = nd.LIF(10)
        self.I = nd.LIF(5)


def model(update: Callable[..., Any]) -> Any:
    """A population of four with a voltage V, a counter k, a flag b, and this update."""

    class Model(nd.Neuron):
        def __init__(self) -> None:
            super().__init__(4)
            self.tau = nd.Parameter(10 * ms)
            self.V_th = nd.Parameter(-50 * mV)

        def init_state(self) -> None:
            self.V = nd.State(-60 * mV)
            self.k = nd.State(0)
            self.b = nd.State(False)

    Model.update = update  # type: ignore[method-assign]
    return Model()


def build(network: Any, **options: Any) -> nd.Simulator:
    """A simulator on the interpreter, at 0.1 ms."""
    return nd.Simulator(network, **({"dt": 0.1 * ms, "target": "interpret"} | options))


def refused(action: Callable[[], Any], error: type[NumbadynError], what: str, where: str, cure: str) -> NumbadynError:
    """Call it; it must raise exactly this error, whose three parts hold these texts."""
    with pytest.raises(error) as caught:
        action()
    found = caught.value
    assert type(found) is error
    for part, wanted in ((found.what, what), (found.where, where), (found.cure, cure)):
        assert re.search(wanted, str(part)), f"{wanted!r} is not in {part!r}"
    assert (
        str(found) == f"{found.what}\n" + (f"  where: {found.where}\n" if found.where else "") + f"  cure: {found.cure}"
    )
    return found
