"""Builds the chain that the server should send and the root that the gateway should trust.

The proof is the verdict with both installed.
"""

from chainlib.repair.build import repair
from chainlib.repair.known_issuers import with_known_issuers
from chainlib.repair.values import MissingIssuer, Repair

__all__ = ["MissingIssuer", "Repair", "repair", "with_known_issuers"]
