"""From the text of generated functions straight to LLVM, in the place of Numba's type inference and lowering.

In: functions that the loader has read.  Out: `Direct`, a compiler that Numba's dispatchers accept, and `Unit`, which
writes functions into modules of LLVM, also into those of kernels for GPUs.  Must not know: what the text computes.

Generated text is a small language: numbers, arrays in one piece, loops over ranges, choices, calls of its own
functions. Types follow from those of the arguments in one pass, so a function needs no inference; and a whole module
becomes one unit of LLVM, which is optimised once. Meaning is Numba's to the last bit, and so is what calls from Python
see: dispatchers, wrappers and the engine that holds the machine code are Numba's. With ``NUMBADYN_COMPILER=numba`` the
same text goes through Numba alone, which takes many times as long; tests compare the two.
"""
