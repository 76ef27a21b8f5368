"""The mirror of a memory on a GPU: the arenas of all replicas there, and their way back and forth.

In: memories of replicas, a device.  Out: arrays on the device, and what the code there has left in them.  Must not
know: programs' stages, how steps are run.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from numbadyn.lowering.buffers import Buffer
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.memory import Arenas, Memory
from numbadyn.runtime.mirror import Mirror

__all__ = ["DeviceMirror"]


class DeviceMirror(Mirror):
    """Copies of the arenas on a device.

    Parameters
    ----------
    device : Device
        Where.

    Attributes
    ----------
    there : dict
        Name of an arena -> array on the device; empty as long as the memory itself holds what is true.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self.there: dict[str, Any] = {}

    def fill(self, arenas: Arenas) -> None:
        """Copy all arenas to the device, unless they are there."""
        for name, array in arenas.arrays.items():
            if name not in self.there:
                self.there[name] = self.device.to_device(array)

    def latest(self, memory: Memory, buffer: Buffer) -> NDArray[Any]:
        """The elements of a buffer, as the compiled code has left them."""
        view, (name, start) = memory.view(buffer), memory.place(buffer)
        if self.there:
            view[:] = self.device.read(self.there[name], start, view.size)
        return view

    def changed(self, memory: Memory, buffer: Buffer) -> None:
        """Let the compiled code see what was written to a buffer."""
        if self.there:
            name, start = memory.place(buffer)
            self.device.write(self.there[name], memory.view(buffer), start)

    def forget(self) -> None:
        """Let the compiled code see all memory anew."""
        self.there.clear()

    def fetch_histories(self, memory: Memory) -> None:
        """Bring histories and events, as the compiled code has left them."""
        for buffer in memory.layout.rings.values():
            self.latest(memory, buffer)
        for name, array in _events(memory).items():
            if name in self.there:
                array[:] = self.device.read(self.there[name], memory.begins[name], array.size)

    def store_histories(self, memory: Memory) -> None:
        """Let the compiled code see histories and events that were written."""
        for buffer in memory.layout.rings.values():
            self.changed(memory, buffer)
        for name, array in _events(memory).items():
            if name in self.there:
                self.device.write(self.there[name], array, memory.begins[name])


def _events(memory: Memory) -> dict[str, NDArray[Any]]:
    return {"E": memory.E, "C": memory.C}
