"""A name that stands in a certificate is not the machine that was asked."""

from __future__ import annotations

import pytest

from bot.commands.alerts import read_alert

ASKED, HELD, OTHER = "till5.adatum.org", "till1.adatum.org", "www.adatum.org"
REPORTS = {
    "Go": "x509: certificate is valid for {held}, not {asked}",
    "Go, two names": "tls: x509: certificate is valid for {held}, {other}, not {asked}",
    "Go, URL": 'Get "https://{asked}/a": x509: certificate is valid for {held}, not {asked}',
    "Go, another server name": (
        'Post "https://{asked}/a": x509: certificate is valid for {held}, not sni.adatum.org'
    ),
    "Node": (
        "Hostname/IP does not match certificate's altnames: Host: {asked}. is not in the cert's "
        "altnames: DNS:{held}, DNS:{other}"
    ),
    "OkHttp": "Hostname {asked} not verified:\nDN: CN={held}\nsubjectAltNames: [{held}, {other}]",
    "Java": "No subject alternative DNS name matching {asked} found.",
    "Apache client": (
        "Certificate for <{asked}> doesn't match any of the subject alternative names: [{held}]"
    ),
    "old Apache client": (
        "hostname in certificate didn't match: <{asked}> != <{held}> OR <{other}>"
    ),
    "Python": "CertificateError: hostname '{asked}' doesn't match either of '{held}', '{other}'",
    "curl": "SSL: certificate subject name '{held}' does not match target host name '{asked}'",
    "wget": "certificate common name '{held}' doesn't match requested host name '{asked}'.",
    "PHP": (
        "stream_socket_client(): Peer certificate CN=`{held}' did not match expected CN=`{asked}'"
    ),
    "OpenSSL": (
        "depth=0 CN = {held}\nverify error:num=62:hostname mismatch\n"
        "openssl s_client -connect {asked}:443"
    ),
    "rustls": (
        'invalid peer certificate: not valid for name "{asked}"; '
        'certificate is only valid for DnsName("{held}")'
    ),
    "Firefox": (
        "The certificate is not valid for {asked}. It is only valid for the following names: "
        "{held}, {other}"
    ),
    "Chrome": "ERR_CERT_COMMON_NAME_INVALID at https://{asked}, cert is from {held}",
    "presents": "{asked} presents the certificate of {held}",
    "got": "{asked} got the wrong certificate from {held}",
    "has": "Certificate name mismatch: requested {asked}, certificate has {held}",
    "in the certificate": "asked for {asked}, {held} in the certificate, 502",
    "names beside the machine": "Certificate expiry: {asked}\nSANs: {asked}, {other}\nin 5 days",
    "certificate of": "the certificate of {held} does not match {asked}",
    "list below a label": (
        "TLS fails on {asked}\nX509v3 Subject Alternative Name:\n    DNS:{held}, DNS:{other}"
    ),
    "nothing else asked": "the certificate issued for {asked} expired",
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_report_of_a_wrong_name_asks_the_machine(report: str) -> None:
    text = report.format(asked=ASKED, held=HELD, other=OTHER)
    target = read_alert({"text": text}).target
    assert target is not None
    assert target.host == ASKED
