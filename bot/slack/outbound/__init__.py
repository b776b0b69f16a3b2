"""Every call to the Web API, and the life of a card."""
