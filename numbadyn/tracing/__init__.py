"""Tracing: NumPy and operators on traced values become nodes of a step.

In: traced values and calls on them.  Out: nodes with shapes, kinds and dimensions.  Must not know: models, targets.
"""
