"""The Web API methods, one file per family.

Each is a function of the workspace and a call; transport and faults are `webapi`'s.

Importing this package registers all of them.
"""

from playground.slack.methods import apps, chat, conversations, files, people, views

__all__ = ["apps", "chat", "conversations", "files", "people", "views"]
