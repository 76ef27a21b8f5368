"""Samples of states that steps leave as they are: what these are as of now is found while the network stands still.

In: a machine, logs.  Out: logs with these samples.  Must not know: targets, what logs are for.
"""

from __future__ import annotations

from collections.abc import Sequence

from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.visitors import Visitor

__all__ = ["HeldSampler"]


class HeldSampler(Visitor):
    """Takes the samples that are due before a step, as machines take those of other states.

    Parameters
    ----------
    machine : Machine
        What is run.
    logs : sequence of Logs
        One a replica.
    """

    def __init__(self, machine: Machine, logs: Sequence[Logs]) -> None:
        self._machine = machine
        self._logs = [
            (replica, log)
            for replica, own in zip(machine.replicas, logs, strict=True)
            for log in own.samples
            if replica.holds(log)
        ]

    def begin(self, first: int, stop: int) -> None:
        """Take what is due before the first step."""
        self.visit(self._machine.number)

    def next_stop(self, number: int) -> int | None:
        """The step before which the next sample is due."""
        return min((log.next_step for _replica, log in self._logs), default=None)

    def visit(self, number: int) -> str | None:
        """Take the samples that are due now."""
        for replica, log in self._logs:
            if log.next_step == number:
                log.extend(replica.now(log.index, log.elements)[None])
        return None
