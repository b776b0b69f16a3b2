"""Receives invocations: routing, access policy, de-duplication."""
