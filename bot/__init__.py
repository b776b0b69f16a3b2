"""appgw-check: a Slack bot and a terminal program that look at a backend as Azure Application Gateway would."""
