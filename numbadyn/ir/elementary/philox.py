"""Definition of the counter-based generator Philox4x32-10.

In: a key of two and a counter of four 32-bit words.  Out: four random 32-bit words.  Must not know: what key and
counter stand for.

Notes
-----
All words live in 64-bit integers whose upper halves may hold anything: only the lower halves enter a product, as the
SIMD instruction for 32 x 32 -> 64 bits reads them, so that a loop over counters spends nothing on packing and
unpacking. The conversions are explicit because Numba would mix types differently from NumPy.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3. Proceedings of the
International Conference for High Performance Computing, Networking, Storage and Analysis (SC11), 2011.
https://doi.org/10.1145/2063384.2063405
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.vocabulary import Word, u32, u64

__all__ = ["philox4x32"]


def philox4x32(
    key0: Word, key1: Word, counter0: Word, counter1: Word, counter2: Word, counter3: Word
) -> tuple[Word, Word, Word, Word]:
    """Philox4x32 with ten rounds.

    Parameters
    ----------
    key0, key1 : uint32
        Key.
    counter0, counter1, counter2, counter3 : uint32
        Counter.

    Returns
    -------
    tuple of four uint32
        Random words.
    """
    low_half = u64(0xFFFFFFFF)
    state0, state1, state2, state3 = u64(counter0), u64(counter1), u64(counter2), u64(counter3)
    round_key0, round_key1 = u64(key0), u64(key1)
    for _ in range(10):
        product0 = (state0 & low_half) * u64(0xD2511F53)
        product1 = (state2 & low_half) * u64(0xCD9E8D57)
        state0 = (product1 >> u64(32)) ^ state1 ^ round_key0
        state2 = (product0 >> u64(32)) ^ state3 ^ round_key1
        state1 = product1
        state3 = product0
        round_key0 = round_key0 + u64(0x9E3779B9)
        round_key1 = round_key1 + u64(0xBB67AE85)
    return u32(state0), u32(state1), u32(state2), u32(state3)
