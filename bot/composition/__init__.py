"""Builds the parts of the running bot for `bot.main`.

Slack, engine and database do not import each other; they are connected here. The docstring of
`bot.main` says in which order.
"""
