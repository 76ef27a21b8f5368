"""Mirrors: where compiled code keeps what lies in a memory, if that is not the memory itself.

In: memories of replicas.  Out: their content as the code has left it, and the way back.  Must not know: programs'
stages, how steps are run.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from numbadyn.lowering.buffers import Buffer
from numbadyn.runtime.memory import Memory

__all__ = ["Mirror"]


class Mirror:
    """No mirror: the code works in the memory."""

    def latest(self, memory: Memory, buffer: Buffer) -> NDArray[Any]:
        """The elements of a buffer, as the compiled code has left them."""
        return memory.view(buffer)

    def changed(self, memory: Memory, buffer: Buffer) -> None:
        """Let the compiled code see what was written to a buffer."""

    def forget(self) -> None:
        """Let the compiled code see all memory anew."""

    def fetch_histories(self, memory: Memory) -> None:
        """Bring histories and events, as the compiled code has left them."""

    def store_histories(self, memory: Memory) -> None:
        """Let the compiled code see histories and events that were written."""
