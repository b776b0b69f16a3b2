"""Turns reports into Slack messages: one file per card, each a pure function to a `Message`.

Nothing here uses a socket, a clock or a token. The handlers in `bot.slack` and the digests call it.
"""
