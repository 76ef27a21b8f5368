"""Runtime: memory, compiled builders, the time loop in chunks, progress.

In: a `Program` or a `Step` with everything it is bound to.  Out: advanced states and logs of what was recorded.  Must
not know: `quantities`, user objects.
"""
