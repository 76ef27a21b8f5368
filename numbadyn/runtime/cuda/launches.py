"""Ways to make a GPU run many steps: one kernel that stays there, graphs of single kernels, or single kernels.

In: the kernels of a generated module.  Out: launches.  Must not know: what the kernels compute.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from types import ModuleType
from typing import Any, Literal

from numbadyn.errors import InternalError
from numbadyn.runtime.cuda.device import Device

__all__ = ["Launches", "Way", "launches_of"]

_GRAPH_STEPS, _GRAPHS, _BLOCK = 32, 8, 128
_WORK_OF_BLOCK, _MANY_REPLICAS = 1 << 14, 128
"""Work that a block alone does about as quickly as launches of more blocks begin; replicas that fill a device."""

Way = Literal["persistent", "graph", "single"]


class Launches(ABC):
    """What all ways have in common.

    Parameters
    ----------
    device : Device
        Where.
    module : module
        Generated; its kernels are attributes.
    names : list of str
        Kernels of one step, in order.
    work : int
        For how many threads a step of one replica has work.
    replicas : int
        Number of replicas, each with blocks of its own.
    """

    def __init__(self, device: Device, module: ModuleType, names: list[str], work: int, replicas: int = 1) -> None:
        self.device, self.module, self.names, self.work, self.replicas = device, module, names, work, replicas

    @abstractmethod
    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run from the step of the clock on, at most `most` steps and not beyond `last`."""

    def gather(self, logs: Any, packed: Any) -> None:
        """Put the spikes of all replicas behind each other, so that one copy brings them."""
        self.device.launch(self.module.gather, _BLOCK, (logs, packed), together=False, replicas=self.replicas)


class PersistentLaunches(Launches):
    """One kernel runs all steps; its threads wait for each other on the device."""

    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run steps by one launch."""
        self.device.launch(self.module.run, self.work, (last, most, dt, directory, logs, clock), together=True)


class BlockLaunches(Launches):
    """One kernel runs all steps; each replica has a block, whose threads wait for each other."""

    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run steps by one launch."""
        arguments = (last, most, dt, directory, logs, clock)
        self.device.launch_block_each(self.module.run_replicas, self.work, arguments, replicas=self.replicas)


class SingleLaunches(Launches):
    """A launch for each phase of each step."""

    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run steps, kernel by kernel; those behind an early end do nothing."""
        self._begin(last, most, logs, clock)
        for _ in range(most):
            self._step((dt, directory, logs, clock))

    def _begin(self, last: int, most: int, logs: Any, clock: Any) -> None:
        arguments = (last, most, logs, clock)
        self.device.launch(self.module.begin, 1, arguments, together=False, replicas=self.replicas)

    def _step(self, arguments: tuple[Any, ...], on: Any = None) -> None:
        for name in self.names:
            work = 1 if name == "tick" else self.work
            kernel = getattr(self.module, name)
            self.device.launch(kernel, work, arguments, together=False, on=on, replicas=self.replicas)


class GraphLaunches(SingleLaunches):
    """The launches of some steps, recorded once as a graph and then repeated as a whole."""

    def __init__(self, device: Device, module: ModuleType, names: list[str], work: int, replicas: int = 1) -> None:
        super().__init__(device, module, names, work, replicas)
        # with a graph live its arguments, so that no other array can be where one of them was
        self._graphs: dict[tuple[float, ...], tuple[Any, tuple[Any, ...]]] = {}
        self._stream: Any = None

    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run steps by repeating a graph; the steps of it that are too many do nothing."""
        if self.device.simulated:
            super().launch(last, most, dt, directory, logs, clock)
            return
        self._begin(last, most, logs, clock)
        arguments = (dt, directory, logs, clock)
        key = (dt, *map(self.device.address, (directory, logs, clock)))
        if key not in self._graphs:
            # kernels have to be compiled and loaded before a capture; this runs the first step
            self._step(arguments)
            if len(self._graphs) >= _GRAPHS:
                self.device.synchronize()
                self._graphs.clear()
            self._graphs[key] = (self._captured(arguments), arguments)
        with self.device.watched():
            for _ in range(-(-most // _GRAPH_STEPS)):
                self._graphs[key][0].launch(self._stream)

    def _captured(self, arguments: tuple[Any, ...]) -> Any:
        from cuda.core import Device as CoreDevice  # not at the top: it comes with numba-cuda

        with self.device.watched():
            if self._stream is None:
                core = CoreDevice()
                core.set_current()
                self._stream = core.create_stream(self.device.stream)
            builder = self._stream.create_graph_builder().begin_building()
            with self.device.freeing_nothing():
                try:
                    for _ in range(_GRAPH_STEPS):
                        self._step(arguments, on=builder)
                    return self._completed(builder)
                finally:
                    # ends a capture that is under way, without which the stream could not be used any more
                    with suppress(Exception):
                        builder.close()

    @staticmethod
    def _completed(builder: Any) -> Any:
        try:
            return builder.end_building().complete()
        except RuntimeError as error:
            raise InternalError(
                f"The steps could not be recorded as a graph: {error}",
                where="Simulator(launch='graph')",
                cure="Take launch='persistent', which needs no graph, and please report this.",
            ) from error


def launches_of(
    way: Way, device: Device, module: ModuleType, names: list[str], work: int, replicas: int = 1
) -> Launches:
    """The way of this name.

    Parameters
    ----------
    way : {"persistent", "graph", "single"}
        Name.
    device, module, names, work, replicas
        See `Launches`.

    Returns
    -------
    Launches

    Notes
    -----
    A kernel that stays on the device has one block for each replica of a batch. A few large replicas would leave most
    of the device idle then, so these are run by graphs of launches that fill it.
    """
    if way == "persistent" and replicas > 1:
        block_each = work <= _WORK_OF_BLOCK or replicas >= _MANY_REPLICAS
        return (BlockLaunches if block_each else GraphLaunches)(device, module, names, work, replicas)
    kinds: dict[Way, type[Launches]] = {
        "persistent": PersistentLaunches,
        "graph": GraphLaunches,
        "single": SingleLaunches,
    }
    return kinds[way](device, module, names, work, replicas)
