"""Exact solutions of linear equations that stand in different places of a network.

In: a traced `Step` with the equations behind its values.  Out: a `Step`.  Must not know: targets.
"""
