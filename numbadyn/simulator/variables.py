"""Names of what a module of a network has, as users write them.

In: a prepared step, the path of a module, a name.  Out: the name under which the step has it.  Must not know: what is
recorded, set or read.
"""

from __future__ import annotations

from numbadyn.ir.nodes import Step
from numbadyn.model.synonyms import known_as

__all__ = ["variable_in"]


def variable_in(step: Step, path: str, variable: str) -> str:
    """The name of a state or computed value for which another word may be given, as ``"w"`` for weights of synapses.

    Parameters
    ----------
    step : Step
        Prepared.
    path : str
        Of the module.
    variable : str
        As users write it.
    """
    before = f"{path}."
    names = {name for owner, name in step.probes if owner == path}
    names |= {spec.name.removeprefix(before) for spec in step.states if spec.name.startswith(before)}
    return known_as(variable, names)
