"""The Slack edge: what Slack sends -> questions, answers -> Slack calls.

Only this room knows Slack's payloads and Web API.
"""
