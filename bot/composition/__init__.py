"""How the running bot is put together, for `bot.main`. Nothing is decided here.

Slack, the engine and the database do not import each other; each is given the others here.
"""
