"""Builders of synapse tables on a device, with the same draws as those of the processor."""
