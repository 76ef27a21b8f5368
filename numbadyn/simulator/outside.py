"""What ends on a part of a network, but stands outside of it.

In: a network or a part of one.  Out: text.  Must not know: programs, targets.
"""

from __future__ import annotations

from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.population import Population

__all__ = ["describe_left_out"]


def describe_left_out(root: Module) -> str:
    """Name the projections onto the populations of a root that are not in it themselves.

    Parameters
    ----------
    root : Module
        A network, or a part of one.

    Returns
    -------
    str
        A section of `Simulator.explain`; empty if there are none.
    """
    inside = walk(root)
    known = {id(module) for module in inside}
    lines = sorted(
        f"  {projection.path} onto {target.path}"
        for target in inside
        if isinstance(target, Population)
        for projection in target.arriving_projections
        if id(projection) not in known
    )
    if not lines:
        return ""
    head = f"Left out, since they are not in {root.path} (explain the network that holds them and their targets):"
    return "\n".join(["", "", head, *lines])
