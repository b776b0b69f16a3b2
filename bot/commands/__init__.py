"""Parses the text of the slash command into a `Request` or a `Usage`, and alerts into targets.

Pure: no I/O, no clock, no state. `appgw parse --json` prints its result; the documentation and the
help are generated from `HELP`. Everything is imported from the module that defines it, so that the
terminal, which reads one host, imports one of them (`host`); `alerts` is entered through its
package.
"""
