"""Benchmarks (`make bench`); results are ratios to peers measured in the same run.

Goals for durations are here and never in tests.
"""
