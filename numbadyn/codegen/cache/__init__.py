"""The cache on disk: compiled kernels in a folder of the user's own, signed, and found again by what they depend on."""
