"""What a projection whose synapses learn has to look like: methods that are called, names that rules can read.

In: a class of the user, and what it assigns.  Out: nothing, or an error that names the method or the attribute.  Must
not know: how rules are traced, targets.
"""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING, Any

from numbadyn.errors import (
    FixedAttributeError,
    HookArgumentError,
    ReservedNameError,
    UnknownRuleError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.model.hooks import takes
from numbadyn.model.nearest import nearest_first
from numbadyn.model.values import Parameter
from numbadyn.projections.reached import ReachedSynapses
from numbadyn.projections.synapse_state import SynapticWeight
from numbadyn.projections.traces import SpikeTraces
from numbadyn.tracing.positions import defined_at
from numbadyn.units import TIME

if TYPE_CHECKING:
    from numbadyn.projections.plastic import PlasticProj

__all__ = ["RULES", "check_kept", "check_name", "check_rules", "interval_of", "never_followed"]

#: Rules, each about the synapses that it is called with.
RULES = ("on_pre", "on_post", "on_step", "on_interval")

_ASKED = {**dict.fromkeys(RULES, "(self, s)"), "step_where": "(self)"}
"""All that is called by name, with what it takes."""

_OWN_NAMES = ("comm", "dendritic_delay", "out", "syn")
"""Attributes in which a projection keeps what it was made of."""


def check_rules(projection: PlasticProj, base: type[PlasticProj]) -> None:
    """Refuse rules that cannot be called, and methods that look like rules but that nothing calls.

    Parameters
    ----------
    projection : PlasticProj
        Of a class of the user.
    base : type
        The class whose methods do nothing.

    Raises
    ------
    HookArgumentError
        A rule takes something else than the synapses it is about, or is no function.
    UnknownRuleError
        There is a method that is named like a rule; or one that says which synapses `on_step` is about, without it.
    """
    for name, signature in _ASKED.items():
        rule = getattr(projection, name)
        takes_it = callable(rule) and takes(rule, (None,) if name in RULES else (), {})
        if not takes_it:
            raise HookArgumentError(
                f"{name} of {projection.path} cannot be called with "
                f"{'one argument, the synapses it is about' if name in RULES else 'no argument'}.",
                where=str(defined_at(f"{projection.path}.{name}", rule if callable(rule) else None)),
                cure=f"Write it as def {name}{signature}.",
                rule=name,
                path=projection.path,
            )
    for name, function in _methods(type(projection), base).items():
        meant = _meant(name)
        if meant is not None:
            raise UnknownRuleError(
                f"{projection.path} has a method {name}, which nothing calls.",
                where=str(defined_at(f"{projection.path}.{name}", function)),
                cure=f"Rules are {', '.join(nearest_first(meant, RULES))}, and step_where. A method of your own that "
                "you call yourself needs a name that does not begin with on_.",
                rule=name,
                path=projection.path,
            )
        if name == "step_where" and type(projection).on_step is base.on_step:
            raise UnknownRuleError(
                f"{projection.path} says with step_where which synapses on_step is about, but has no on_step.",
                where=str(defined_at(f"{projection.path}.step_where", function)),
                cure="Write what becomes of them in each step as def on_step(self, s).",
                rule=name,
                path=projection.path,
            )


def interval_of(projection: PlasticProj) -> Parameter:
    """How long it is from one `on_interval` to the next.

    Raises
    ------
    UnknownStateError
        The projection does not say.
    """
    interval = getattr(projection, "interval", None)
    if isinstance(interval, Parameter) and interval.dimension == TIME and interval.value.shape == ():
        return interval
    raise UnknownStateError(
        f"{projection.path} has an on_interval, but no interval that is one time.",
        where=f"{projection.path}.on_interval",
        cure="Say in __init__ how often: self.interval = nd.Parameter(100*ms, unit=ms, positive=True).",
        interval=interval,
    )


def never_followed(projection: PlasticProj) -> UnknownRuleError:
    """The error for an update that forgets that of its base class, so that no rule is called and nothing arrives."""
    own = type(projection).update
    return UnknownRuleError(
        f"The update of {projection.path} does not call that of its base class, so that nothing is delivered and no "
        "rule is called.",
        where=str(defined_at(f"{projection.path}.update", own)),
        cure="Write super().update(*args) in it.",
        path=projection.path,
    )


def _methods(cls: type, base: type) -> dict[str, Any]:
    """Functions that a class has beyond a base, by name."""
    own = [kind for kind in reversed(cls.__mro__) if issubclass(kind, base) and kind is not base]
    return {name: value for kind in own for name, value in vars(kind).items() if inspect.isfunction(value)}


def _meant(name: str) -> str | None:
    """The rule that a name seems to stand for, without being one."""
    if name in _ASKED or name.startswith("_"):
        return None
    plain = name.lower().replace("_", "")
    for rule in _ASKED:
        called = rule.replace("_", "")
        near = difflib.SequenceMatcher(None, plain, called).ratio() > 0.8
        if near or (rule in RULES and plain.startswith(called)):
            return rule
    return name if name.startswith("on_") else None


def check_name(projection: PlasticProj, name: str, value: Any) -> None:
    """Refuse a state of synapses, or a trace, under a name by which rules would read something else.

    Parameters
    ----------
    projection : PlasticProj
        Whose attribute it would be.
    name : str
        Of the attribute.
    value : SynapseState or SpikeTraces

    Raises
    ------
    ReservedNameError
        The name means something else in a rule, or the projection keeps a part of its own there.
    UnsupportedFeatureError
        It belongs to another projection.
    """
    owner = value.projection if isinstance(value, SpikeTraces) else value.owner
    if owner not in (None, projection):
        raise UnsupportedFeatureError(
            f"{projection.path}.{name} is given a {type(value).__name__} of {owner.path}, but it belongs to one "
            "projection.",
            where=f"{projection.path}.{name}",
            cure=f"Make one of its own, self.{name} = self.post_trace(20*ms) or nd.SynapseState(0.0).",
            name=name,
        )
    if name == "weight" and not isinstance(value, SynapticWeight):
        raise ReservedNameError(
            f"A {type(value).__name__} is named 'weight', but the first weights of {projection.path} are those of its "
            "rule of connection.",
            where=f"{projection.path}.weight",
            cure="Give them there, comm=nd.AllToAll(pre, post, weight=0.5*mV), or choose another name.",
            name=name,
        )
    if name in _OWN_NAMES or hasattr(ReachedSynapses, name):
        raise ReservedNameError(
            f"A {type(value).__name__} is named {name!r}, but s.{name} means something else in a rule, or "
            f"{projection.path}.{name} is a part of the projection.",
            where=f"{projection.path}.{name}",
            cure="Choose another name.",
            name=name,
        )


def check_kept(projection: PlasticProj, name: str) -> None:
    """Refuse another parameter in place of one that traces follow, which would go on with the first.

    Parameters
    ----------
    projection : PlasticProj
        Whose attribute is assigned again.
    name : str
        Of the attribute.

    Raises
    ------
    FixedAttributeError
        It is a time constant of a trace: of a base class, say, that has given it to one.
    """
    held = vars(projection)[name]
    following = [key for key, traces in projection.traces.items() if traces.time_constant is held]
    if isinstance(held, Parameter) and following:
        raise FixedAttributeError(
            f"{projection.path}.{name} is assigned anew, but the trace {following[0]!r} follows the first one.",
            where=f"{projection.path}.{name}",
            cure=f"Change its value, self.{name}.value = 5*ms, or give it as an argument; a parameter of your own "
            "needs another name.",
            name=name,
        )
