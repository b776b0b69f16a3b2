"""Fragments of Azure's messages in German, Spanish, French, Italian and Japanese, by code.

Data only: the translations that Microsoft's pages print in each language beside or instead of the
English text. `messages` matches them like the English ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib import Code

_WITHIN = r"(?:[^.]|\.\S){0,200}"
"""Matches within one sentence; the dot in a host name does not end it."""

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
        Code.HTTP_STATUS_MISMATCH: (
            r"statuscode der http-antwort des backends",
            r"teststatuscode-konflikt",
        ),
        Code.NAME_MISMATCH: (rf"allgemeine name \(cn\){_WITHIN} stimmt? nicht",),
        Code.CERTIFICATE_EXPIRED: (
            r"aktuelle datum (?:entspricht nicht|liegt nicht|befindet sich nicht)",
        ),
        Code.INTERMEDIATE_MISSING: (
            r"zwischenzertifikat fehlt in der",
            r"in der zertifikatkette[^.]{0,80} fehlt das zwischenzertifikat",
        ),
        Code.LEAF_MISSING: (
            r"blattzertifikat fehlt in der",
            r"in der zertifikatkette[^.]{0,80} fehlt das blattzertifikat",
        ),
        Code.LEAF_NOT_FIRST: (r"blattzertifikat ist nicht das oberste",),
        Code.SERVER_UNKNOWN_CA: (r"serverzertifikat ist nicht von einer bekannten",),
        Code.INTERMEDIATE_UNKNOWN_CA: (r"zwischenzertifikat ist nicht von einer bekannten",),
        Code.ROOT_MISMATCH: (
            rf"stammzertifikat des (?:vom backend verwendeten )?serverzertifikats{_WITHIN} stimmt",
        ),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: (
            r"zwischenzertifikat (?:ist|wurde) (?:nicht von einem|von keinem)[^.]{0,60}stammzertif",
        ),
        Code.VERIFY_FAILED: (r"gültigkeit des backend-?zertifikats konnte nicht",),
        Code.HEALTH_UNKNOWN: (
            r"backend-?integritätsstatus konnte nicht abgerufen",
            r"integritätsstatus des backends? konnte nicht abgerufen",
        ),
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
        Code.INTERMEDIATE_MISSING: (
            r"falta el certificado intermedio en la cadena",
            r"certificado intermedio (?:falta|no está|no se encuentra) en la cadena",
        ),
        Code.LEAF_MISSING: (
            r"falta el certificado (?:de )?hoja en la cadena",
            r"certificado (?:de )?hoja (?:falta|no está|no se encuentra) en la cadena",
        ),
        Code.LEAF_NOT_FIRST: (
            r"certificado (?:de )?hoja no es el (?:que está )?(?:más|super|prim)",
        ),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: (
            r"certificado intermedio no está firmado por ningún certificado raíz",
        ),
        Code.INTERMEDIATE_UNKNOWN_CA: (
            r"certificado intermedio no está firmado por una (?:entid|autorid)ad de certificación",
        ),
        Code.HEALTH_UNKNOWN: (r"no se pudo recuperar el estado de[^.]{0,40} backend",),
        Code.SERVER_UNKNOWN_CA: (
            r"entidad de certificación conocida no (?:ha firmado|firma) el certificado de servidor",
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
        Code.LEAF_MISSING: (r"certificat feuille est (?:manquant dans|absent de) la chaîne",),
        Code.LEAF_NOT_FIRST: (
            r"certificat feuille nest pas le (?:certificat )?(?:plus|prem|supér)",
        ),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: (
            r"certificat intermédiaire nest (?:pas )?signé par aucun certificat racine",
        ),
        Code.INTERMEDIATE_UNKNOWN_CA: (
            r"certificat intermédiaire nest pas signé par une autorité de certification",
        ),
        Code.HEALTH_UNKNOWN: (
            r"létat dintégrité du backend na pas pu être récupéré",
            r"impossible de récupérer létat dintégrité du backend",
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
        Code.INTERMEDIATE_MISSING: (
            r"certificato intermedio (?:è )?(?:mancante|manca|assente)",
            r"certificato intermedio non è presente nella catena",
        ),
        Code.LEAF_MISSING: (
            r"certificato foglia (?:è )?(?:mancante|manca|assente)",
            r"certificato foglia non è presente nella catena",
        ),
        Code.LEAF_NOT_FIRST: (r"certificato foglia non è (?:il |quello )?(?:più|prim|super)",),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: (
            r"certificato intermedio non è firmato da (?:alcun|nessun) certificato radice",
        ),
        Code.INTERMEDIATE_UNKNOWN_CA: (
            r"certificato intermedio non è firmato da unautorità di certificazione",
        ),
        Code.HEALTH_UNKNOWN: (
            r"non è stato possibile recuperare lo stato (?:di integrità )?del backend",
            r"impossibile recuperare lo stato (?:di integrità )?del backend",
        ),
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
        Code.LEAF_MISSING: (r"リーフ証明書が[^。]{0,80}(?:ありません|見つかりません|不足)",),
        Code.LEAF_NOT_FIRST: (r"リーフ証明書が[^。]{0,80}最上位",),
        Code.HEALTH_UNKNOWN: (
            r"バックエンドの?正常性(?:の)?(?:状態|状況|ステータス)を(?:取得|確認)できません",
        ),
        Code.VERIFY_FAILED: (r"バックエンド証明書の有効性を(?:検証|確認)できません",),
    }
)

OTHER_LANGUAGES = (GERMAN, SPANISH, FRENCH, ITALIAN, JAPANESE)
