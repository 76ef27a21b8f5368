"""What reads of the past must give: the delay rule as formulas.

In: known values of every step, delays and steps of time in whole microseconds.  Out: the values that a reader sees.
Imports NumPy only: nothing here knows the simulator, and all times are integers, so that nothing is rounded.

The rule: x[m] is the value at the end of step m; x[-1], x[-2], ... come before the start.  A reader in step n that is
called before the owner sees x[n-1-d], one that is called after it x[n-d], for a delay of d steps, rounded up.
"""

import numpy as np

__all__ = ["before_and_after", "exponential", "flags", "numbers", "reals", "seen", "sums", "whole"]


# ---- known values ----------------------------------------------------------------------------------------------------


def numbers(n, i):
    """A whole number for step n and neuron i; neighbours in time and space have nothing to do with each other."""
    return (1009 * (n + 1) * (n + 1) + 613 * (n + 1) * (i + 1) + 37 * i) % 4001


def reals(n, i):
    """A real number without rounding."""
    return numbers(n, i) / 8.0 - 200.0


def flags(n, i):
    """True in about every third step."""
    return numbers(n, i) % 3 == 0


def before_and_after(before, after):
    """The values of all steps: `before` is one for all m < 0 or a function of m, `after` a function of n >= 0."""

    def past(m):
        if m >= 0:
            return np.asarray(after(m))
        first = np.asarray(after(0))
        return np.broadcast_to(before(m) if callable(before) else before, first.shape).astype(first.dtype)

    return past


# ---- reads -----------------------------------------------------------------------------------------------------------


def whole(delay, unit):
    """Steps of a delay, rounded up; both in microseconds."""
    return -(-np.asarray(delay) // unit)


def seen(past, n, delay, dt, *, after=False, indices=(), method=None, every=None, strategy="hold"):
    """What a reader in step n sees: ``history[delays, *indices]`` by NumPy's rules.

    `delay`, `dt` and `every` in microseconds, the delay one or an array; `past(m)` gives the value of step m.
    """
    finished = n + 1 if after else n  # steps whose value exists
    if every is None:
        unit, sample = dt, lambda k: past(finished - 1 - k)
    else:
        unit, sample = every, samples_of_windows(past, finished, every // dt, strategy)
    delays = np.asarray(delay)
    values = np.array([between(sample, int(one), unit, method) for one in delays.ravel()])
    if not delays.ndim:
        return values[0][indices]
    return values[(np.arange(delays.size).reshape(delays.shape), *indices)]


def samples_of_windows(past, finished, steps, strategy):
    """Samples counted back from the newest window that is known, where window w holds the steps from w*steps on."""
    newest = (finished - 1) // steps if strategy == "hold" else finished // steps - 1
    one = {
        "hold": lambda values: values[0],
        "latest": lambda values: values[-1],
        "mean": lambda values: values.sum(axis=0) / steps,
        "sum": lambda values: values.sum(axis=0),
        "max": lambda values: values.max(axis=0),
    }[strategy]

    def sample(k):
        first = (newest - k) * steps
        return one(np.array([past(m) for m in range(first, first + steps)]))

    return sample


def between(sample, delay, unit, method):
    """The value some time ago, from samples that are `unit` apart; whole samples, rounded up, without a method."""
    if method is None:
        return sample(-(-delay // unit))
    slot, x = delay // unit, (delay % unit) / unit
    if method in ("nearest", "round"):
        return sample((2 * delay + unit) // (2 * unit))
    if method in ("linear", "linear_interp"):
        return sample(slot) + x * (sample(slot + 1) - sample(slot))
    if method in ("cubic", "hermite"):
        return hermite(sample, slot, x)
    first, points = (slot, 3) if method == "polynomial2" else (max(slot - 1, 0), 4)
    return neville([sample(first + k) for k in range(points)], slot - first + x)


def hermite(sample, slot, x):
    """The cubic with the values and slopes of both ends; at the newest sample the slope is that of a parabola."""
    y, z = sample(slot), sample(slot + 1)
    slope = (z - sample(slot - 1)) / 2 if slot else 2 * (z - y) - (sample(2) - y) / 2
    other = (sample(slot + 2) - y) / 2
    rise = z - y
    return y + x * (slope + x * (3 * rise - 2 * slope - other + x * (slope + other - 2 * rise)))


def neville(values, x):
    """The polynomial through values at 0, 1, 2, ..., by Neville's scheme."""
    table = [np.asarray(value, dtype=float) for value in values]
    for span in range(1, len(table)):
        table = [((k + span - x) * table[k] + (x - k) * table[k + 1]) / span for k in range(len(table) - 1)]
    return table[0]


# ---- projections -----------------------------------------------------------------------------------------------------


def sums(past, n, edges, n_post, *, after=False):
    """What arrives in step n: for each ``(pre, post, weight, steps)`` the signal of that many steps ago, weighted."""
    total = np.zeros(n_post)
    for pre, post, weight, steps in edges:
        total[post] += weight * past(n - steps if after else n - 1 - steps)[pre]
    return total


def exponential(jumps, factor):
    """A variable that starts at zero, decays by a factor in each step and then jumps; its value in each step."""
    values, g = [], np.zeros_like(jumps[0])
    for jump in jumps:
        g = g * factor + jump
        values.append(g)
    return np.array(values)
