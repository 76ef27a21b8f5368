"""What users hold: references to the past of a module, and `Delay`, a memory that is written by hand."""
