"""Benchmark networks as kernels written by hand: how fast the generated code could be on one thread."""
