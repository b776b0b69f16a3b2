"""`appgw mcp`: the terminal commands as tools of the Model Context Protocol, over stdio.

Read only; every target may be probed, as in the terminal. Only this package imports the `mcp`
library, which comes with the extra `appgw-check[mcp]`.
"""
