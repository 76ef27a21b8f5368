"""Lowering: a traced step becomes a program of ordered stages over planned memory.

In: a `Step`.  Out: a `Program`.  Must not know: Numba, `quantities`, which target runs it.
"""
