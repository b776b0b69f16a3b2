"""The Slack edge: payloads in, requests to the use cases, calls of the Web API out.

Only this package knows Slack's payloads and its Web API.
"""
