"""Recordings on disk: written while a network runs, read piece by piece afterwards.

In: samples and spikes as they come.  Out: arrays that read from files what is asked for.  Must not know: targets.
"""
