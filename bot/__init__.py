"""appgw-check: checks a backend's certificates as Azure Application Gateway would."""
