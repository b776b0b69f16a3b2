"""The rules of digests. Pure: no clock, no network, no store.

They decide when a digest is due, which problems count, what has changed, how causes are grouped and
worded. Instants and states are arguments.
"""
