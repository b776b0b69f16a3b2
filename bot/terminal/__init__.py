"""The commands of the `appgw` program: options in, a use case, output and exit status.

`appgw check` and `appgw rehearse` import no Slack, ARM or database code.
"""
