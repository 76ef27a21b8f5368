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

_GRAPH_STEPS, _GRAPHS = 32, 8

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
        For how many threads a step has work.
    """

    def __init__(self, device: Device, module: ModuleType, names: list[str], work: int) -> None:
        self.device, self.module, self.names, self.work = device, module, names, work

    @abstractmethod
    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run from the step of the clock on, at most `most` steps and not beyond `last`."""


class PersistentLaunches(Launches):
    """One kernel runs all steps; its threads wait for each other on the device."""

    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run steps by one launch."""
        self.device.launch(self.module.run, self.work, (last, most, dt, directory, logs, clock), together=True)


class SingleLaunches(Launches):
    """A launch for each phase of each step."""

    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run steps, kernel by kernel; those behind an early end do nothing."""
        self.device.launch(self.module.begin, 1, (last, most, logs, clock), together=False)
        for _ in range(most):
            self._step((dt, directory, logs, clock))

    def _step(self, arguments: tuple[Any, ...], on: Any = None) -> None:
        for name in self.names:
            work = 1 if name == "tick" else self.work
            self.device.launch(getattr(self.module, name), work, arguments, together=False, on=on)


class GraphLaunches(SingleLaunches):
    """The launches of some steps, recorded once as a graph and then repeated as a whole."""

    def __init__(self, device: Device, module: ModuleType, names: list[str], work: int) -> None:
        super().__init__(device, module, names, work)
        # with a graph live its arguments, so that no other array can be where one of them was
        self._graphs: dict[tuple[float, ...], tuple[Any, tuple[Any, ...]]] = {}
        self._stream: Any = None

    def launch(self, last: int, most: int, dt: float, directory: Any, logs: Any, clock: Any) -> None:
        """Run steps by repeating a graph; the steps of it that are too many do nothing."""
        if self.device.simulated:
            super().launch(last, most, dt, directory, logs, clock)
            return
        self.device.launch(self.module.begin, 1, (last, most, logs, clock), together=False)
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


def launches_of(way: Way, device: Device, module: ModuleType, names: list[str], work: int) -> Launches:
    """The way of this name.

    Parameters
    ----------
    way : {"persistent", "graph", "single"}
        Name.
    device, module, names, work
        See `Launches`.

    Returns
    -------
    Launches
    """
    kinds: dict[Way, type[Launches]] = {
        "persistent": PersistentLaunches,
        "graph": GraphLaunches,
        "single": SingleLaunches,
    }
    return kinds[way](device, module, names, work)
