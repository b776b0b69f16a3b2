"""Digests as pure rules.

When they are due, which problems are certain, what changed, how causes are folded and worded.

No clock, no network, no store: instants and states come in as arguments, values go out.
"""
