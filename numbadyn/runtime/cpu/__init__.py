"""Running on the processor: Numba's compiled code on one thread.

Its counterpart for a GPU is `numbadyn.runtime.cuda`.
"""
