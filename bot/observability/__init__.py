"""Logs, metrics and the health port."""
