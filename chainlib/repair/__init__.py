"""The chain that the server should send, the root that the gateway should trust, and the proof.

The proof is the verdict with both in place.
"""

from chainlib.repair.build import repair
from chainlib.repair.decide import decide
from chainlib.repair.values import MissingIssuer, Repair

__all__ = ["MissingIssuer", "Repair", "decide", "repair"]
