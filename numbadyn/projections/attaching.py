"""Synapses and outputs that projections attach to their targets, shared where they are described alike.

In: a projection, models of a synapse and an output.  Out: the instances that are used, stepped before the target.  Must
not know: which models there are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import InvalidParameterError, ShapeError, UnsupportedFeatureError
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.hooks import OwnHook
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.conductances import mark
from numbadyn.projections.connectivity import Connectivity
from numbadyn.projections.output import attach_output, make_output, tell_driver
from numbadyn.projections.typing import OutputLike, SynapseLike
from numbadyn.units import join

__all__ = ["attach_synapse"]


class _Aligned(OwnHook):
    """Before-hook of a target: steps the synapse and gives its value to the output model."""

    kind = "aligned"
    input_key: str = ""

    def __init__(self, key: Any, syn: SynapseLike, out: OutputLike, described: str) -> None:
        self.key, self.described = key, described
        self.modules = (syn, out)

    def __call__(self) -> None:
        syn, out = self.modules
        out.bind_cond(syn())


def attach_synapse(
    proj: SynapticProjection, syn: SynapseLike | None, out: OutputLike | None, label: str | None, *, share: bool
) -> tuple[Any, Any]:
    """Let a synaptic variable of each target neuron take what arrives through a projection, and act by its output.

    Parameters
    ----------
    proj : SynapticProjection
        Whose `post` it is attached to.
    syn, out, label, share
        See `AlignPostProj`.

    Returns
    -------
    syn, out : Synapse, output model
        The instances that are used, perhaps with other projections.

    Raises
    ------
    InvalidParameterError, UnsupportedFeatureError, ShapeError
        See `AlignPostProj`.
    """
    described = isinstance(syn, Describer)
    if described is not isinstance(out, Describer):
        raise InvalidParameterError(
            f"{proj.path} has syn={syn!r} and out={out!r}: one is a description, the other an instance.",
            where=proj.path,
            cure="Describe both, syn=Expon.desc(tau=5*ms), out=COBA.desc(E=0*mV), or make both.",
            syn=syn,
            out=out,
        )
    _check_alignable(syn.cls if isinstance(syn, Describer) else type(syn), proj)
    aligned = _align(proj, syn, out, label, share)
    made, output = aligned.modules
    tell_driver(output, aligned.input_key, proj)
    return made, output


def _check_alignable(cls: type, proj: SynapticProjection) -> None:
    """Refuse what is no synapse, or not linear in its input."""
    if not issubclass(cls, Dynamics):
        raise InvalidParameterError(
            f"syn of {proj.path} is a {cls.__name__}, which is no synapse.",
            where=proj.path,
            cure="Give a synapse, such as nd.Expon.desc(tau=5*ms).",
            path=proj.path,
            cls=cls.__name__,
        )
    if not getattr(cls, "post_alignable", False):
        raise UnsupportedFeatureError(
            f"{cls.__name__} cannot stand on the postsynaptic side of {proj.path}: its response to several inputs "
            "is not the sum of its responses.",
            where=proj.path,
            cure="Use nd.AlignPreProj, or set `post_alignable = True` in the class if it is linear in its delta "
            "inputs.",
            cls=cls.__name__,
            path=proj.path,
        )


def _align(proj: SynapticProjection, syn: Any, out: Any, label: str | None, share: bool) -> _Aligned:
    """Give the hook that carries synapse and output: one that is there, or a new one."""
    unit = proj.comm.weight_dimension if isinstance(proj.comm, Connectivity) else None
    key: Any = (label, syn.key, out.key, unit) if isinstance(syn, Describer) else (label, id(syn), id(out))
    hooks = [hook for hook in (proj.post.before_updates or {}).values() if isinstance(hook, _Aligned)]
    for hook in hooks if share else ():
        if hook.key == key:
            return hook
    made = syn.make(proj.post.varshape) if isinstance(syn, Describer) else syn
    if made.varshape != proj.post.varshape:
        raise ShapeError(
            f"The synapse of {proj.path} has the size {made.varshape}, but {proj.post.path} has {proj.post.varshape}.",
            where=proj.path,
            cure="Make it with the size of post, or describe it: Expon.desc(tau=5*ms).",
            path=proj.path,
            varshape=made.varshape,
            post=proj.post.path,
            post_varshape=proj.post.varshape,
        )
    made.driven = True
    if unit is not None:
        made.use_unit(join(1.0, unit))
    output = make_output(out, proj.post, proj.path)
    mark(made, output)
    shared = share and isinstance(syn, Describer)
    described = repr((label, syn.words, out.words, str(unit))) if shared else ""
    hook = _Aligned(key if share else object(), made, output, described)
    title = f"{type(made).__name__}-{type(output).__name__}"
    hook.input_key = attach_output(title, output, label, proj)
    proj.post.add_before_update(("align_post", hook.input_key), hook)
    return hook
