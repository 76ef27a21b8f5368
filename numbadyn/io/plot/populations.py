"""Which populations of a result are drawn, and by which names.

In: what the user gives.  Out: modules or paths by name.  Must not know: how they are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numbadyn.errors import InvalidParameterError, RecordingError
from numbadyn.io.recordings import Result

__all__ = ["named_populations", "require_one_trial", "require_result"]


def named_populations(result: Result, populations: Any) -> dict[str, Any]:
    """Give populations by the names that the picture shows; by default all whose spikes were recorded."""
    require_result(result)
    if populations is None:
        recorded = [name for name, recording in result.recordings.items() if recording.events is not None]
        if not recorded:
            raise RecordingError(
                "There are no spikes to draw.",
                where="nd.plot",
                cure="Call sim.record(module, spikes=True) before the run.",
            )
        return {_short(name, recorded): name for name in recorded}
    if isinstance(populations, Mapping):
        return dict(populations)
    listed = populations if isinstance(populations, Sequence) and not isinstance(populations, str) else [populations]
    return {getattr(one, "path", str(one)): one for one in listed}


def _short(name: str, names: list[str]) -> str:
    """A path without what all of them begin with."""
    parts = name.split(".")
    common = all(other.split(".")[0] == parts[0] for other in names)
    return ".".join(parts[1:]) if common and len(parts) > 1 else name


def require_result(result: Any) -> None:
    """Refuse what is no result."""
    if not isinstance(result, Result):
        raise InvalidParameterError(
            f"{result!r} is no result of a run.",
            where="nd.plot",
            cure="Give what sim.run(...) returns, then the populations.",
            result=result,
        )


def require_one_trial(result: Result, what: str) -> None:
    """Refuse a batch where a picture has room for one trial."""
    require_result(result)
    if result.batch is not None:
        raise RecordingError(
            f"{what} shows one trial, but this is a batch of {result.batch}.",
            where="nd.plot",
            cure="Draw one of them: result.replica(0), or one that has what you look for: result.sel(tau=10*ms).",
            batch=result.batch,
        )
