"""Kinds of stages, a file each: what they hold, what they read and write, their rows and their words.

In: nothing.  Out: `Stage` and its kinds.  Must not know: source text, arrays of a run, which target runs them.
"""
