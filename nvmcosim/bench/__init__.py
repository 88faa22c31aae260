"""Benchmarks: what a figure is compared with runs in the same process, turn by turn."""
