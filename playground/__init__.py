"""Simulated services for the demo, the playground and the tests; on loopback only.

They are a lab of broken backends, a Slack and an ARM. `bot` and `chainlib` never import this
package.
"""
