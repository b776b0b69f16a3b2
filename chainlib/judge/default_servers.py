"""Table of the default certificates of routers, development servers and platforms.

Each row names the public source.
"""

from __future__ import annotations

from chainlib.judge.default_rows import DefaultCertificate, DefaultKind, rows

_router, _development = rows(DefaultKind.ROUTER), rows(DefaultKind.DEVELOPMENT)
_platform = rows(DefaultKind.PLATFORM)
_GITHUB = "https://github.com"
_PLESK = (
    "https://www.plesk.com/kb/docs/plesk-single-server-post-install-configuration-ssl-tls-"
    "certificates-securing-plesk/"
)
_CPANEL = "https://docs.cpanel.net/whm/service-configuration/manage-service-ssl-certificates/"
_LEARN = "https://learn.microsoft.com"
_LOCAL_NAMES = (
    "localhost *.localhost localhost.localdomain localhost4 localhost6 *.dev.internal "
    "host.docker.internal host.containers.internal"
)

SERVERS: tuple[DefaultCertificate, ...] = (
    _router(
        "ingress-nginx (Kubernetes)",
        f"{_GITHUB}/kubernetes/ingress-nginx/blob/main/internal/net/ssl/ssl.go",
        cn="kubernetes ingress controller fake certificate",
    ),
    _router(
        "Traefik",
        f"{_GITHUB}/traefik/traefik/blob/master/pkg/tls/generate/generate.go",
        cn="traefik default cert",
    ),
    _router(
        "Caddy (its internal CA)",
        f"{_GITHUB}/caddyserver/caddy/blob/master/modules/caddypki/ca.go",
        issuer_cn="caddy local authority*",
    ),
    _router(
        "the NGINX Ingress Controller",
        f"{_GITHUB}/nginx/kubernetes-ingress/blob/main/docs",
        cn="nginxingresscontroller",
    ),
    _router(
        "Nginx Proxy Manager", f"{_GITHUB}/NginxProxyManager/nginx-proxy-manager", o="nginx proxy *"
    ),
    _router(
        "an ingress controller",
        "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
        cn="*fake certificate*",
    ),
    _router("HAProxy Ingress", f"{_GITHUB}/jcmoraisjr/haproxy-ingress", cn="haproxy ingress*"),
    _router(
        "Kong",
        f"{_GITHUB}/Kong/kong/blob/master/kong/cmd/utils/prefix_handler.lua",
        o="kong",
        cn="localhost",
    ),
    _router(
        "the OpenShift router",
        "https://docs.okd.io/latest/security/certificate_types_descriptions/ingress-certificates.html",
        issuer_cn="ingress-operator@*",
    ),
    _router("k3s or Rancher", f"{_GITHUB}/rancher/dynamiclistener", o="dynamiclistener-org*"),
    _router(
        "k3s or Rancher", f"{_GITHUB}/rancher/dynamiclistener", issuer_o="dynamiclistener-org*"
    ),
    _router(
        "cert-manager (a temporary one until the real one is issued)",
        "https://cert-manager.io/docs/usage/certificate/",
        issuer_cn="cert-manager.local",
    ),
    _router(
        "Emissary-ingress (Ambassador)",
        "https://www.getambassador.io/docs/emissary",
        cn="ambassador-selfsigned",
    ),
    _router(
        "F5 BIG-IP",
        "https://my.f5.com/manage/s/article/K15664",
        cn="localhost.localdomain",
        o="mycompany",
    ),
    _router(
        "Citrix NetScaler",
        "https://docs.netscaler.com/en-us/citrix-adc/current-release/ssl.html",
        ou="ns internal",
    ),
    _router("Plesk", _PLESK, cn="plesk"),
    _router("Plesk", _PLESK, o="parallels*", cn="*panel*"),
    _router("cPanel", _CPANEL, cn="*", email="ssl@{cn}"),
    _router("cPanel", _CPANEL, o="cpanel*"),
    _router("DirectAdmin", "https://docs.directadmin.com/", o="directadmin*"),
    _router("Webmin", "https://webmin.com/docs/modules/webmin-configuration/", o="webmin*"),
    _router(
        "Apache mod_ssl (Red Hat)",
        "https://git.centos.org/rpms/httpd/blob/c7/f/SPECS/httpd.spec",
        o="someorganization",
    ),
    _router(
        "Apache mod_ssl (Snake Oil)",
        "https://httpd.apache.org/docs/2.4/ssl/ssl_faq.html",
        o="snake oil*",
    ),
    _router(
        "Debian's ssl-cert (snakeoil)",
        "https://packages.debian.org/stable/ssl-cert",
        cn="*snakeoil*",
    ),
    _router(
        "Debian's ssl-cert (snakeoil)",
        "https://packages.debian.org/stable/ssl-cert",
        names="ubuntu debian",
    ),
    _router(
        "Red Hat's sscg",
        f"{_GITHUB}/sgallagher/sscg",
        o="unspecified",
    ),
    _development(
        "mkcert (a developer's own CA)",
        f"{_GITHUB}/FiloSottile/mkcert",
        o="mkcert development certificate",
    ),
    _development(
        "WebLogic's demonstration keystore",
        "https://docs.oracle.com/en/middleware/standalone/weblogic-server/15.1.1/secmg/identity_trust.html",
        ou="for testing only",
    ),
    _development(
        "Java's keytool, made without answers (Tomcat and others)",
        "https://docs.oracle.com/en/java/javase/21/docs/specs/man/keytool.html",
        cn="unknown",
    ),
    _development(
        "OpenSSL's example values (openssl req)",
        f"{_GITHUB}/openssl/openssl/blob/master/apps/openssl.cnf",
        o="internet widgits pty ltd",
    ),
    _development(
        "OpenSSL's example values (openssl req)",
        "https://docs.redhat.com/en/documentation/red_hat_enterprise_linux",
        o="default company ltd",
    ),
    _development(
        "Jenkins (Winstone's own certificate)",
        f"{_GITHUB}/jenkinsci/winstone",
        cn="test site",
        o="unknown",
    ),
    _development(
        "Splunk",
        "https://docs.splunk.com/Documentation/Splunk/latest/Security/"
        "AboutsecuringyourSplunkconfigurationwithSSL",
        cn="splunkserverdefaultcert",
    ),
    _development(
        "Elasticsearch's automatic set-up",
        "https://www.elastic.co/docs/deploy-manage/security/self-auto-setup",
        issuer_cn="elasticsearch security auto-configuration*",
    ),
    _platform(
        "Azure App Service",
        "https://learn.microsoft.com/azure/app-service/overview-hosting-plans",
        names="*.azurewebsites.net azurewebsites.net *.azure-mobile.net *.scm.azure-mobile.net",
    ),
    _platform(
        "Azure Container Apps",
        "https://learn.microsoft.com/azure/container-apps/custom-domains-certificates",
        names="*.azurecontainerapps.io",
    ),
    _platform(
        "Azure API Management",
        f"{_LEARN}/azure/api-management/configure-custom-domain",
        names="*.azure-api.net azure-api.net",
    ),
    _platform(
        "Azure Static Web Apps",
        f"{_LEARN}/azure/static-web-apps/custom-domain",
        names="*.azurestaticapps.net",
    ),
    _platform(
        "Azure Storage",
        f"{_LEARN}/azure/storage/blobs/storage-custom-domain-name",
        names="*.core.windows.net *.storage.azure.net",
    ),
    _platform(
        "Azure Front Door or Azure CDN",
        f"{_LEARN}/azure/frontdoor/standard-premium/how-to-add-custom-domain",
        names="*.azurefd.net *.azureedge.net",
    ),
    _platform(
        "Amazon CloudFront",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html",
        names="*.cloudfront.net cloudfront.net",
    ),
    _development(
        "SQL Server (made at its start)",
        f"{_LEARN}/sql/database-engine/configure-windows/configure-sql-server-encryption",
        cn="ssl_self_signed_fallback",
    ),
    _development(
        "a Service Fabric development cluster",
        f"{_LEARN}/azure/service-fabric/service-fabric-get-started",
        cn="servicefabricdevclustercert",
    ),
    _development(
        "WebSphere Liberty",
        "https://www.ibm.com/docs/en/was-liberty/base?topic=liberty-ssl-configuration-attributes",
        o="ibm",
        ou="defaultserver",
    ),
    _development(
        "WebSphere Application Server",
        "https://www.ibm.com/docs/en/was/9.0.5?topic=communications-default-chained-certificate-"
        "configuration-in-ssl",
        issuer_o="ibm",
        issuer_ou="root certificate",
    ),
    _development(
        "OpenSearch's demonstration certificates",
        "https://docs.opensearch.org/latest/security/configuration/demo-configuration/",
        cn="node-0.example.com",
    ),
    _router(
        "Argo CD", "https://argo-cd.readthedocs.io/en/stable/operator-manual/tls/", o="argo cd"
    ),
    _development(
        "minikube (its cluster's CA)",
        "https://minikube.sigs.k8s.io/docs/handbook/untrusted_certs/",
        issuer_cn="minikubeca",
    ),
    _router(
        "Istio (for traffic inside its mesh)",
        "https://istio.io/latest/docs/concepts/security/",
        issuer_o="cluster.local",
    ),
    _router(
        "Linkerd (for traffic inside its mesh)",
        "https://linkerd.io/2/features/automatic-mtls/",
        issuer_cn="*identity.linkerd.*",
    ),
    # The general row comes last.
    _development(
        "a development server (Kestrel of ASP.NET Core, IIS Express and others)",
        "https://learn.microsoft.com/dotnet/core/additional-tools/self-signed-certificates-guide",
        names=_LOCAL_NAMES,
    ),
)
