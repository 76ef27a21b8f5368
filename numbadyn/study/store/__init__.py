"""The store of a study: a folder that keeps what is finished, whatever happens to the process that writes it.

In: records of points, one after the other.  Out: a manifest and files of lines with checksums.  Must not know: how
points are run.
"""
