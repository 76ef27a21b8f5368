"""Definitions of single random draws: integers, uniform and normal numbers.

In: the key, and the counter words (element, step, stream) that say whose draw it is.  Out: one number, the same for the
same words on every target.  Must not know: who owns an element or a stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.logarithm import log
    from numbadyn.ir.elementary.philox import philox4x32
    from numbadyn.ir.elementary.vocabulary import (
        SINE_OF_PI,
        Real,
        Word,
        bits_of,
        centred_interval,
        from_bits,
        i32,
        polynomial,
        radial_interval,
        real,
        square_root,
        u32,
        u64,
        unit_interval,
    )

__all__ = [
    "centred_interval_32",
    "centred_interval_64",
    "normal",
    "radial_interval_32",
    "radial_interval_64",
    "random_integer",
    "random_word",
    "uniform",
    "unit_interval_32",
    "unit_interval_64",
]


def unit_interval_64(word0: Word, word1: Word) -> Real:
    """Join two random words to a number in [0, 1) with 53 random bits."""
    # Each part fits a positive int32, which every processor converts exactly in SIMD.
    high = real(i32(word0 >> u32(5)))
    low = real(i32(word1 >> u32(6)))
    return (high * 67108864.0 + low) * 1.1102230246251565e-16


def unit_interval_32(word0: Word, word1: Word) -> Real:
    """Join two random words to a number in [0, 1) with 48 random bits, rounded down to what a float32 can hold.

    Rounded down, a draw is below a float32 exactly where the 48 bits are: a chance is right to 2^-48, and 1 is never
    given.
    """
    high = real(i32(word0 >> u32(8))) * 5.960464477539063e-08
    low = real(i32(word1 >> u32(8))) * 3.552713678800501e-15
    near = high + low
    # The difference is exact; its sign tells that the sum was rounded up, and becomes -1 or 0.
    return from_bits(bits_of(near) + (bits_of(low - (near - high)) >> 31))


def radial_interval_64(word0: Word, word1: Word) -> Real:
    """Make a number in (0, 1], exact and fine at both ends."""
    return 1.0 - unit_interval(word0, word1)


def radial_interval_32(word0: Word, word1: Word) -> Real:
    """Make a number in (0, 1), fine near zero, where a logarithm is large."""
    # A factor a little below 2^-24 keeps the sum below 1, and a bit that is set keeps it above 0.
    high = real(i32(word0 >> u32(8))) * 5.960463766996327e-08
    return high + real(i32((word1 >> u32(8)) | u32(1))) * 3.552713678800501e-15


def centred_interval_64(word0: Word, word1: Word) -> Real:
    """Make a number from -1/2 to 1/2."""
    return unit_interval(word0, word1) - 0.5


def centred_interval_32(word0: Word, word1: Word) -> Real:
    """Make a number from -1/2 to 1/2, fine near zero."""
    high = real(i32(word0 >> u32(8))) * 5.960464477539063e-08 - 0.5
    return high + real(i32(word1 >> u32(8))) * 3.552713678800501e-15


def random_word(key0: Word, key1: Word, element: Word, step_low: Word, step_high: Word, stream: Word) -> Word:
    """Random 32-bit word.

    Parameters
    ----------
    key0, key1 : uint32
        Lower and upper half of the seed.
    element : uint32
        Index of the element that draws.
    step_low, step_high : uint32
        Lower and upper half of the step.
    stream : uint32
        Whose draw it is.

    Returns
    -------
    uint32
        First word of the Philox block.
    """
    return philox4x32(key0, key1, element, step_low, step_high, stream)[0]


def random_integer(
    key0: Word, key1: Word, element: Word, step_low: Word, step_high: Word, stream: Word, n: Word
) -> Word:
    """Random integer in [0, n).

    Parameters
    ----------
    key0, key1, element, step_low, step_high, stream : uint32
        Key and counter, as for `random_word`.
    n : uint32
        Number of possible values, at least 1.

    Returns
    -------
    uint32
        The upper half of the product of a random word with n: the probability of each value differs from 1 / n by less
        than 2^-32.

    References
    ----------
    D. Lemire, Fast random integer generation in an interval. ACM Transactions on Modeling and Computer Simulation 29
    (2019). https://doi.org/10.1145/3230636
    """
    word = random_word(key0, key1, element, step_low, step_high, stream)
    return u32((u64(word) * u64(n)) >> u64(32))


def uniform(key0: Word, key1: Word, element: Word, step_low: Word, step_high: Word, stream: Word) -> Real:
    """Uniform number in [0, 1).

    Parameters
    ----------
    key0, key1, element, step_low, step_high, stream : uint32
        Key and counter, as for `random_word`.

    Returns
    -------
    real
        A multiple of 2^-53 (64 bits) or 2^-48 (32 bits), the latter with the 24 leading digits that a float32 holds.
    """
    words = philox4x32(key0, key1, element, step_low, step_high, stream)
    return unit_interval(words[0], words[1])


def normal(key0: Word, key1: Word, element: Word, step_low: Word, step_high: Word, stream: Word) -> Real:
    """Draw from the normal distribution with mean 0 and variance 1.

    Parameters
    ----------
    key0, key1, element, step_low, step_high, stream : uint32
        Key and counter, as for `random_word`.

    Returns
    -------
    real
        Its size is at most 8.6 (64 bits) or 8.2 (32 bits).

    Notes
    -----
    Box and Muller's radius sqrt(-2 ln u) times sin(pi v) with v from -1/2 to 1/2. The sine of an angle in the right
    half circle has the distribution of the cosine over the whole circle, and needs neither a reduction of the range nor
    a choice of quadrant. u is never 0, and fine near it; so is v.

    References
    ----------
    G. E. P. Box, M. E. Muller, A note on the generation of random normal deviates. Annals of Mathematical Statistics 29
    (1958) 610. https://doi.org/10.1214/aoms/1177706645
    """
    words = philox4x32(key0, key1, element, step_low, step_high, stream)
    radius = square_root(-2.0 * log(radial_interval(words[0], words[1])))
    half_turns = centred_interval(words[2], words[3])
    square = half_turns * half_turns
    sine = polynomial(square, SINE_OF_PI)
    return radius * (half_turns * sine)
