"""A stand-in for Azure Resource Manager on loopback.

Gateways made to order, backend health as an operation, faults on demand.
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
