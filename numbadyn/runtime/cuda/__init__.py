"""Running on a GPU: the device and its memory, launches, what they record; and what is wrong where there is none.

Nothing here imports Numba before somebody asks for a device.
"""
