"""Runs that say what their time was spent on.

In: a machine that has read clocks, how the run ended.  Out: a `Profile`.  Must not know: how time is measured.
"""

from __future__ import annotations

from numbadyn.errors import UnsupportedFeatureError
from numbadyn.io.profile import Profile
from numbadyn.runtime.engine import RunOutcome
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.targets import TARGETS

__all__ = ["check_profile", "profile_of"]


def check_profile(target: str) -> None:
    """Refuse a target whose machines cannot say what time is spent on."""
    if not TARGETS[target].profiles:
        able = " or ".join(repr(name) for name, row in TARGETS.items() if row.profiles)
        raise UnsupportedFeatureError(
            f"A profile of a run is what target={target!r} does not have yet.",
            where="Simulator.run(profile=True)",
            cure=f"Choose {able}; on a GPU, launch='single' and a profiler of the device show each kernel.",
            target=target,
        )


def profile_of(machine: Machine, outcome: RunOutcome) -> Profile:
    """The profile of a run: what the machine says, and the time in which it stood still."""
    spent = machine.spent()
    rest = outcome.seconds - sum(part.seconds for part in spent)
    return Profile([*spent, ("between chunks", "", max(0.0, rest))])
