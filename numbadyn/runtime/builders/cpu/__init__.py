"""Builders of synapse tables that the processor runs, compiled by Numba."""
