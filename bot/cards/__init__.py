"""Reports -> Slack messages.

Pure: values in, `Message` out, one file per message; nothing here knows a socket, a clock or a
token.
"""
