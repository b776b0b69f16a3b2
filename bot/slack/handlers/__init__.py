"""One file per verb or button: invocation in, use case, card out."""
