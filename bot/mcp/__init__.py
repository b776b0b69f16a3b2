"""`appgw mcp`: the terminal's questions as tools of the Model Context Protocol, over stdio.

For assistants that want a deterministic judge. Read only; the access rules are the terminal's. The
`mcp` library is imported here alone; it comes with the extra `appgw-check[mcp]`.
"""
