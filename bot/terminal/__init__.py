"""The terminal face of the use case: files and options in, a report out.

No Slack, no ARM, no database is imported on this path.
"""
