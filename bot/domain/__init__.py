"""The values that the bot's packages share.

Frozen, no behaviour beyond derived facts, no I/O.

`report` holds what a check found, `azure` what ARM said, `digest` what channels follow.
"""
