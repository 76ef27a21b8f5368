"""How long ago: the delay rule in numbers, what users give as a delay, windows of several steps."""
