"""Golden model: bit-exact numpy models of approximate memories, and their torch plug-in.

Imports numpy and scipy; numba where a kernel is hot and torch in the plug-in are imported lazily.
"""
