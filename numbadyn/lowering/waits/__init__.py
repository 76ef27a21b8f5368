"""Who touches what in a step, and when one must wait for another: a property of a program, for all targets.

`numbadyn.lowering.places` says what a stage touches, `owners` whose elements those are, `phases` which stages may run
without a wait between them, `blocks` how many steps an owner may run on its own.

In: a `Program`.  Out: see there.  Must not know: targets, source text, arrays.
"""
