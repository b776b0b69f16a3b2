"""The phone page: a web page on loopback to send commands and press buttons."""
