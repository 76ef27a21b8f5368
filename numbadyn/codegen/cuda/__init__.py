"""CUDA target: from a lowered program to the text of its kernels.

`source` writes it, `phases` finds where threads must wait, `routines` are what all kernels share, `exact` keeps
products apart from sums, `kernels` is what generated modules import.
"""
