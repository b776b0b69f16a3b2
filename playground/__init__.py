"""Stand-ins for the demo, the playground and the tests alike.

A lab of broken backends, a Slack, an ARM. Loopback only.

Never imported by `bot` or `chainlib`.
"""
