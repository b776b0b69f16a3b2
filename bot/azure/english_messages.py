"""Fragments of Azure's English backend health messages, by finding code. Data only.

The texts are those of azure-rules section 1, the reason texts of the health probe and the error
pages of the nginx under a v2 gateway. Other languages are in `foreign_messages`. `messages` matches
the fragments against normalised text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib import Code

_WITHIN = r"(?:[^.]|\.\S){0,200}"
"""Matches within one sentence; the dot in a host name does not end it."""

ENGLISH: Mapping[Code, tuple[str, ...]] = MappingProxyType(
    {
        Code.HEALTH_UNKNOWN: (
            r"health(?: status)? could not be retrieved",
            r"application gateway not reachable\.",
        ),
        Code.DNS_FAILED: (
            r"could not create a probe",
            r"\bfqdn could not be resolved",
            r"host not found in upstream",
        ),
        Code.TCP_FAILED: (
            r"(?:could not|unable to) connect to (?:the )?(?:backend|server)",
            r"server (?:address|port) could not be reached",
            r"connect\(\) failed \([0-9]{1,3}:",
            r"upstream timed ?out \(110:[^)]{1,60}\) while connecting",
        ),
        Code.PROBE_TIMEOUT: (
            r"time taken by (?:the )?backend",
            r"\bprobe time(?:d )?out(?:\.|$)",
            r"upstream timed ?out \(110:[^)]{1,60}\) while reading response",
        ),
        Code.HTTP_BODY_MISMATCH: (
            r"body of the backends http response",
            r"response body does not contain",
            r"probe response body mismatch",
        ),
        Code.HTTP_STATUS_MISMATCH: (
            r"status code of the backend",
            r"received invalid status code",
            r"probe status code mismatch",
        ),
        Code.NAME_MISMATCH: (
            rf"common name{_WITHIN} does not match",
            r"invalid certificate - invalid cn\b",
            r"upstream ssl certificate does not match",
        ),
        Code.CERTIFICATE_EXPIRED: (
            r"current date is not within",
            r"backend (?:server )?certificate (?:has |is )?expired",
        ),
        Code.INTERMEDIATE_MISSING: (
            r"(?<!no\x20)intermediate certificates? (?:(?:is|are|was|were) )?missing from",
            r"(?<!no\x20)intermediate certificate is missing",
            r"incomplete certificate chain,? including only the leaf",
        ),
        Code.LEAF_MISSING: (
            r"leaf certificate (?:(?:is|was) missing|missing from)",
            r"certificate chain,? (?:is )?missing (?:the |its )?leaf certificate",
        ),
        Code.LEAF_NOT_FIRST: (r"leaf certificate is not (?:the )?topmost",),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: (
            r"intermediate certificate (?:is )?not signed by any (?:of the )?(?:uploaded )?root",
        ),
        Code.INTERMEDIATE_UNKNOWN_CA: (
            r"intermediate certificate (?:is )?not signed by a well-known",
        ),
        Code.SERVER_UNKNOWN_CA: (
            r"server certificate(?: used by the backend)? is not signed by a well-known",
            r"invalid certificate - invalid ca\b",
        ),
        Code.ROOT_MISMATCH: (
            rf"root certificate of the server certificate{_WITHIN} does not match",
        ),
        Code.UPLOADED_ROOT_UNUSABLE: (
            r"could not find any certificate-related information in the trusted root",
            r"trusted root certificates? could not be loaded",
        ),
        Code.VERIFY_FAILED: (
            r"validity of (?:the )?backend certificate could not be verified",
            r"openssl[^.]{0,200}error code",
            r"certificate verify error: ?\([0-9]",
            r"verify error: ?num=[0-9]",
            r"verify return code: [1-9]",
            r"error [1-9][0-9]{0,3} at [0-9]{1,2} depth lookup",
        ),
        Code.PROXY_PROTOCOL_EXPECTED: (r"proxy protocol header",),
        Code.AUTH_CERTIFICATE_MISMATCH: (
            r"certificate is not (?:whitelist|allowlist)ed",
            r"certificate needs to be (?:whitelist|allowlist)ed",
            r"https probe connection error",
        ),
        Code.CERTIFICATE_INVALID: (r"certificate (?:has been|is|was) marked (?:as )?invalid",),
        Code.OK: (
            r"(?<!no )(?<!not )(?<!without )\bsuccess\. received (?:[0-9]{3} )?status code",
            r"(?:^|log ?: ?)success\.?(?=$|[ ,}\]])",
        ),
    }
)
OLDER_MESSAGES = (
    (
        Code.NAME_MISMATCH,
        (
            "The Common Name (CN) of the backend server certificate does not match the host header "
            "entered in the health probe configuration (v2 SKU) or the FQDN in the backend pool "
            "(v1 SKU)."
        ),
    ),
)
"""Whole messages of older editions whose beginning differs from today's."""
NAMES: Mapping[str, Code] = MappingProxyType(
    {
        "unknown": Code.UNRECOGNISED,
        "timeout": Code.PROBE_TIMEOUT,
        "hostnamenotresolved": Code.DNS_FAILED,
        "addressnotreachable": Code.TCP_FAILED,
        "portnotreachable": Code.TCP_FAILED,
        "servernotreachable": Code.TCP_FAILED,
        "httpstatuscodemismatch": Code.HTTP_STATUS_MISMATCH,
        "httpstatuscodemismatchwithstatuscode": Code.HTTP_STATUS_MISMATCH,
        "httpresponsebodymismatch": Code.HTTP_BODY_MISMATCH,
        "httpresponsebodymismatchwithbody": Code.HTTP_BODY_MISMATCH,
        "backendservercertificatenotwhitelisted": Code.AUTH_CERTIFICATE_MISMATCH,
        "backendservercertificatenotallowlisted": Code.AUTH_CERTIFICATE_MISMATCH,
        "backendcertinvalidca": Code.SERVER_UNKNOWN_CA,
        "backendcertinvalidcn": Code.NAME_MISMATCH,
        "backendsecureconnectionerror": Code.AUTH_CERTIFICATE_MISMATCH,
        "gatewaynotreachable": Code.HEALTH_UNKNOWN,
        "certverificationfailed": Code.VERIFY_FAILED,
        "backendservercertificatenottrustedbyrootcertificates": Code.ROOT_MISMATCH,
        "backendservercertificatenottrustedbywellknowncas": Code.SERVER_UNKNOWN_CA,
        "certificatenottrustedbywellknownca": Code.SERVER_UNKNOWN_CA,
        "trustedcertsnotloaded": Code.UPLOADED_ROOT_UNUSABLE,
        "backendcertificatecnmismatchwithprobehostname": Code.NAME_MISMATCH,
        "backendservercertificateexpired": Code.CERTIFICATE_EXPIRED,
        "incorrectbackendcertificatechainleafcertificateisnottopmostcertificate": (
            Code.LEAF_NOT_FIRST
        ),
        "incorrectbackendcertificatechainmissingleafcertificate": Code.LEAF_MISSING,
        "incompletebackendcertificatechainonlyleafcertificateispresent": (
            Code.INTERMEDIATE_MISSING
        ),
        "success": Code.OK,
        "successwithstatuscode": Code.OK,
    }
)
"""ARM's `healthProbeErrorName` in lower case -> code."""
FAMILIES: Mapping[str, Code] = MappingProxyType(
    {
        "httpstatuscodemismatch": Code.HTTP_STATUS_MISMATCH,
        "httpresponsebodymismatch": Code.HTTP_BODY_MISMATCH,
    }
)
"""Prefixes of error names whose endings differ between editions."""
INCOMPLETE = "duetoincomplete"
"""Part of an error name that means: the chain is not trusted because intermediates are missing."""
