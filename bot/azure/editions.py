"""What Azure writes about a backend, as fragments of normalised text by code.

Facts only: which words stand for which code. English editions are those of azure-rules section 1,
the health probe's own reason texts and the words of the nginx under a v2 gateway; the translations
are those that Microsoft's pages in each language print beside or in place of the English text.
`messages` says how the fragments are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib import Code

_WITHIN = r"(?:[^.]|\.\S){0,200}"
"""A stretch of one sentence; the dot in a host name ends none."""

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
            r"could not connect to (?:the )?(?:backend|server)",
            r"server (?:address|port) could not be reached",
        ),
        Code.PROBE_TIMEOUT: (r"time taken by (?:the )?backend", r"\bprobe timeout(?:\.|$)"),
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
            r"intermediate certificate is missing",
            r"incomplete certificate chain,? including only the leaf",
        ),
        Code.LEAF_MISSING: (r"leaf certificate is missing",),
        Code.LEAF_NOT_FIRST: (r"leaf certificate is not the topmost",),
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
        ),
        Code.VERIFY_FAILED: (
            r"validity of the backend certificate could not be verified",
            r"openssl[^.]{0,200}error code",
            r"certificate verify error: ?\([0-9]",
            r"verify error: ?num=[0-9]",
            r"verify return code: [1-9]",
        ),
        Code.PROXY_PROTOCOL_EXPECTED: (r"proxy protocol header",),
        Code.AUTH_CERTIFICATE_MISMATCH: (
            r"certificate is not (?:whitelist|allowlist)ed",
            r"certificate needs to be (?:whitelist|allowlist)ed",
            r"https probe connection error",
        ),
        Code.CERTIFICATE_INVALID: (r"certificate (?:has been|is|was) marked invalid",),
        Code.OK: (
            r"(?<!no )(?<!not )(?<!without )\bsuccess\. received (?:[0-9]{3} )?status code",
            r"(?:^|log ?: ?)success\.?(?=$|[ ,}\]])",
        ),
    }
)
GERMAN: Mapping[Code, tuple[str, ...]] = MappingProxyType(
    {
        Code.DNS_FAILED: (r"konnte keinen? (?:test|probe|sonde) für dieses backend erstellen",),
        Code.TCP_FAILED: (
            r"konnte keine verbindung (?:mit|zu|zum) (?:dem )?backend(?:-?server)? herstellen",
        ),
        Code.PROBE_TIMEOUT: (r"zeit, die das backend für die (?:reaktion|antwort)",),
        Code.HTTP_BODY_MISMATCH: (
            r"text der http-antwort des backends",
            r"empfangene antworttext enthält",
        ),
        Code.HTTP_STATUS_MISMATCH: (r"statuscode der http-antwort des backends",),
        Code.NAME_MISMATCH: (rf"allgemeine name \(cn\){_WITHIN} stimmt? nicht",),
        Code.CERTIFICATE_EXPIRED: (
            r"aktuelle datum (?:entspricht nicht|liegt nicht|befindet sich nicht)",
        ),
        Code.INTERMEDIATE_MISSING: (r"zwischenzertifikat fehlt in der",),
        Code.LEAF_MISSING: (r"blattzertifikat fehlt in der",),
        Code.LEAF_NOT_FIRST: (r"blattzertifikat ist nicht das oberste",),
        Code.SERVER_UNKNOWN_CA: (r"serverzertifikat ist nicht von einer bekannten",),
        Code.INTERMEDIATE_UNKNOWN_CA: (r"zwischenzertifikat ist nicht von einer bekannten",),
        Code.ROOT_MISMATCH: (rf"stammzertifikat des serverzertifikats{_WITHIN} stimmt nicht",),
        Code.VERIFY_FAILED: (r"gültigkeit des backend-?zertifikats konnte nicht",),
        Code.HEALTH_UNKNOWN: (r"backend-?integritätsstatus konnte nicht abgerufen",),
    }
)
SPANISH: Mapping[Code, tuple[str, ...]] = MappingProxyType(
    {
        Code.DNS_FAILED: (r"no pudo crear un sondeo para este backend",),
        Code.TCP_FAILED: (r"no (?:se )?pudo conectar(?:se)? (?:al|con el) (?:servidor )?backend",),
        Code.PROBE_TIMEOUT: (r"tiempo que tarda el (?:servidor )?backend en responder",),
        Code.HTTP_BODY_MISMATCH: (
            r"cuerpo de la respuesta http del backend",
            r"cuerpo de (?:la )?respuesta recibid[oa] no contiene",
        ),
        Code.HTTP_STATUS_MISMATCH: (
            r"código de estado de la respuesta http del backend",
            r"error de coincidencia de código de estado de sondeo",
        ),
        Code.NAME_MISMATCH: (rf"nombre común \(cn\){_WITHIN} no coincide",),
        Code.CERTIFICATE_EXPIRED: (r"fecha actual (?:no )?est[áa] dentro del intervalo de fechas",),
        Code.INTERMEDIATE_MISSING: (r"falta el certificado intermedio en la cadena",),
        Code.LEAF_MISSING: (r"falta el certificado de hoja en la cadena",),
        Code.SERVER_UNKNOWN_CA: (
            r"entidad de certificación conocida no firma el certificado de servidor",
            r"certificado de servidor[^.]{0,80} no está firmado por una entidad de certificación",
        ),
        Code.ROOT_MISMATCH: (
            rf"certificado raíz del certificado de(?:l)? servidor{_WITHIN} no coincide",
        ),
        Code.VERIFY_FAILED: (r"no se pudo comprobar la validez del certificado de(?:l)? backend",),
    }
)
FRENCH: Mapping[Code, tuple[str, ...]] = MappingProxyType(
    {
        Code.DNS_FAILED: (r"na pas pu créer de sonde pour ce backend",),
        Code.TCP_FAILED: (r"na pas pu se connecter au (?:serveur )?backend",),
        Code.PROBE_TIMEOUT: (r"temps pris par le (?:serveur )?backend pour répondre",),
        Code.HTTP_BODY_MISMATCH: (
            r"corps de la réponse http du backend",
            r"corps de la réponse reçue ne contient pas",
        ),
        Code.HTTP_STATUS_MISMATCH: (
            r"code détat de la réponse http du backend",
            r"non-correspondance du code détat de la sonde",
        ),
        Code.NAME_MISMATCH: (rf"nom commun \(cn\){_WITHIN} ne correspond pas",),
        Code.CERTIFICATE_EXPIRED: (r"date actuelle ne sinscrit pas dans la plage",),
        Code.INTERMEDIATE_MISSING: (
            r"certificat intermédiaire est manquant dans la chaîne",
            r"certificat intermédiaire est absent de la chaîne",
        ),
        Code.SERVER_UNKNOWN_CA: (
            rf"certificat de serveur{_WITHIN} nest pas signé par une autorité de certification",
        ),
        Code.ROOT_MISMATCH: (
            rf"certificat racine du certificat de serveur{_WITHIN} ne correspond pas",
        ),
        Code.VERIFY_FAILED: (r"validité du certificat du backend na pas pu être vérifiée",),
    }
)
ITALIAN: Mapping[Code, tuple[str, ...]] = MappingProxyType(
    {
        Code.DNS_FAILED: (r"non è riuscito a creare un probe per questo backend",),
        Code.TCP_FAILED: (r"non è riuscito a connettersi al (?:server )?backend",),
        Code.PROBE_TIMEOUT: (r"tempo impiegato dal (?:server )?backend per rispondere",),
        Code.HTTP_BODY_MISMATCH: (
            r"corpo della risposta http (?:del )?backend",
            r"corpo della risposta ricevuta? non contiene",
        ),
        Code.HTTP_STATUS_MISMATCH: (
            r"codice di stato della risposta http (?:del )?backend",
            r"mancata corrispondenza del codice di stato",
        ),
        Code.NAME_MISMATCH: (rf"nome comune \(cn\){_WITHIN} non corrisponde",),
        Code.CERTIFICATE_EXPIRED: (r"data corrente non è compresa nell",),
        Code.INTERMEDIATE_MISSING: (r"certificato intermedio (?:è )?(?:mancante|manca|assente)",),
        Code.SERVER_UNKNOWN_CA: (
            rf"certificato (?:del )?server{_WITHIN} non è firmato da unautorità di certificazione",
        ),
        Code.ROOT_MISMATCH: (
            rf"certificato radice del certificato del server{_WITHIN} non corrisponde",
        ),
        Code.VERIFY_FAILED: (r"verificare la validità del certificato (?:del )?backend",),
    }
)
JAPANESE: Mapping[Code, tuple[str, ...]] = MappingProxyType(
    {
        Code.DNS_FAILED: (r"このバックエンドに対する(?: ?probe ?|プローブ)を作成できません",),
        Code.TCP_FAILED: (r"バックエンド(?: ?サーバー)?に接続できません",),
        Code.PROBE_TIMEOUT: (r"正常性(?: ?probe ?|プローブ)に応答するのにかかる時間",),
        Code.HTTP_BODY_MISMATCH: (r"http 応答の本文が", r"受信した応答本文に"),
        Code.HTTP_STATUS_MISMATCH: (
            r"http 応答の状態コードが",
            r"(?:probe|プローブ) ?(?:の)?状態コードの不一致",
        ),
        Code.NAME_MISMATCH: (r"共通名 ?\(cn\) ?が[^。]{0,200}一致しません",),
        Code.CERTIFICATE_EXPIRED: (r"現在の日付が[^。]{0,120}範囲内(?:では|に)",),
        Code.SERVER_UNKNOWN_CA: (
            r"サーバー証明書が[^。]{0,30}既知の証明機関[^。]{0,20}署名されていません",
        ),
        Code.ROOT_MISMATCH: (r"サーバー証明書のルート証明書が[^。]{0,200}一致しません",),
        Code.INTERMEDIATE_MISSING: (r"中間証明書が[^。]{0,80}(?:ありません|見つかりません|不足)",),
        Code.VERIFY_FAILED: (r"バックエンド証明書の有効性を(?:検証|確認)できません",),
    }
)
LANGUAGES = (ENGLISH, GERMAN, SPANISH, FRENCH, ITALIAN, JAPANESE)

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
"""ARM's `healthProbeErrorName`, folded -> code; the error names of the gateway's own probe."""
FAMILIES: Mapping[str, Code] = MappingProxyType(
    {
        "httpstatuscodemismatch": Code.HTTP_STATUS_MISMATCH,
        "httpresponsebodymismatch": Code.HTTP_BODY_MISMATCH,
    }
)
"""Beginnings of names whose endings differ from edition to edition."""
INCOMPLETE = "duetoincomplete"
"""In a name: a chain that is not trusted because certificates in its middle are missing."""
