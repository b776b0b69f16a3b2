"""Frozen values that the bot's packages share: no I/O, and no behaviour beyond derived facts.

`check_report` and `report` contain what checks found, `azure` what ARM reported, `digest` what
channels follow.
"""
