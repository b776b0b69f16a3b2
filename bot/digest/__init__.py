"""Digests as pure rules.

When they are due, what is wrong for good, what changed, how it is folded and said.

No clock, no network, no store: instants and states come in as arguments, values go out.
"""
