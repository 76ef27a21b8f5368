"""Provenance of what a simulator does: versions, structure, parameters, seeds, machine, times.

In: a simulator, and how a run ended.  Out: a `Provenance` that is worked out when somebody looks.  Must not know: what
becomes of it.

For each run only references are taken; the rest waits, so that short runs do not pay for it.
"""

from __future__ import annotations

import functools
import platform
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from numbadyn._version import __version__
from numbadyn.io.provenance import Provenance
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.ir.structure import structure_hash
from numbadyn.model.module import Module
from numbadyn.model.variable import changes
from numbadyn.runtime.engine import RunOutcome
from numbadyn.runtime.host import probe_host, versions
from numbadyn.simulator.assembly import Assembly
from numbadyn.simulator.described import Described, Taken, describe_value
from numbadyn.units import TIME, join

__all__ = ["Chronicle", "machine_entries", "version_entries"]

_FORMAT = 1
_PACKAGES = ("numba", "llvmlite", "numpy", "quantities")


class Chronicle:
    """Writes down what a simulator is and what it has done.

    Parameters
    ----------
    network : Module
        The network.
    simulator : Assembly
        Its simulator.
    """

    def __init__(self, network: Module, simulator: Assembly) -> None:
        kind = type(network)
        self.structure = structure_hash(simulator.step)
        self._described = Described(network, simulator.step)
        self._lags, self._delays = _lags(simulator.step), (-1, dict[str, Any]())
        device = getattr(simulator._device, "name", None)
        self._facts = {
            "network": {
                "name": simulator.step.name,
                "class": f"{kind.__module__}.{kind.__qualname__}",
                "structure": self.structure,
            },
            "device": {} if device is None else {"device": str(device)},
        }

    def note(self, simulator: Assembly, outcome: RunOutcome | None = None) -> Provenance:
        """Write down what the simulator is now, and how a run of it ended.

        Parameters
        ----------
        simulator : Assembly
            The same simulator as ever.
        outcome : RunOutcome, optional
            Of a run that has just ended.

        Returns
        -------
        Provenance
        """
        run = {} if outcome is None else _run(outcome, simulator.context.dt)
        seconds = {**simulator.seconds, **({} if outcome is None else {"run": outcome.seconds})}
        taken = self._described.take(simulator._weights.given)
        delays = self._delays_now(simulator.context)
        return Provenance(
            functools.partial(_entries, self._facts, _settings(simulator), taken, delays, {**run, "seconds": seconds})
        )

    def _delays_now(self, context: BindContext) -> dict[str, Any]:
        """Delays with which the past of something is read; found anew when a value of a model has changed."""
        if self._delays[0] != changes():
            found: dict[str, list[Any]] = {}
            for name, fetch in self._lags:
                found.setdefault(name, []).append(np.unique(fetch(context)) * context.dt)
            delays = {name: join(np.unique(np.concatenate(parts)), TIME) for name, parts in found.items()}
            self._delays = changes(), delays
        return self._delays[1]


def _lags(step: Step) -> list[tuple[str, Any]]:
    """What is read with a delay that is bound, and what gives this delay in steps; of each pair one."""
    found = {}
    for node in step.nodes:
        lag = step.nodes[node.args[0]] if node.traits.from_past and node.args else None
        if lag is not None and lag.traits.parameter and not lag.literal:
            name = step.channels[node.attrs["channel"]].name
            found[name, lag.attrs["index"]] = step.params[lag.attrs["index"]].fetch
    return [(name, fetch) for (name, _number), fetch in found.items()]


def _settings(simulator: Assembly) -> dict[str, Any]:
    """What a simulator was made with."""
    context, contexts = simulator.context, simulator._contexts
    batch = (
        {}
        if context.replica is None
        else {
            "replicas": len(contexts),
            "seeds": [each.seed for each in contexts],
            "shared_connectivity": simulator._shared,
            "varied": {name: list(of_each) for name, of_each in simulator._varied.items()},
        }
    )
    drawn = [each.seed for each in simulator._built_with]
    kept = {} if drawn == [each.seed for each in contexts] else {"connectivity_seeds": drawn}
    return {
        "dt": join(context.dt, TIME),
        "seed": context.seed,
        **batch,
        **kept,
        "target": simulator.target,
        "precision": simulator.precision,
        "threads": simulator.threads,
        "delays": context.delays,
        "reproducible": simulator.reproducible,
    }


def _entries(
    facts: Mapping[str, Any],
    settings: Mapping[str, Any],
    taken: Taken,
    delays: Mapping[str, Any],
    run: Mapping[str, Any],
) -> dict[str, Any]:
    """All entries, as plain data."""
    return {
        "format": _FORMAT,
        "network": dict(facts["network"]),
        "simulation": {name: _in_full(value) for name, value in settings.items()},
        "run": describe_value(run),
        "parameters": describe_value(dict(taken.parameters)),
        "connections": describe_value(dict(taken.connections)),
        "delays": describe_value(delays),
        "versions": version_entries(),
        "machine": {**machine_entries(), **facts["device"]},
    }


def _in_full(value: Any) -> Any:
    """A setting; what there is of each replica is never shortened."""
    if isinstance(value, Mapping):
        return {name: _in_full(part) for name, part in value.items()}
    return [describe_value(part) for part in value] if isinstance(value, list) else describe_value(value)


def _run(outcome: RunOutcome, dt: float) -> dict[str, Any]:
    """When a run was made, what part of the simulated time it is, and how it ended."""
    started = datetime.fromtimestamp(time.time() - outcome.seconds, UTC)
    return {
        "started": started.isoformat(timespec="milliseconds"),
        "from": join(outcome.first * dt, TIME),
        "to": join(outcome.reached * dt, TIME),
        "steps": outcome.reached - outcome.first,
        "ended": outcome.why,
    }


def version_entries() -> dict[str, str]:
    """Versions of this package, of Python and of what decides over results, as plain data."""
    found = _installed()
    return {"numbadyn": __version__, "python": platform.python_version(), **found}


@functools.cache
def _installed() -> dict[str, str]:
    return {name: version for name, version in versions((*_PACKAGES, "numba-cuda")).items() if version is not None}


@functools.cache
def machine_entries() -> dict[str, Any]:
    """The machine that this process runs on, as plain data."""
    host = probe_host()
    return {
        "name": platform.node(),
        "system": host.system,
        "processor": host.processor,
        "cores": host.cores,
        "usable_cores": host.usable,
        "simd": list(host.simd),
    }
