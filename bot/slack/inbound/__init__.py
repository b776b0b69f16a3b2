"""Payload -> invocation: routing, admission, de-duplication."""
