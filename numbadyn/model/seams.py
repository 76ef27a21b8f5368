"""The two places where a lower layer calls a higher one: the text of a network, and the builders of synapse tables.

In: nothing.  Out: functions of higher layers, imported by name when they are first called.  Must not know: what they
do.  Nothing else in the package may import upwards.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["explain_network", "table_builder"]


@functools.cache
def _function(module: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def explain_network(network: Any, dt: Any) -> str:
    """Say in words what a step of a network does; see `numbadyn.simulator.explaining.explain_network`."""
    text: str = _function("numbadyn.simulator.explaining", "explain_network")(network, dt)
    return text


def table_builder() -> Callable[..., Any]:
    """What makes synapse tables on this computer; see `numbadyn.runtime.on_demand.build`."""
    return _function("numbadyn.runtime.on_demand", "build")
