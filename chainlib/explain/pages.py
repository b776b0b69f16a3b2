"""Public pages that support the rules, one constant each: a moved page is changed in one place."""

from __future__ import annotations

_LEARN = "https://learn.microsoft.com/azure/application-gateway"
_TROUBLESHOOT = "https://learn.microsoft.com/troubleshoot/azure/application-gateway"

BACKEND_HEALTH_ERRORS = f"{_TROUBLESHOOT}/application-gateway-backend-health-troubleshooting"
BAD_GATEWAY = f"{_TROUBLESHOOT}/troubleshoot-http-502-bad-gateway"
BACKEND_HEALTH = f"{_LEARN}/application-gateway-backend-health"
BACKEND_SETTINGS = f"{_LEARN}/configuration-http-settings"
DNS = f"{_LEARN}/application-gateway-dns-resolution"
KEY_VAULT = f"{_LEARN}/key-vault-certs"
PROBES = f"{_LEARN}/application-gateway-probe-overview"
SELF_SIGNED = f"{_LEARN}/self-signed-certificates"
TLS_OVERVIEW = f"{_LEARN}/ssl-overview"
V1_RETIREMENT = f"{_LEARN}/v1-retirement"
PROVISIONING = f"{_TROUBLESHOOT}/application-gateway-troubleshooting-failed-state"
TLS_VERSIONS = f"{_LEARN}/application-gateway-tls-version-retirement"
UPLOADED_CERTIFICATES = f"{_LEARN}/certificates-for-backend-authentication"

OPENSSL_VERIFY = "https://docs.openssl.org/3.0/man1/openssl-verification-options/"
OPENSSL_ERRORS = "https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/"
RFC_CERTIFICATE = "https://www.rfc-editor.org/rfc/rfc5280#section-4.1"
RFC_HTTP_MESSAGE = "https://www.rfc-editor.org/rfc/rfc9112#section-2"
RFC_SERVER_NAME = "https://www.rfc-editor.org/rfc/rfc6066#section-3"
RFC_TLS_ALERTS = "https://www.rfc-editor.org/rfc/rfc8446#section-6"
RFC_TLS_CERTIFICATES = "https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2"
