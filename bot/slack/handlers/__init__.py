"""One file per verb or button: calls the use case for an invocation and answers with a card."""
