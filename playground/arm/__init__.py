"""A simulated Azure Resource Manager on loopback.

It serves any gateways, backend health as a long-running operation, and faults on demand.
"""

from playground.arm.documents import gateway_document, health_document, upload
from playground.arm.faults import Fault, FaultKind
from playground.arm.server import ArmStandIn
from playground.arm.specs import GatewaySpec, PoolSpec, ProbeSpec, RuleSpec, SettingSpec

__all__ = [
    "ArmStandIn",
    "Fault",
    "FaultKind",
    "GatewaySpec",
    "PoolSpec",
    "ProbeSpec",
    "RuleSpec",
    "SettingSpec",
    "gateway_document",
    "health_document",
    "upload",
]
