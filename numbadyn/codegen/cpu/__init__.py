"""The CPU target's source text: one module a program that Numba compiles, and the routines that all of them share."""
