"""Equations as text, in the notation of Brian2: from their lines to a class like any other.

In: a text, threshold, reset and refractoriness, constants.  Out: a `Dynamics` class.  Must not know: projections,
lowering, targets.

`places` knows where a text stands, `declarations` takes it apart, `expressions` parses and compiles what it says,
`definition` puts all of it together and `checks` looks for mistakes; `scope` gives names their values in a step, and
`population` is the base of the classes that `define` makes.
"""
