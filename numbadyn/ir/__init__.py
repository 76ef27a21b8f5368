"""Intermediate representation: a step as nodes, what its operations mean, and an interpreter for it.

In: nodes.  Out: verified steps, their analysis and their values.  Must not know: who traced the step, Numba,
`quantities`.
"""
