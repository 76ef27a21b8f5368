"""A program that is run by several owners, element by element: an oracle for waits and blocks.

In: a program with its bindings.  Out: states; how many steps ago what an owner reads was written by another one.  It
shares nothing with the analysis but whose an element is.
"""

from dataclasses import replace

import numpy as np

from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.interpreter import Interpreter, dtype_of
from numbadyn.ir.ops import OPS
from numbadyn.ir.reductions import reduced, row_products
from numbadyn.ir.synapses import back_delays, delay_slots, presynaptic
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.event_loop import EventLoopStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.lowering.stages.packing import PackingStage
from numbadyn.lowering.stages.reduction import ReductionStage
from numbadyn.lowering.stages.trials import TrialsStage

__all__ = ["Owned", "TooEarlyError"]

LONG_AGO = -(10**9)


class TooEarlyError(Exception):
    """An owner reads what another one has not written yet, or what another one has overwritten."""


class Cells:
    """Elements of a buffer in some slots; who wrote each of them last, and when."""

    def __init__(self, slots, size, dtype):
        self.values = np.zeros((slots, size), dtype)
        self.writer = np.full((slots, size), -1)
        self.written = np.full((slots, size), LONG_AGO)
        self.read_by_others = np.full((slots, size), LONG_AGO)


