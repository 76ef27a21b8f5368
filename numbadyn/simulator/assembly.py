"""A network assembled: its synapse tables, its program, its machine, each made when it is needed first.

In: a traced step with its bindings, and what is recorded.  Out: a machine in memory that is ready to run; what one
holds goes over to the next.  Must not know: what users ask of a simulator.
"""

from __future__ import annotations

import functools
import time
import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.passes import Passes
from numbadyn.lowering.pipeline import lower
from numbadyn.lowering.program import Program
from numbadyn.model.delays import longest_delays
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.synonyms import known_as
from numbadyn.model.values import State
from numbadyn.model.variable import changes, count_change
from numbadyn.runtime.cuda.launches import Way
from numbadyn.runtime.forecast import CURES, allocating, require_reading
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.replica import naming
from numbadyn.runtime.snapshot import Snapshot, names_of, own_part, stacked
from numbadyn.runtime.target import Job
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator.bindings import TableSums
from numbadyn.simulator.checks import check_drawn
from numbadyn.simulator.drawing import draw_tables, drawn_with
from numbadyn.simulator.order import UserOrder
from numbadyn.simulator.places import Place
from numbadyn.simulator.recorder import Recorder
from numbadyn.simulator.seconds import Seconds
from numbadyn.simulator.synapses import Maker, Weights, common_weights, fixed_delays, host
from numbadyn.simulator.turns import Turns

__all__ = ["Assembly"]


