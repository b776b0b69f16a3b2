"""Reports as JSON, as an evidence pack for a ticket, and as an HTML page. Pure."""