class Owned:
    """A program in memory, with `count` owners.

    Attributes
    ----------
    nearest : float
        Steps between what one owner did and what another one then did at the same element, at least.
    """

    def __init__(self, program, context, tables, owners, count, slots=None):
        self.program, self.tables, self.owners, self.count = program, tables, owners, count
        self.step, self.context = program.step, replace(context, tables=tables)
        self.evaluator = Evaluator(program.step, self.context)
        self.evaluator.bind()
        self.nearest = np.inf
        needed = Interpreter(program.step, context, tables, program.probes).needed()
        self.depth = {n: max(depth, (slots or {}).get(n, 0)) for n, depth in enumerate(needed)}
        self.window = [channel.window(context) for channel in self.step.channels]
        self.extent = self._extents()
        self.memory, self.copies = {}, [{} for _ in range(count)]
        for buffer in (buffer for block in program.buffers for buffer in block):
            self._place(buffer)
        self.events = {n: Cells(self.depth[n], self._width(n), bool) for n in program.events}
        self._begin()

    def _width(self, channel):
        return int(np.prod(self.step.channels[channel].shape, dtype=int))

    def _extents(self):
        """Elements on each line."""
        found = {}
        for sized, start in [*self.owners.instances.items(), *self.owners.buffers.items()]:
            if sized.space.symbolic:  # synapses belong to neurons
                continue
            bits = getattr(sized, "role", "") == "ring" and sized.kind == "bool"
            found[start.line] = max(found.get(start.line, 0), start.number + (0 if bits else sized.size))
        return found

    def _place(self, buffer):
        channel = buffer.index if buffer.role == "ring" else None
        size = int(np.prod(self.context.shape_of(buffer.space))) if channel is None else self._width(channel)
        slots = 1 if channel is None else self.depth[channel]
        dtype = dtype_of(buffer.kind, self.context.bits)
        if buffer in self.owners.repeated:
            for copies in self.copies:
                copies[buffer] = Cells(slots, size, dtype)
        else:
            self.memory[buffer] = Cells(slots, size, dtype)

    def cells(self, buffer, me):
        return self.copies[me].get(buffer) or self.memory[buffer]

    def _begin(self):
        for buffer in [*self.memory, *self.owners.repeated]:
            for me in range(self.count):
                values = self.cells(buffer, me).values
                if buffer.role == "state":
                    spec = self.step.states[buffer.index]
                    shape = self.context.shape_of(spec.space)
                    values[0] = np.broadcast_to(spec.initial(self.context), shape).reshape(-1)
                elif buffer.role == "constant":
                    values[0] = np.broadcast_to(self.evaluator.values[buffer.index].reshape(-1), buffer.size)
        histories = [(b.index, cells) for b, cells in self.memory.items() if b.role == "ring"]
        for channel, cells in [*histories, *self.events.items()]:
            depth = self.depth[channel]
            for lag, sample in enumerate(self.step.channels[channel].before(self.context, depth), 1):
                flat = np.broadcast_to(sample, self.step.channels[channel].shape).reshape(-1)
                cells.values[-lag % depth] = flat != 0 if cells.values.dtype == bool else flat
        for part in self.program.refills:
            factor = self.evaluator.values[part.factor].reshape(-1)
            self.memory[part.target].values[0] = self.memory[part.state].values[0] * factor

    def states(self):
        found = {b.index: (self.cells(b, 0).values[0]) for b in self.owners.buffers if b.role == "state"}
        return {self.step.states[index].name: values for index, values in found.items()}

    # ---- whose ------------------------------------------------------------------------------------------------------

    def mine(self, start, size, me):
        """Numbers of the elements of something that belong to an owner."""
        extent = self.extent[start.line]
        numbers = start.number + np.arange(size)
        return np.flatnonzero(np.minimum(numbers * self.count // extent, self.count - 1) == me)

    def of_instance(self, kernel, instance, me):
        if any(instance.views[store.slot].buffer in self.owners.repeated for store in kernel.stores):
            return np.arange(1)
        return self.mine(self.owners.instance(instance), instance.size, me)

    # ---- reading and writing ----------------------------------------------------------------------------------------

    def read(self, cells, slot, elements, me, expected=None):
        """Values; notes what another owner wrote how long ago, and checks that it is what is meant."""
        others = (cells.writer[slot, elements] != me) & (cells.writer[slot, elements] >= 0)
        written = cells.written[slot, elements]
        if others.any():
            self.nearest = min(self.nearest, self.number - written[others].max())
        if expected is not None:
            for step in np.unique(written):
                if step != expected and expected >= 0:
                    raise TooEarlyError(f"step {self.number} reads what was written in step {step}, not {expected}")
        if len(cells.values) == 1:
            cells.read_by_others[slot, elements[others]] = self.number
        return cells.values[slot, elements]

    def write(self, cells, slot, elements, values, me):
        if len(cells.values) == 1 and elements.size:
            read = cells.read_by_others[slot, elements].max()
            self.nearest = min(self.nearest, self.number - read if read >= 0 else np.inf)
        cells.values[slot, elements] = values
        cells.writer[slot, elements], cells.written[slot, elements] = me, self.number

    def slot_of(self, view, lag):
        channel = view.buffer.index
        return (self.number // self.window[channel] - lag) % self.depth[channel]

    def now(self, view):
        """The slot of this step; of memory that keeps one value the only one."""
        return 0 if view.slot == "fixed" else self.slot_of(view, 0)

    def last_step(self, channel, lag):
        """The step that wrote a sample last."""
        return (self.number // self.window[channel] - lag + 1) * self.window[channel] - 1

    def look(self, view, elements, me):
        cells = self.cells(view.buffer, me)
        if view.slot != "past":
            return self.read(cells, self.now(view), view.offset + elements, me)
        lag = 1 + (0 if view.lag is None else int(self.evaluator.values[view.lag]))
        expected = self.last_step(view.buffer.index, lag)
        return self.read(cells, self.slot_of(view, lag), view.offset + elements, me, expected)

    # ---- a step ------------------------------------------------------------------------------------------------------

    def run_entry(self, number, entry, me):
        """What one owner does in an entry of the schedule."""
        self.number = number
        kinds = {
            LoopStage: self._loop, DeliveryStage: self._deliver, CompactionStage: self._collect, DrawStage: self._draw,
            TrialsStage: self._try, PackingStage: self._pack, ReductionStage: self._reduce, EventLoopStage: self._rows,
        }  # fmt: skip
        for stage in self.program.schedule[entry]:
            kinds.get(type(stage), self._play)(stage, me)

    def _loop(self, stage, me):
        kernel = self.program.kernels[stage.kernel]
        for instance in stage.instances:
            elements = self.of_instance(kernel, instance, me)
            if elements.size:
                self._body(kernel, instance, elements, me)

    def _body(self, kernel, instance, elements, me, sides=None):
        """A loop over elements; those of synapses have neurons on both sides."""
        values, self.sides = [], sides or {}
        for operation in kernel.operations:
            result = self._operation(kernel, instance, operation, elements, values, me)
            values.append(np.broadcast_to(result, elements.shape).astype(dtype_of(operation.kind, self.context.bits)))
        for slot in (k for k, slot in enumerate(kernel.slots) if slot.cleared):
            view = instance.views[slot]
            self.write(self.cells(view.buffer, me), self.now(view), view.offset + elements, 0, me)
        for store in kernel.stores:
            view = instance.views[store.slot]
            chosen = view.offset + self.sides.get(kernel.slots[store.slot].access, elements)
            new, cells = values[store.value], self.cells(view.buffer, me)
            if store.adds:
                later = 0 if store.later is None else self._operand(kernel, instance, store.later, elements, values, me)
                self._add(cells, self.now(view), np.broadcast_to(later, chosen.shape), chosen, new, me)
            else:
                self.write(cells, self.now(view), chosen, new, me)

    def _add(self, cells, now, later, chosen, new, me):
        """Add to sums, each as many steps ahead as it counts later."""
        for steps in np.unique(later):
            due, slot = later == steps, (now + steps) % len(cells.values)
            total = cells.values[slot].copy()
            np.add.at(total, chosen[due], new[due])
            places = np.unique(chosen[due])
            self.write(cells, slot, places, total[places], me)

    def _operand(self, kernel, instance, operand, elements, values, me):
        if operand.where == "local":
            return values[operand.index]
        if operand.where == "scalar":
            return self.evaluator.values[instance.scalars[operand.index]].reshape(-1)[0]
        if operand.where == "back":
            return self.sides["back"]
        if operand.where == "time":
            return np.asarray(np.float64(self.number) * np.float64(self.context.dt)).astype(self.evaluator.real)
        if operand.where == "step":
            return np.asarray(self.number)
        slot, view = kernel.slots[operand.index], instance.views[operand.index]
        places = {"each": elements, "first": np.zeros_like(elements), "stride": elements * slot.stride, **self.sides}
        return self.look(view, places[slot.access], me)

    def _operation(self, kernel, instance, operation, elements, values, me):
        def value(operand):
            return self._operand(kernel, instance, operand, elements, values, me)

        if operation.op in ("uniform", "normal"):
            key, count = (self._words(n) for n in (self.context.seed, self.number))
            stream = np.uint32(~instance.scalars[operation.args[0].index])
            return self.evaluator.functions[operation.op](*key, elements.astype(np.uint32), *count, stream)
        if operation.op == "take":
            chosen = np.broadcast_to(value(operation.args[1]), elements.shape)
            return self.look(instance.views[operation.args[0].index], chosen, me)
        if operation.op == "history":
            view = instance.views[operation.args[0].index]
            lags = np.broadcast_to(1 + value(operation.args[1]), elements.shape)
            chosen = np.broadcast_to(value(operation.args[2]), elements.shape) if operation.args[2:] else elements
            cells, found = self.cells(view.buffer, me), []
            for lag, element in zip(lags.tolist(), chosen.tolist(), strict=True):
                slot, expected = self.slot_of(view, lag), self.last_step(view.buffer.index, lag)
                found.append(self.read(cells, slot, np.array([element]), me, expected)[0])
            return np.array(found)
        op = OPS[operation.op]
        with np.errstate(all="ignore"):
            return (op.meaning or self.evaluator.functions[op.elementary])(*map(value, operation.args))

    @staticmethod
    def _words(number):
        return np.uint32(number & 0xFFFFFFFF), np.uint32(number >> 32)

    def _deliver(self, stage, me):
        mine = self.mine(self.owners.buffer(stage.target), stage.target.size, me)
        cells = self.cells(stage.target, me)
        if not mine.size:
            return
        total = cells.values[0].copy()
        if stage.clear:
            total[mine] = 0
        for term in stage.terms:
            self._term(term, total, mine, me)
        self.write(cells, 0, mine, total[mine], me)

    def _term(self, term, total, mine, me):
        table, events = self.tables[term.connection], self.events[term.channel]
        if not table.n_synapses:
            return
        depth, window = self.depth[term.channel], np.arange(term.start, term.stop)
        lag = term.base + (0 if term.lag is None else int(self.evaluator.values[term.lag]))
        graded = next((b for b in self.memory if b.role == "ring" and b.index == term.channel and term.graded), None)
        for number, delay in enumerate(table.delays.tolist()):
            step = self.number - lag - delay
            fired = self.read(events, step % depth, window, me, step)
            for event in np.flatnonzero(fired):
                segment = event * len(table.delays) + number
                row = slice(int(table.offsets[segment]), int(table.offsets[segment + 1]))
                weights = table.weights if table.weights.size == 1 else table.weights[row]
                weights = np.broadcast_to(weights.astype(total.dtype), table.targets[row].shape)
                if graded is not None:
                    values = self.read(self.cells(graded, me), step % depth, window[event : event + 1], me, step)
                    weights = weights * values
                here = np.isin(table.targets[row], mine)
                np.add.at(total, table.targets[row][here], weights[here])

    def _rows(self, stage, me):
        kernel, term = self.program.kernels[stage.kernel], stage.term
        table, post_size = self.tables[term.connection], self.step.connections[term.connection].n_post
        mine = self.mine(self.owners.instance(stage.instance), post_size, me)
        for target in stage.targets:
            if target.role == "sum":  # what waits for its time is cleared when it is read
                self.write(self.cells(target, me), 0, mine, 0, me)
        pre, (delays, delay_of) = presynaptic(table), (table.delays, delay_slots(table))
        if term.order == "post":
            delays, delay_of = back_delays(table)
        late = np.zeros_like(pre) if table.dendritic is None else table.dendritic.astype(np.int64)
        events, lag = (
            self.events[term.channel],
            term.base + (0 if term.lag is None else int(self.evaluator.values[term.lag])),
        )
        for number, delay in enumerate(delays.tolist()):
            step = self.number - lag - (delay if term.late else 0)
            window = np.arange(term.start, term.stop) if term.order == "pre" else term.start + mine
            fired = np.zeros(term.stop - term.start, bool)
            fired[window - term.start] = self.read(events, step % self.depth[term.channel], window, me, step)
            reached = fired[pre if term.order == "pre" else table.targets] & (delay_of == number)
            elements = np.flatnonzero(reached & np.isin(table.targets, mine))
            sides = {"pre": pre[elements], "post": table.targets[elements].astype(int), "back": late[elements]}
            self._body(kernel, stage.instance, elements, me, sides)

    def _collect(self, stage, me):
        mine = self.mine(self.owners.buffer(stage.source), stage.source.size, me)
        fired = self.read(self.cells(stage.source, me), 0, mine, me) != 0
        self.write(self.events[stage.channel], self.number % self.depth[stage.channel], mine, fired, me)

    def _pack(self, stage, me):
        mine = self.mine(self.owners.buffer(stage.source), stage.source.size, me)
        flags = self.read(self.cells(stage.source, me), 0, mine, me)
        self.write(self.cells(stage.ring.buffer, me), self.slot_of(stage.ring, 0), mine, flags, me)

    def _draw(self, stage, me):
        mine, size = self.mine(self.owners.buffer(stage.target), stage.target.size, me), stage.target.size
        out, rates = np.empty(size, self.evaluator.real), np.zeros(size, self.evaluator.real)
        common = stage.mean.count == 1 and size != 1
        rates[mine] = self.look(stage.mean, np.zeros_like(mine) if common else mine, me)
        key, count = (self._words(n) for n in (self.context.seed, self.number))
        self.evaluator.functions["fill_poisson"](out, rates, 0, *key, *count, np.uint32(stage.stream))
        self.write(self.cells(stage.target, me), 0, mine, np.where(out < 0, np.nan, out)[mine], me)

    def _try(self, stage, me):
        mine, size = self.mine(self.owners.buffer(stage.target), stage.target.size, me), stage.target.size
        out, given = np.empty(size, self.evaluator.real), np.zeros((2, size), self.evaluator.real)
        for view, values in zip((stage.number, stage.chance), given, strict=True):
            values[mine] = self.look(view, np.zeros_like(mine) if view.count == 1 else mine, me)
        key, count = (self._words(n) for n in (self.context.seed, self.number))
        self.evaluator.functions["fill_binomial"](out, *given, 0, *key, *count, np.uint32(stage.stream))
        self.write(self.cells(stage.target, me), 0, mine, np.where(out < 0, np.nan, out)[mine], me)

    def _play(self, stage, me):
        mine = self.mine(self.owners.buffer(stage.target), stage.target.size, me)
        steps, elements = self.step.trains[stage.train].events(self.context)
        self.write(self.cells(stage.target, me), 0, mine, np.isin(mine, elements[steps == self.number]), me)

    def _reduce(self, stage, me):
        parts = self.mine(self.owners.buffer(stage.target), stage.target.size, me)
        if not parts.size:
            return
        length = stage.source.count // stage.target.size
        rows = (parts[:, None] * length + np.arange(length)).reshape(-1)
        source = self.look(stage.source, rows, me)
        if stage.how == "dot":
            found = row_products(source, self.look(stage.factors, np.arange(stage.factors.count), me))
        else:
            found = reduced(stage.how, source, parts.size)
        self.write(self.cells(stage.target, me), 0, parts, found, me)

    # ---- many steps --------------------------------------------------------------------------------------------------

    def run_together(self, steps):
        """All owners wait for each other behind every entry."""
        for number in range(steps):
            for entry in range(len(self.program.schedule)):
                for me in range(self.count):
                    self.run_entry(number, entry, me)

    def run_in_blocks(self, steps, blocks, random):
        """Each owner goes ahead as far as it may, in any order of owners; all wait only where the blocks say so."""
        parts, stop = [[]], 0
        for number in range(steps):
            begins = number == stop
            stop = blocks.stop(number, steps) if begins else stop
            for entry in range(len(self.program.schedule)):
                if entry in blocks.cuts if blocks.between == 0 else begins and entry == 0:
                    parts.append([])
                parts[-1].append((number, entry))
        for part in parts:
            for me in random.permutation(self.count):
                for number, entry in part:
                    self.run_entry(number, entry, me)
