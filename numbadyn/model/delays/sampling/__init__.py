"""A read: which elements of which samples, and what stands between two samples."""