class Assembly:
    """Base of `Simulator`: what is made of a network, piece by piece."""

    _turns: Turns
    network: Module
    step: Step
    context: BindContext
    target: str
    precision: int
    threads: int
    reproducible: bool
    launch: Way
    seconds: Seconds
    _dt: float
    _device: Any
    _recorder: Recorder
    _machine: Machine | None
    _taken: Snapshot | None
    _under_way: Machine | None
    _filled_at: int
    _weights: Weights
    _order: UserOrder
    _contexts: tuple[BindContext, ...]
    _instead: tuple[dict[int, Any], ...]
    _varied: dict[str, list[Any]]
    _coordinates: dict[str, tuple[list[Any], Any]]
    _networks: tuple[Module, ...]
    _shared: bool
    _built_with: tuple[BindContext, ...]
    _alone: bool
    #: The step with the condition that ends a run, while there is one.
    _watched: Step | None
    #: Programs without a condition and with the last one, to be taken up again.
    _shelf: dict[bool, tuple[Step | None, Program]]

    def _bind(
        self, contexts: tuple[BindContext, ...], *, shared: bool = False, networks: tuple[Module, ...] = ()
    ) -> None:
        """Bind the network once for each replica, before anything is built or recorded.

        Parameters
        ----------
        contexts : tuple of BindContext
            One a replica; a single one that has no number stands for a network without a batch.
        shared : bool
            Whether all replicas have the synapses of the first one.
        networks : tuple of Module
            The network of each replica, where these are several.
        """
        self._networks = networks or (self.network,) * len(contexts)
        self._instead = tuple(dict(context.instead) for context in contexts)
        self._contexts = tuple(replace(each, instead=own) for each, own in zip(contexts, self._instead, strict=True))
        self._shared, self._varied, self._coordinates = shared, {}, {}
        vars(self).pop("_synapses", None)  # they were made for other contexts
        self._built_with = drawn_with(self.step, self._contexts, shared)
        self._stand_for(self._contexts[0])
        self._machine, self._taken, self._filled_at = None, None, -1
        self._watched, self._shelf = None, {}
        self._recorder = Recorder(self.network, self.step, self._dt, self.precision, self._order, *self._axes)
        for network in {id(network): network for network in networks}.values():
            self._recorder.know(network)

    def _vary(self, place: Place, others: Sequence[Any]) -> None:
        """Let something be another one in each replica, from the next run or the next first values on."""
        if place.sorts and (self._number or self._under_way is not None):
            raise fixed_delays(place.full, self._number * self._dt)
        for own, other in zip(self._instead, others, strict=True):
            own[id(place.own)] = other
        count_change()
        if place.synapses is None:
            return
        # with the seeds that they were drawn with, which need not be those of what is drawn now
        both = zip(self._contexts, self._built_with, strict=True)
        drawn = tuple(replace(own, seed=built.seed) for own, built in both)
        self._built_with = drawn_with(self.step, drawn, self._shared)
        if "_synapses" not in vars(self):
            return
        if place.sorts:
            self._take_down()
            self._draw_anew(drawn)
        else:
            self._weights.vary(place.synapses, [other.rule for other in others], self._makers_of_each())

    def _makers_of_each(self) -> list[tuple[list[Any], Maker]]:
        """As `_makers`, one a replica; those that shared their tables have lists of their own from now on."""
        of_each = self._synapses
        places = list(dict.fromkeys(map(id, of_each)))
        if len(places) < len(of_each):
            if self._under_way is not None:
                raise common_weights(self.step.name)
            self._take_down()  # a machine is made for the lists that it was given
            vars(self)["_synapses"] = [list(tables) for tables in of_each]
            self._weights.spread([places.index(id(tables)) for tables in of_each])
        makers = map(self._maker, self._built_with)
        return list(zip(self._synapses, makers, strict=True))

    def _draw_anew(self, contexts: tuple[BindContext, ...]) -> None:
        """Let the synapses be drawn anew when somebody asks for them next."""
        self._invalidate("_synapses")
        self._weights.built()
        self._built_with = drawn_with(self.step, contexts, self._shared)
        self._recorder.follow_synapses()

    def _stand_for(self, first: BindContext) -> None:
        """Show the binding of the first replica as that of the simulator."""
        for name, value in (("seed", first.seed), ("context", first)):
            object.__setattr__(self, name, value)

    @property
    def _axes(self) -> tuple[int, ...]:
        """The axis of replicas in front of what there is of each: none without a batch."""
        return () if self._contexts[0].replica is None else (len(self._contexts),)

    def _joined(self, values: list[NDArray[Any]]) -> NDArray[Any]:
        """What there is of each replica as one array with an axis of replicas, see `stacked`; alone without a batch."""
        return stacked(values) if self._axes else values[0]

    def _apart(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """What there is of each replica, one after the other."""
        return list(values) if self._axes else [values]

    def _note_delays(self) -> None:
        """Tell the modules how far back their histories reach, so that a longer delay registered later is refused."""
        for module in walk(self.network):
            module._built = replace(module._built, dt=self._dt, longest=longest_delays(module, self._dt))

    @property
    def tables(self) -> list[Any]:
        """Synapse tables, one a connection, of the first replica."""
        return self._synapses[0]

    @functools.cached_property
    def _synapses(self) -> list[list[Any]]:
        """Synapse tables of each replica, built on first use; the same list for replicas that share them."""
        started = time.perf_counter()
        self._weights.check()
        self._require_synapses(1 if self._shared else len(self._contexts))
        made = draw_tables(self.step, self._built_with, self._shared, self._build_tables, self._maker)
        self.seconds.note("build synapses", started)
        self._weights.built()
        return made

    def _require_synapses(self, times: int) -> None:
        """Refuse synapses that would not fit, made so many times."""
        TARGETS[self.target].require_synapses(self._device, self.step, self.precision, times)

    def _build_tables(self, context: BindContext, numbers: Sequence[int]) -> list[Any]:
        """The tables of some connections of a replica."""
        tables, real = [], np.dtype(f"float{self.precision}")
        with naming(context):
            for connection in map(self.step.bound(context).connections.__getitem__, numbers):
                with self._making(connection.name):
                    tables.append(connection.build(context, real))
        return tables

    def _making(self, name: str) -> AbstractContextManager[None]:
        """In it, the tables of a projection are built where the target reads them; those that learn are read here."""
        plastic = (spec.space.synapses for spec in self.step.states)
        if name in {self.step.connections[own.connection].name for own in plastic if own is not None}:
            return nullcontext()
        return TARGETS[self.target].building(self._device, name)

    def _makers(self) -> list[tuple[list[Any], Maker]]:
        """The tables of each replica and what makes such with other weights; those that are shared come once."""
        shared = {
            id(tables): (tables, context) for tables, context in zip(self._synapses, self._built_with, strict=True)
        }
        return [(tables, self._maker(context)) for tables, context in shared.values()]

    def _maker(self, context: BindContext) -> Maker:
        """What makes tables of a replica with other weights."""
        return Maker(self.step, context, self._device, self._making)

    @functools.cached_property
    def program(self) -> Program:
        """The lowered network, printable."""
        started, passes = time.perf_counter(), Passes()
        program = lower(self._stepped, self._recorder.probes, self._recorder.channels, passes)
        self.seconds.note("lower", started, passes.seconds)
        return program

    @property
    def _stepped(self) -> Step:
        """What machines run: the step, with the condition that ends a run behind it if there is one."""
        return self.step if self._watched is None else self._watched

    @property
    def machine(self) -> Machine:
        """The network in memory."""
        machine = self._machine
        self._weights.follow(self._makers())
        begun = machine is None or machine.number > 0 or machine is self._under_way
        if machine is not None and not begun and self._filled_at != changes():
            self._filled_at = changes()
            if machine.fits():
                machine.refill()
            else:  # a parameter has made a delay longer than the histories that were planned
                self._take_down()
        if self._machine is None:
            self._filled_at = changes()
            name = self.step.name
            with allocating(f"the states and histories of {name}", name, CURES["states"]):
                made = self._make_machine()
                if self._taken is not None:
                    made.restore(self._taken)
            self._machine, self._taken = made, None
        return self._machine

    def _forget(self) -> None:
        """Back to time zero and to what the model says."""
        self._taken = None
        if "_synapses" in vars(self):
            self._weights.forget(self._makers())
            self._weights.follow(self._makers())  # first values of states of synapses follow from them
        if self._machine is not None:
            self._filled_at = changes()
            self._machine.reset()

    def _reseed(self, seeds: Sequence[int], connectivity: bool) -> None:
        """Let all that is drawn follow other seeds, one a replica."""
        self._machine = None
        self._contexts = tuple(replace(each, seed=seed) for each, seed in zip(self._contexts, seeds, strict=True))
        self._stand_for(self._contexts[0])
        # of a network that is several replicas, the seed of the first of them
        firsts = {
            id(network): (network, seed) for network, seed in reversed([*zip(self._networks, seeds, strict=True)])
        }
        for network, seed in firsts.values():
            for module in walk(network):
                module.seed_of_build = seed
        self.seconds.pop("compile", None)
        if connectivity:
            self._draw_anew(self._contexts)

    def _invalidate(self, product: Literal["program", "_synapses"]) -> None:
        """Make a product anew when somebody asks for it next."""
        vars(self).pop(product, None)
        if product == "program":
            self._watched, self._shelf = None, {}
        self.seconds.pop("compile", None)

    def _claim(self) -> None:
        """Tell states and projections that this simulator is the one that has moved them last."""
        me: Any = weakref.ref(self)
        for spec in self.step.states:
            if isinstance(spec.owner, State) and id(spec.owner.owner) in self._recorder.modules:
                spec.owner.hold(me)
        self._weights.note(self._built_with[0])

    def _connection(self, module: Module, variable: str) -> int | None:
        """Number of the connection whose weights or delays are meant; None if something else is."""
        if variable not in getattr(module, "synaptic_names", ()) or variable in module.states():
            return None
        return self._weights.number(module)

    def _known_as(self, module: Module, variable: str) -> str:
        """The name of a variable for which another word may be given."""
        synaptic = () if self._weights.number(module) is None else getattr(module, "synaptic_names", ())
        return known_as(variable, {*module.states(), *synaptic})

    def _synaptic(self, connection: int, variable: str) -> Any:
        """Weights or delays of all synapses; in a batch a list, since replicas may have more synapses or fewer."""
        self._weights.follow(self._makers())
        found, known = [], self.step.connections[connection]
        for tables, context in zip(self._synapses, self._contexts, strict=True):
            table = tables[connection]
            require_reading(known.name, table.n_synapses, sorted_again=table.n_delays > 1)
            found.append(getattr(known.owner.edges_of(host(table), context), variable))
        return found if self._axes else found[0]

    def _take_down(self) -> None:
        """Leave the machine, but keep what it holds for the one that is made next."""
        if self._machine is not None:
            self._taken = self._machine.snapshot()
            self._machine = None

    def _snapshot(self) -> Snapshot:
        """All that the network holds now; before the first step, its first values."""
        held = self._taken or Snapshot(0) if self._machine is None else self._machine.snapshot()
        if held.number:
            return held
        names = names_of(self.step.states)
        values = [self._values(number) for number in range(len(names))]
        each = [own if self._axes else own[np.newaxis] for own in values]
        return replace(held, states=dict(zip(names, each, strict=True)))

    def _go_on_from(self, taken: Snapshot) -> None:
        """Hold what another simulator of the network held; nothing is compiled anew."""
        if self._machine is None:
            self._taken = taken
        else:
            self._machine.restore(taken)

    @functools.cached_property
    def _table_sums(self) -> TableSums:
        """Sums of the synapses, each found once."""
        return TableSums()

    def _make_machine(self) -> Machine:
        """A network in memory, before its first step."""
        replicas: dict[int, list[BindContext]] = {}
        for context, network in zip(self._contexts, self._networks, strict=True):
            replicas.setdefault(id(network), []).append(context)
        for network in self._networks:
            check_drawn(network, replicas.pop(id(network), []))
        job = Job(
            self._stepped,
            lambda: self.program,
            self._contexts,
            self._synapses,
            self._recorder.probes,
            type(self.network).__name__,
            self._device,
            {"reproducible": self.reproducible, "launch": self.launch},
        )
        return TARGETS[self.target].make_machine(job)

    def _values(self, state: int) -> NDArray[Any]:
        """Present values of a state; before the first step they follow from the model, so that nothing is built."""
        if self._machine is not None or (self._taken is not None and self._taken.number):
            return self._joined([np.array(replica.now(state)) for replica in self.machine.replicas])
        names, found = names_of(self.step.states), []
        set_before = self._taken.first if self._taken is not None else {}
        for number, context in enumerate(self._contexts):
            states = self.step.bound(context).states
            spec = states[state]
            first = {
                id(states[k].owner): set_before[name][number] for k, name in enumerate(names) if name in set_before
            }
            bound = replace(context, first=first)
            if spec.space.synapses is not None:
                bound = replace(bound, tables=self._synapses[number])
                shape = bound.shape_of(spec.space)
                own = {key: own_part(values, shape) for key, values in first.items() if key == id(spec.owner)}
                bound = replace(bound, first=own)
            with naming(context):
                found.append(np.broadcast_to(spec.initial(bound), bound.shape_of(spec.space)))
        dtype = dtype_of(self.step.states[state].kind, self.precision)
        return self._joined([values.astype(dtype) for values in found])

    def _set_values(self, state: int, values: NDArray[Any]) -> None:
        """Overwrite a state; in a batch that of each replica."""
        of_each = values if self._axes else values[np.newaxis]
        if self._machine is not None or (self._taken is not None and self._taken.number):
            self.machine.set_state(state, of_each)
            return
        before = self._taken.first if self._taken is not None else {}
        self._taken = Snapshot(0, first={**before, names_of(self.step.states)[state]: of_each})

    @property
    def _number(self) -> int:
        """The next step."""
        held = self._machine or self._taken
        return 0 if held is None else held.number

    def _make_ready(self, interrupts: Interrupts) -> None:
        """Build and compile; a second Ctrl-C gets out of it at once, the first one where nothing is half done."""
        new, taken = self._machine is None, self._taken
        try:
            with interrupts.opened():
                for part in (lambda: self._synapses, lambda: self.machine, self._compile):
                    interrupts.check()
                    part()
            interrupts.check()
        except BaseException as error:
            if interrupts.count > 1:
                if new:
                    self._machine, self._taken = None, taken  # it may be half made
                if not isinstance(error, KeyboardInterrupt):  # compilers wrap what they do not know
                    raise KeyboardInterrupt from error
            raise

    def _compile(self) -> None:
        machine = self.machine
        if "compile" not in self.seconds and (seconds := machine.compile()) is not None:
            self.seconds["compile"] = seconds
