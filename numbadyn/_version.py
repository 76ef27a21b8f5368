"""The version of the package, read by the packaging, the cache and the public face; it must not know anything else."""

__version__ = "0.1.0"
