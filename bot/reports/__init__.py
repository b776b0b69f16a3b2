"""A report as JSON and as an evidence pack for a ticket. Pure."""
