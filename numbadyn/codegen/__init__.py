"""Code generation: the source text of a program, and the routines that every text contains.

In: a `Program` and the precision.  Out: source text of a module.  Must not know: `quantities`, user objects.
"""
