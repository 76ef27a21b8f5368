"""Studies: a network over a grid of parameters and seeds, run to the end whatever happens in between.

In: a function that builds a network, a grid, a function that measures.  Out: a table, and a store on disk that keeps
what is finished.  Must not know: how a network is traced, compiled and run.
"""
