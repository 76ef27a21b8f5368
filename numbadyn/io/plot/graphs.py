"""A network as a graph: populations, and the projections between them.

In: a network, or a simulator of one.  Out: circles and arrows on axes.  Must not know: how a step is traced.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.io.export.needed import import_extra
from numbadyn.io.plot.canvas import axes_of, colour
from numbadyn.ir.nodes import Step
from numbadyn.model.dynamics import Dynamics, Neuron
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.view import whole_of
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.connectivity import Connectivity
from numbadyn.projections.gap_junction import GapJunction
from numbadyn.projections.poisson import PoissonInput

__all__ = ["network"]

_RADIUS = 0.24
_TURN = math.radians(55)
_OUTSIDE_COLOUR = "#475569"
_OUTSIDE = 0
"""The source of what comes from no population."""


class Arrow(NamedTuple):
    """A projection: from which population to which, by identity, and what is written beside it."""

    pre: int
    post: int
    text: str
    both: bool = False


def network(net: Any, *, numbers: bool = True, ax: Any = None) -> Any:
    r"""Draw a network as a graph: populations as circles, projections as arrows.

    Parameters
    ----------
    net : Module or Simulator
        The network. A simulator also knows the sources of projections that are called with a signal in an ``update``.
    numbers : bool
        Whether numbers of neurons and of synapses (their mean where chance decides) are written.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Arrows are its ``FancyArrowPatch`` patches; input from outside has no circle at its beginning, gap junctions are
        lines with two heads.

    Raises
    ------
    InvalidParameterError
        There is no population in it.

    Examples
    --------
    >>> import numbadyn as nd
    >>> net = nd.DynamicsGroup()
    >>> net.E, net.I = nd.LIF(80), nd.LIF(20)
    >>> net.E2I = nd.DeltaProj(net.E, comm=nd.AllToAll(80, 20), post=net.I)
    >>> ax = nd.plot.network(net)
    >>> [text.get_text() for text in ax.texts[-3:]]
    ['E\n80', 'I\n20', '1,600']
    """
    step = getattr(net, "step", None)
    root = getattr(net, "network", net)
    if not isinstance(root, Module):
        raise InvalidParameterError(
            f"{net!r} is no network.", where="nd.plot.network", cure="Give a network or its simulator.", net=net
        )
    modules = walk(root)
    arrows = list(_arrows(modules, _sources(step, modules) if isinstance(step, Step) else {}, numbers=numbers))
    ends = {end for arrow in arrows for end in (arrow.pre, arrow.post)}
    populations = [m for m in modules if isinstance(m, Dynamics) and (isinstance(m, Neuron) or id(m) in ends)]
    if not populations:
        raise InvalidParameterError(
            f"{root.path} has no population.", where="nd.plot.network", cure="Give a network with nd.Neuron models."
        )
    names = _names(root)
    axes = axes_of(ax, (5.5, 4.0))
    populations.sort(key=lambda population: names[id(population)])
    places = _places([id(population) for population in populations])
    for number, population in enumerate(populations):
        text = names[id(population)] + (f"\n{population.num:,}" if numbers else "")
        _draw_population(axes, places[id(population)], text, number)
    _draw_arrows(axes, [arrow for arrow in arrows if arrow.post in places], places)
    across, upwards = (max(abs(place[axis]) for place in places.values()) + 0.75 for axis in (0, 1))
    axes.set_xlim(-across, across)
    axes.set_ylim(-upwards, upwards)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return axes


def _names(root: Module) -> dict[int, str]:
    """Names of modules by the attributes in which they stand, nearest first; a simulator need not have been made."""
    names, level = {id(root): root.path}, [(root, "")]
    while level:
        found = [
            (prefix + (child.name or name), child) for module, prefix in level for name, child in module.children()
        ]
        level = []
        for name, child in found:
            if id(child) not in names:
                names[id(child)] = name
                level.append((child, f"{name}."))
    return names


def _sources(step: Step, modules: list[Module]) -> dict[int, int]:
    """Identity of a projection -> that of the module whose output or state it reads, where that is one."""
    by_path, found = {module.path: id(module) for module in modules}, dict[int, int]()
    for node in step.nodes:
        for number, signal in zip(node.attrs.get("connections", ()), node.args, strict=False):
            owners = set(_owners(step, signal))
            if len(owners) == 1 and (owner := owners.pop()) in by_path:
                found[id(step.connections[number].owner)] = by_path[owner]
    return found


def _owners(step: Step, node: int) -> Iterator[str]:
    """Paths of the modules that a value is made of, not looking further back than to what they keep."""
    waiting, seen = [node], set[int]()
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        each = step.nodes[number]
        if each.traits.from_past:
            yield step.channels[each.attrs["channel"]].name.rpartition(".")[0]
        elif each.traits.from_state:
            yield step.states[each.attrs["index"]].name.rpartition(".")[0]
        elif each.traits.generated and not each.args:
            yield step.trains[each.attrs["index"]].name
        else:
            waiting += each.args


def _arrows(modules: list[Module], sources: dict[int, int], *, numbers: bool) -> Iterator[Arrow]:
    """The projections among modules."""
    for module in modules:
        if isinstance(module, SynapticProjection):
            first = module._source.first
            given = whole_of(getattr(first, "module", first))
            pre = id(given) if isinstance(given, Module) else sources.get(id(module), _OUTSIDE)
            yield Arrow(pre, id(module.post), _count(module.comm) if numbers else "")
        elif isinstance(module, PoissonInput):
            yield Arrow(_OUTSIDE, id(module._post), "")
        elif isinstance(module, GapJunction):
            pre, post = (id(end.module) for end in module.ends)
            yield Arrow(pre, post, "", both=True)


def _count(comm: Any) -> str:
    """How many synapses there are."""
    if not isinstance(comm, Connectivity):
        return ""
    number = comm.n_synapses
    return f"{number:,}" if number is not None else f"~{round(comm.expected_synapses):,}"


def _places(populations: list[int]) -> dict[int, tuple[float, float]]:
    """Places on a circle, clockwise from the left."""
    count = len(populations)
    if count == 1:
        return {populations[0]: (0.0, 0.0)}
    radius = max(0.75, 0.3 * count / math.pi)
    angles = [math.pi - 2 * math.pi * number / count for number in range(count)]
    return {one: (radius * math.cos(a), radius * math.sin(a)) for one, a in zip(populations, angles, strict=True)}


def _draw_population(axes: Any, place: tuple[float, float], text: str, number: int) -> None:
    patches = import_extra("matplotlib.patches", "plot", "Pictures")
    axes.add_patch(patches.Circle(place, _RADIUS, facecolor="white", edgecolor=colour(number), lw=2.0, zorder=3))
    axes.text(*place, text, ha="center", va="center", fontsize="small", zorder=4)


def _draw_arrows(axes: Any, arrows: list[Arrow], places: dict[int, tuple[float, float]]) -> None:
    """Draw arrows, those of one pair beside each other; loops and input from outside stand around their population."""
    patches = import_extra("matplotlib.patches", "plot", "Pictures")
    order, between, around = list(places), Counter[tuple[int, int]](), Counter[int]()
    for arrow in arrows:
        pre, post = arrow.pre if arrow.pre in places else _OUTSIDE, arrow.post
        if pre in (_OUTSIDE, post):
            start, stop, bend, label = _route_around(places[post], around[post], loop=bool(pre))
            around[post] += 1
        else:
            start, stop, bend, label = _route_between(places[pre], places[post], between[pre, post])
            between[pre, post] += 1
        tone = colour(order.index(pre)) if pre else _OUTSIDE_COLOUR
        axes.add_patch(
            patches.FancyArrowPatch(
                tuple(start),
                tuple(stop),
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="<|-|>" if arrow.both else "-|>",
                mutation_scale=12,
                color=tone,
                lw=1.3,
            )
        )
        if arrow.text:
            axes.text(*label, arrow.text, ha="center", va="center", fontsize="x-small", color=tone, zorder=5)


Route = tuple[NDArray[Any], NDArray[Any], float, NDArray[Any]]
"""Where an arrow begins and ends, how it is bent, and where its text stands."""


def _route_between(begin: Any, end: Any, number: int) -> Route:
    """The so many-th arrow from one population to another, on the right of the straight way."""
    first, last = np.array(begin), np.array(end)
    length = float(np.linalg.norm(last - first))
    along = (last - first) / length
    start, stop = first + along * (_RADIUS + 0.03), last - along * (_RADIUS + 0.03)
    bend = 0.18 * (number + 1)
    across = np.array([along[1], -along[0]])
    return start, stop, bend, start + 0.38 * (stop - start) + across * (0.47 * bend * (length - 2 * _RADIUS) + 0.09)


def _route_around(place: Any, number: int, *, loop: bool) -> Route:
    """A loop, or an arrow from outside: the so many-th thing around a population, the first on the outer side."""
    centre = np.array(place)
    angle = math.atan2(centre[1], centre[0]) if centre.any() else math.pi / 2
    angle += _TURN * ((number + 1) // 2) * (-1 if number % 2 else 1)
    outwards = np.array([math.cos(angle), math.sin(angle)])
    side = np.array([-outwards[1], outwards[0]])
    if not loop:
        return centre + outwards * 2.6 * _RADIUS, centre + outwards * (_RADIUS + 0.03), 0.0, centre
    feet = [centre + outwards * _RADIUS * 0.92 + side * sign * _RADIUS * 0.42 for sign in (1, -1)]
    return feet[0], feet[1], -1.9, centre + outwards * (_RADIUS + 0.2 + 0.12 * abs(outwards[0]))
