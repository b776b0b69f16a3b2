"""Figures, as ratios in one run where peers exist: `make bench`.

Timing goals live here, never in tests.
"""
