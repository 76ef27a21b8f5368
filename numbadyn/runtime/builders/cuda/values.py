"""Loops that draw weights and delays and sort rows by delay, shared out among the threads of a GPU.

In: this thread's number, how many threads there are, coefficients or tables.  Out: weights, delays in steps, rows in
the order of their delays, written in place.  Must not know: recipes, what starts the threads.

It is read as text, once for each precision: `compiled.py` puts `cpu/value_kernels.py` in front of it, which has the
formulas of the distributions, and a kernel around each phase.
"""

from typing import TYPE_CHECKING, Any

from numbadyn.codegen.cuda.kernels import phase

if TYPE_CHECKING:
    from numbadyn.ir.elementary.vocabulary import floor, i32
    from numbadyn.runtime.builders.cpu.value_kernels import fill_lognormal, fill_normal, fill_uniform


@phase
def draw_uniform(
    thread: Any, threads: Any, out: Any, start: Any, count: Any, coefficients: Any, key0: Any, key1: Any, stream: Any
) -> None:
    """Draw the values `start` to ``start + count - 1``, uniformly distributed."""
    for b in range(thread, count, threads):
        fill_uniform(out[b : b + 1], start + b, coefficients, key0, key1, stream)


@phase
def draw_normal(
    thread: Any, threads: Any, out: Any, start: Any, count: Any, coefficients: Any, key0: Any, key1: Any, stream: Any
) -> None:
    """Draw the values `start` to ``start + count - 1``, normally distributed."""
    for b in range(thread, count, threads):
        fill_normal(out[b : b + 1], start + b, coefficients, key0, key1, stream)


@phase
def draw_lognormal(
    thread: Any, threads: Any, out: Any, start: Any, count: Any, coefficients: Any, key0: Any, key1: Any, stream: Any
) -> None:
    """Draw the values `start` to ``start + count - 1``, log-normally distributed."""
    for b in range(thread, count, threads):
        fill_lognormal(out[b : b + 1], start + b, coefficients, key0, key1, stream)


@phase
def look_up_pairs(thread: Any, threads: Any, out: Any, pairs: Any, offsets: Any, targets: Any, n_post: Any) -> None:
    """Take one entry of a table of pairs for each synapse."""
    for i in range(thread, offsets.size - 1, threads):
        for s in range(offsets[i], offsets[i + 1]):
            out[s] = pairs[i * n_post + targets[s]]


WHOLE = 4503599627370496.0  # 2**52: from here on every float64 is a whole number, and a sum that reaches it is rounded


@phase
def round_delays(
    thread: Any,
    threads: Any,
    times: Any,
    start: Any,
    count: Any,
    dt: Any,
    nearest: Any,
    most: Any,
    steps: Any,
    longest: Any,
) -> None:
    """Turn drawn times into whole steps, as `numbadyn.model.delays.delay_steps` does; below zero they are zero.

    ``longest[thread]`` keeps the longest before it is cut off.
    """
    workers = min(threads, longest.size)
    if thread < workers:
        highest = longest[thread]
        for b in range(thread, count, workers):
            time = max(0.0, times[b])
            exact = time / dt
            slack = min(max(2e-7 * exact, 1e-6), 1e-3)
            if nearest != 0:
                whole = floor(exact + 0.5 + slack)
            else:
                whole = -floor(-(exact - slack))
                if time > 0.0 and whole < 1.0:
                    whole = 1.0
            highest = max(highest, whole)
            steps[start + b] = i32(min(whole, most))
        longest[thread] = highest


@phase
def look_up_delays(
    thread: Any,
    threads: Any,
    pairs: Any,
    offsets: Any,
    targets: Any,
    n_post: Any,
    most: Any,
    steps: Any,
    longest: Any,
) -> None:
    """Take the whole steps of each synapse from a table of pairs; the rest as in `round_delays`."""
    workers = min(threads, longest.size)
    if thread < workers:
        highest = longest[thread]
        for i in range(thread, offsets.size - 1, workers):
            for s in range(offsets[i], offsets[i + 1]):
                whole = pairs[i * n_post + targets[s]]
                highest = max(highest, whole)
                steps[s] = i32(min(whole, most))
        longest[thread] = highest


@phase
def mark_delays(thread: Any, threads: Any, steps: Any, number: Any, seen: Any) -> None:
    """Mark which delays occur; all threads write the same 1."""
    for s in range(thread, number, threads):
        if seen[steps[s]] == 0:
            seen[steps[s]] = 1


@phase
def sort_by_delay(
    thread: Any,
    threads: Any,
    first: Any,
    last: Any,
    offsets: Any,
    by_delay: Any,
    n_delays: Any,
    slot_of: Any,
    steps: Any,
    targets: Any,
    weights: Any,
    move_weights: Any,
    old_targets: Any,
    old_weights: Any,
) -> None:
    """Bring the rows `first` to ``last - 1`` into the order of their delays; equal delays keep their order.

    The segments of a row serve as its heads; in the end each has moved to the start of the next.
    """
    base = offsets[first]
    for i in range(first + thread, last, threads):
        begin, end, heads = offsets[i], offsets[i + 1], i * n_delays
        for d in range(n_delays):
            by_delay[heads + d] = 0
        for s in range(begin, end):
            by_delay[heads + slot_of[steps[s]]] += 1
            old_targets[s - base] = targets[s]
            if move_weights:
                old_weights[s - base] = weights[s]
        place = begin
        for d in range(n_delays):
            count = by_delay[heads + d]
            by_delay[heads + d] = place
            place += count
        for s in range(begin, end):
            head = heads + slot_of[steps[s]]
            place = by_delay[head]
            by_delay[head] = place + 1
            targets[place] = old_targets[s - base]
            if move_weights:
                weights[place] = old_weights[s - base]
        for d in range(n_delays - 1, 0, -1):
            by_delay[heads + d] = by_delay[heads + d - 1]
        by_delay[heads] = begin
        if i == offsets.size - 2:
            by_delay[heads + n_delays] = end
