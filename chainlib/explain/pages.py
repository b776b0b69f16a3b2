"""URLs of public pages that state the rules, one constant each.

Each URL includes the section that states the rule. `finding_page` gives this project's own page
about a finding.
"""

from __future__ import annotations

from chainlib.findings import Code

_LEARN = "https://learn.microsoft.com/azure/application-gateway"
_TROUBLESHOOT = "https://learn.microsoft.com/troubleshoot/azure/application-gateway"
_ERRORS = f"{_TROUBLESHOOT}/application-gateway-backend-health-troubleshooting"
_SETTINGS = f"{_LEARN}/configuration-http-settings?tabs=backendhttpsettings"
_TLS = f"{_LEARN}/ssl-overview"
_PROBES = f"{_LEARN}/application-gateway-probe-overview"
_OPENSSL = "https://docs.openssl.org/3.0"
_RFC = "https://www.rfc-editor.org/rfc"

# Microsoft's page of backend health errors: one section for each message.
ERROR_MESSAGES = f"{_ERRORS}#error-messages"
ERROR_BODY = f"{_ERRORS}#http-response-body-mismatch"
ERROR_DNS = f"{_ERRORS}#dns-resolution-error"
ERROR_EXPIRED = f"{_ERRORS}#backend-certificate-has-expired"
ERROR_INTERMEDIATE_MISSING = f"{_ERRORS}#the-intermediate-certificate-was-not-found"
ERROR_INTERMEDIATE_UNKNOWN = (
    f"{_ERRORS}#the-intermediate-certificate-is-not-signed-by-a-publicly-known-ca"
)
ERROR_LEAF_MISSING = f"{_ERRORS}#the-leaf-or-server-certificate-was-not-found"
ERROR_NAME = f"{_ERRORS}#common-name-cn-doesnt-match"
ERROR_NO_ROOT_SENT = (
    f"{_ERRORS}#trusted-root-certificate-mismatch-no-root-certificate-on-the-backend-server"
)
ERROR_ORDER = f"{_ERRORS}#leaf-must-be-topmost-in-chain"
ERROR_PROXY = f"{_ERRORS}#proxy-protocol-unsupported"
ERROR_ROOT_SENT = (
    f"{_ERRORS}"
    "#trusted-root-certificate-mismatch-root-certificate-is-available-on-the-backend-server"
)
ERROR_SERVER_UNKNOWN = f"{_ERRORS}#server-certificate-is-not-issued-by-a-publicly-known-ca"
ERROR_STATUS = f"{_ERRORS}#http-status-code-mismatch"
ERROR_TCP = f"{_ERRORS}#tcp-connect-error"
ERROR_TIMEOUT = f"{_ERRORS}#backend-server-timeout"
ERROR_UNKNOWN = f"{_ERRORS}#backend-health-status-unknown"

BACKEND_HEALTH = f"{_LEARN}/application-gateway-backend-health#backend-health-report"
EMPTY_POOL = f"{_TROUBLESHOOT}/troubleshoot-http-502-bad-gateway#step-1b"
FAILED_STATE = (
    f"{_TROUBLESHOOT}/troubleshoot-appgw-failed-state-issues"
    "#how-to-identify-the-last-failed-operation"
)
KEY_VAULT_ROOT = (
    "https://learn.microsoft.com/python/api/azure-mgmt-network/"
    "azure.mgmt.network.models.applicationgatewaytrustedrootcertificatepropertiesformat"
    "#variables"
)
PROBE_EACH_SERVER = f"{_PROBES}#default-health-probe"
PROBE_THRESHOLD = f"{_PROBES}#default-health-probe-settings"
SETTING_PROTOCOL = f"{_SETTINGS}#protocol"
SETTING_ROOTS = f"{_SETTINGS}#trusted-root-certificate"
SETTING_VALIDATION = f"{_SETTINGS}#backend-https-validation-settings"
SNI_OF_LIVE_TRAFFIC = f"{_TLS}#for-live-traffic"
SNI_OF_PROBE = f"{_TLS}#for-probe-traffic"
TLS_OF_V1 = f"{_TLS}#end-to-end-tls-with-the-v1-sku"
TLS_OF_V2 = f"{_TLS}#end-to-end-tls-with-the-v2-sku"
TLS_VERSIONS = f"{_LEARN}/application-gateway-tls-version-retirement#backend-tls-connections"
UPLOADED_ROOT = (
    f"{_LEARN}/certificates-for-backend-authentication#export-trusted-root-certificate-for-v2-sku"
)
V1_RETIREMENT = f"{_LEARN}/v1-retirement#retirement-timelines"

LETS_ENCRYPT_RENEWAL = "https://letsencrypt.org/docs/integration-guide/#when-to-renew"
NGINX_HEADER_BUFFER = "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffer_size"
OPENSSL_ANCHORS = f"{_OPENSSL}/man1/openssl-verification-options/#trust-anchors"
OPENSSL_ERRORS = f"{_OPENSSL}/man3/X509_STORE_CTX_get_error/#error-codes"
OPENSSL_LEVELS = f"{_OPENSSL}/man3/SSL_CTX_set_security_level/#default-callback-behaviour"
OPENSSL_NAMES = f"{_OPENSSL}/man3/X509_check_host/#description"
PROXY_PROTOCOL = "https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt"

RFC_ADDED_NAMES = f"{_RFC}/rfc5280#section-4.2.1.6"
RFC_BASIC_CONSTRAINTS = f"{_RFC}/rfc5280#section-4.2.1.9"
RFC_CERTIFICATE = f"{_RFC}/rfc5280#section-4.1"
RFC_CERTIFICATE_KEY = f"{_RFC}/rfc8446#section-4.4.3"
RFC_CLIENT_CERTIFICATE = f"{_RFC}/rfc8446#section-4.4.2.4"
# RFC 9525 removes matching by common name; the gateway still falls back to it, as this older
# section describes.
RFC_COMMON_NAME = f"{_RFC}/rfc6125#section-6.4.4"
RFC_HTTP2_PREFACE = f"{_RFC}/rfc9113#section-3.4"
RFC_HTTP_MESSAGE = f"{_RFC}/rfc9112#section-2"
RFC_INTERNATIONAL_NAMES = f"{_RFC}/rfc5280#section-7.2"
RFC_ISSUERS = f"{_RFC}/rfc5280#section-6.1.4"
RFC_MISDIRECTED = f"{_RFC}/rfc9110#section-15.5.20"
RFC_NAME_CONSTRAINTS = f"{_RFC}/rfc5280#section-4.2.1.10"
RFC_RENEGOTIATION = f"{_RFC}/rfc5746#section-4.1"
RFC_SERVER_NAME = f"{_RFC}/rfc6066#section-3"
RFC_SIGNATURE = f"{_RFC}/rfc5280#section-6.1.3"
RFC_STARTTLS = f"{_RFC}/rfc8314#section-3"
RFC_TLS_ALERTS = f"{_RFC}/rfc8446#section-6.2"
RFC_TLS_CERTIFICATES = f"{_RFC}/rfc8446#section-4.4.2"
RFC_TLS_CIPHERS = f"{_RFC}/rfc8446#section-4.1.1"
RFC_WILDCARD = f"{_RFC}/rfc9525#section-6.3"

FINDINGS = "https://github.com/appgw-check/appgw-check/blob/main/docs/findings"


def finding_page(code: Code) -> str:
    """This project's page about a code (docs/findings/)."""
    return f"{FINDINGS}/{code}.md"
