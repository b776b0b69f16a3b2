"""Recipes for web servers and for programs that read certificate files.

Unknown paths are shell variables that the reader sets once (`F=...`), so that the commands after
them can be copied unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.fixsteps.values import Language, Recipe, ServerKind, Template

_PS = Language.POWERSHELL
_BACK_UP = Template(text="Keep a copy of the old file.", command='cp -p "$F" "$F.bak"')
_REPLACE = Template(text="Put the new file in its place.", command='cp <chainfile> "$F"')
_PUT_BACK = 'cp -p "$F.bak" "$F"'

PFX = Template(
    text=(
        "Pack chain and key into one PFX file; key.pem is the server's private key, which never "
        "leaves the server."
    ),
    command="openssl pkcs12 -export -in <chainfile> -inkey key.pem -out site.pfx",
)

_NGINX = Recipe(
    title="Install the chain on nginx",
    steps=(
        Template(
            text="Find the file that the site uses.",
            command="nginx -T 2>/dev/null | grep -E 'server_name|ssl_certificate '",
        ),
        Template(
            text="Set F to the path after ssl_certificate.",
            command="F=/etc/nginx/tls/fullchain.pem",
        ),
        _BACK_UP,
        _REPLACE,
        Template(
            text="Test the configuration and reload; no connection is cut.",
            command="nginx -t && nginx -s reload",
        ),
    ),
    undo=(
        Template(
            text="Put the old file back and reload.", command=f"{_PUT_BACK} && nginx -s reload"
        ),
    ),
)
_APACHE = Recipe(
    title="Install the chain on Apache",
    steps=(
        Template(
            text="Find the file that the site uses.",
            command="grep -rnE 'ServerName|SSLCertificate' /etc/apache2 /etc/httpd 2>/dev/null",
        ),
        Template(
            text="Set F to the path after SSLCertificateFile.", command="F=/etc/ssl/certs/site.pem"
        ),
        _BACK_UP,
        _REPLACE,
        Template(
            text=(
                "Remove SSLCertificateChainFile where it is set; since 2.4.8 the chain belongs "
                "into SSLCertificateFile."
            )
        ),
        Template(
            text="Test the configuration and reload.",
            command="apachectl configtest && apachectl graceful",
        ),
    ),
    undo=(
        Template(
            text="Put the old file back and reload.", command=f"{_PUT_BACK} && apachectl graceful"
        ),
    ),
)
_HAPROXY = Recipe(
    title="Install the chain on HAProxy",
    steps=(
        Template(
            text="Find the file after crt; it holds certificate, chain and key.",
            command="grep -n 'crt ' /etc/haproxy/haproxy.cfg",
        ),
        Template(text="Set F to that path.", command="F=/etc/haproxy/certs/site.pem"),
        Template(
            text="Keep a copy elsewhere: of a folder HAProxy loads every file.",
            command='cp -p "$F" ~/site.pem.bak',
        ),
        Template(
            text="Take the key out of it.",
            command='(umask 077; openssl pkey -in "$F" -out site.key)',
        ),
        Template(
            text="Write chain and key together.",
            command='cat <chainfile> site.key > "$F" && rm site.key',
        ),
        Template(
            text="Test and reload.",
            command="haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy",
        ),
    ),
    undo=(
        Template(
            text="Put the old file back and reload.",
            command='cp -p ~/site.pem.bak "$F" && systemctl reload haproxy',
        ),
    ),
)
_IIS = Recipe(
    title="Install the intermediates on IIS / Windows",
    steps=(
        Template(
            text="In PowerShell as administrator, read the file.",
            command="$pem = Get-Content -Raw <chainfile>",
            language=_PS,
        ),
        Template(
            text="Split it into certificates.",
            command=(
                "$all = [regex]::Matches($pem, '(?s)-----BEGIN CERTIFICATE-----.*?-----END "
                "CERTIFICATE-----').Value"
            ),
            language=_PS,
        ),
        Template(
            text="Write the intermediates, all but the first, to files of their own.",
            command=(
                "$n = 0; $all | Select-Object -Skip 1 | ForEach-Object { $n++; Set-Content "
                '"appgw-int$n.cer" $_ }'
            ),
            language=_PS,
        ),
        Template(
            text="Import them as intermediates of the machine, never as roots.",
            command=(
                "Get-ChildItem appgw-int*.cer | Import-Certificate -CertStoreLocation "
                "Cert:\\LocalMachine\\CA"
            ),
            language=_PS,
        ),
        Template(
            text=(
                "If the server's own certificate is new too, import its PFX and choose it in the "
                "site's https binding."
            )
        ),
        Template(
            text="Restart, so that Windows rebuilds the chain; sites pause for seconds.",
            command="iisreset",
            language=_PS,
        ),
    ),
    undo=(
        Template(
            text=(
                "In certlm.msc, under Intermediate Certification Authorities, delete what was "
                "imported; then restart."
            )
        ),
        Template(text="Restart.", command="iisreset", language=_PS),
    ),
    proof=(
        Template(text="Do not verify with a browser on Windows: it fetches missing intermediates."),
    ),
)
_TOMCAT = Recipe(
    title="Install the chain in Tomcat / Java",
    steps=(
        Template(
            text=(
                "Create a new keystore from chain and key; key.pem is the server's private key. "
                "Give it the old keystore's password."
            ),
            command=(
                "openssl pkcs12 -export -in <chainfile> -inkey key.pem -name tomcat -out ks.p12"
            ),
        ),
        Template(
            text="The chain length must be 2 or more.",
            command="keytool -list -v -keystore ks.p12 | grep 'chain length'",
        ),
        Template(
            text="Find certificateKeystoreFile in server.xml.",
            command="grep -n eystoreFile /etc/tomcat*/server.xml",
        ),
        Template(text="Set F to that path.", command="F=/etc/tomcat/ks.p12"),
        _BACK_UP,
        Template(
            text="Put the new keystore in its place and restart.",
            command='cp ks.p12 "$F" && systemctl restart tomcat',
        ),
    ),
    undo=(
        Template(
            text="Put the old keystore back and restart.",
            command=f"{_PUT_BACK} && systemctl restart tomcat",
        ),
    ),
)
_KESTREL = Recipe(
    title="Install the chain in Kestrel (.NET)",
    steps=(
        Template(
            text="Let the certificate's path be the whole chain.",
            command="export Kestrel__Certificates__Default__Path=<chainfile>",
        ),
        Template(
            text="Give the key beside it.",
            command="export Kestrel__Certificates__Default__KeyPath=key.pem",
        ),
        Template(
            text=(
                "Where code loads the certificate, set ServerCertificateChain beside "
                "ServerCertificate."
            )
        ),
        Template(
            text=(
                "On Windows, import the intermediates into the machine's CA store as well; see "
                "the IIS guide."
            )
        ),
        Template(text="Restart the application."),
    ),
    undo=(
        Template(text="Set the two variables back to what they were and restart the application."),
    ),
)
_NODE = Recipe(
    title="Install the chain in Node.js",
    steps=(
        Template(
            text="Give https.createServer the whole chain as cert; what is in ca is never sent.",
            command="const cert = fs.readFileSync('<chainfile>')",
            language=Language.CONFIG,
        ),
        Template(
            text="Use it beside the key.",
            command="https.createServer({ key, cert }, app)",
            language=Language.CONFIG,
        ),
        Template(text="Restart the application."),
    ),
    undo=(Template(text="Name the old file again and restart the application."),),
)
_OTHER = Recipe(
    title="Install the chain on the server",
    steps=(
        Template(
            text=(
                "Find where the server's certificate is configured; the server may be a load "
                "balancer in front of it."
            )
        ),
        Template(text="Keep a copy of the present certificate file."),
        Template(
            text=(
                "Install <chainfile> in place of the certificate alone; the private key stays as "
                "it is."
            )
        ),
        Template(text="Reload or restart the server."),
    ),
    undo=(Template(text="Put the copy back and reload."),),
)

WEB: Mapping[ServerKind, Recipe] = MappingProxyType(
    {
        ServerKind.NGINX: _NGINX,
        ServerKind.APACHE: _APACHE,
        ServerKind.HAPROXY: _HAPROXY,
        ServerKind.IIS: _IIS,
        ServerKind.TOMCAT: _TOMCAT,
        ServerKind.KESTREL: _KESTREL,
        ServerKind.NODE: _NODE,
        ServerKind.OTHER: _OTHER,
    }
)
