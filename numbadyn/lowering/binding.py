"""What stages ask when their rows are filled: where things lie, once a network is bound to numbers.

In: nothing.  Out: `Binding`, which the runtime implements.  Must not know: targets, how memory is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.spaces import Order
from numbadyn.ir.synapses import PostRows
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import SlotRow

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.stages.loop import Instance

__all__ = ["Binding", "EventPlace"]


class EventPlace(NamedTuple):
    """Where the events of a channel lie: first index, first count, number of slots."""

    events: int
    counts: int
    depth: int


class Binding(Protocol):
    """A program in memory."""

    @property
    def program(self) -> Program:
        """What is bound."""

    @property
    def real(self) -> np.dtype[Any]:
        """Dtype of reals in memory."""

    def start(self, buffer: Buffer) -> int:
        """First element of a buffer."""

    def slot(self, view: BufferView) -> SlotRow:
        """What rows say of a view."""

    def events(self, channel: int) -> EventPlace:
        """Where the events of a channel lie."""

    def values_of(self, channel: int) -> int:
        """First element of the history of a channel; 0 where it has none."""

    def lag(self, node: int | None) -> int:
        """Delay steps that a node stands for."""

    def scalar(self, key: int) -> Any:
        """Value of a run constant, or a stream (see `Instance.scalars`)."""

    def synapses(self, connection: int) -> Any:
        """Synapse table of a connection."""

    def post_rows(self, connection: int) -> PostRows:
        """Synapses of a connection by postsynaptic neuron."""

    def places(self, connection: int, order: Order) -> NDArray[np.uint32] | None:
        """Where states of synapses lie, in the order in which a loop meets them; None where they lie in this order."""

    def gap(self, connection: int) -> int:
        """Elements between two rows of states of synapses."""

    def doubts(self, connection: int) -> int:
        """Address where loops count values that are not finite of states of synapses; 0 where nobody looks there."""

    def train(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Steps and elements of given spikes."""

    def address(self, array: Any) -> int:
        """Address of an array, which is kept alive."""

    def add_term(self, row: list[int], delays: NDArray[Any], n_synapses: int) -> None:
        """Append a row to the table of synaptic terms, whose synapses have these delays."""

    def term_count(self) -> int:
        """Rows of that table so far."""

    def merged(
        self, connections: tuple[int, ...], shifts: tuple[int, ...]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Offsets and targets of the joint rows of several connections."""

    def may_wait(self, instance: Instance, kernel: int) -> bool:
        """Whether stores of a loop that nobody reads in between may be left out until the end of a chunk."""

    def owner(self, buffer: Buffer) -> int:
        """Number of the owner of the first element of a buffer."""

    def owner_of_instance(self, instance: Instance) -> int:
        """Number of the owner of the first element that a loop runs over."""

    def adjoins(self, first: int, size: int, second: int) -> bool:
        """Whether elements of owners from `second` on can be treated as following `size` elements from `first` on."""
