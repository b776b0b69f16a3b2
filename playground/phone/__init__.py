"""The phone page.

The stand-ins kept running, with a web page on loopback to type commands in and tap buttons on.
"""
