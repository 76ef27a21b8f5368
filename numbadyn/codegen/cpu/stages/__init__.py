"""What the CPU target does for each kind of stages: routines, and how the time loop calls them."""
