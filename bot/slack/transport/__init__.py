"""The transports from Slack: HTTP with signatures and replay protection, and Socket Mode."""
