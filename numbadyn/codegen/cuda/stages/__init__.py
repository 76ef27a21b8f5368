"""What the CUDA target does for each kind of stages: routines, and which of them all threads call."""
