"""How Slack reaches the bot: HTTP, Socket Mode, signature, replays."""
