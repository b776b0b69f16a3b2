"""Tables of words for reading alerts. Data only; a new word of a known kind is one entry."""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


PAGE_WORDS = words_of(
    """
    ack acknowledge actions article bridge build chart chat commit console dashboard
    dashboards dashboardurl deployment doc docs documentation escalation explore externalurl
    generator generatorurl graph guide helm help image incident incidents issue issues job
    kb link links logs manual meeting more page panel panelurl permalink pipeline playbook
    postmortem procedure registry repo report repository runbook runbooks runbookurl silence
    silenceurl snapshot statuspage support ticket tickets trace tracker view war wiki
    workflow zoom
    apilinks href permalink portal related ruleurl self signing subscribe unsubscribe
    anleitung auswertung bericht enlace handbuch informacion lien tableau verknupfung
    """
)
"""Labels of the URL of a page: of the tool, of a ticket, of instructions."""

CLIENT_WORDS = words_of(
    """
    agent attacker caller callerip checker client clientip clients forwarded ipaddr loc
    location monitorhost monitoring monitornode monitorserver nameserver observer peer poller
    pollingengine probed probehost proxy referer referrer region registrar
    remote reporter requester resolver scanner sender source sourceip src ua user version
    visitor worker
    origem origen origine quelle
    """
)
"""Labels of a client, or of the place from which a probe was made."""

STRONG_WORDS = words_of(
    """
    backend backendaddress backendhost backends member members origin realserver routed
    serverrouted upstream upstreams
    """
)
"""Labels of a backend."""

GENERAL_WORDS = words_of(
    """
    address affected authority ci dest destination device dns domain endpoint endpoints
    entity fqdn host hostheader hostname hostnames hosts impacted instance instances ip
    machine monitored node object request server servername servers service site sni subject
    target targets uri url vhost website
    computer computername
    adresse anfitrion cible destinazione destino direccion endereco equipo hote indirizzo
    knoten nodo rechner serveur servidor ziel
    """
)
"""Labels of the monitored thing."""

MONITORS = words_of(
    """
    alertmanager centreon checkmk grafana graylog icinga icinga2 kibana librenms monitoring nagios
    netdata observium opmanager orion prometheus prtg sensu splunk whatsup zabbix
    """
)
"""Monitoring products; `server` or `url` behind one is its own, and no monitored machine."""

PAGE_HOSTS = words_of(
    """
    alerting alertmanager alerts argo argocd centreon checkmk ci confluence dashboard
    dashboards docs elastic git github gitlab grafana graylog handbook helpdesk icinga
    icinga2 intranet jenkins jira karma kb kibana librenms logs loki meet metrics mimir
    monitor monitoring nagios netdata observability observium opensearch ops-wiki pandora
    prometheus prtg rancher runbook runbooks sensu sentry servicedesk slack splunk status
    statuspage support teams tempo thanos tickets tracker uptime wiki zabbix zoom
    """
)
"""First labels of host names that belong to tools and documentation."""

SITE_HOSTS = words_of(
    """
    dashboard dashboards docs git handbook helpdesk intranet kb meet servicedesk status
    statuspage support team teams tickets tracker wiki
    """
)
"""Those of them that sites behind gateways have as well."""

VENDORS = words_of(
    """
    aka.ms amazon.com apache.org app.vssps.visualstudio.com appdynamics.com asana.com
    atlassian.com atlassian.net azure.cn azure.com azure.us betterstack.com betteruptime.com
    bit.ly bitbucket.org bugsnag.com catchpoint.com checklyhq.com circleci.com clickup.com
    cloudflarestatus.com cronitor.io datadoghq.com datadoghq.eu deadmanssnitch.com
    docker.com docker.io dynatrace.com elastic-cloud.com elastic.co firehydrant.com
    firehydrant.io freshdesk.com freshping.io ghcr.io github.com gitlab.com goo.gl
    google.com gotomeeting.com grafana.com grafana.net healthchecks.io hetrixtools.com
    honeycomb.io icinga.com incident.io instana.io k8s.io kubernetes.io letsencrypt.org
    lightstep.com linear.app live.com loggly.com logz.io loom.com microsoft.com
    microsoftonline.com monday.com mozilla.org nagios.com newrelic.com nginx.com nginx.org
    notion.site notion.so npmjs.com office.com office365.com oneuptime.com opentelemetry.io
    opsgenie.com paessler.com pagerduty.com papertrailapp.com pingdom.com prometheus.io
    prtg.com pypi.org quay.io raygun.com robusta.dev rollbar.com rootly.com schema.org
    sentry.io service-now.com servicenow.com sharepoint.com signalfx.com site24x7.com
    site24x7.eu slack.com solarwinds.com splunk.com splunkcloud.com squadcast.com
    stackoverflow.com statuscake.com statuspage.io sumologic.com teams.cloud.microsoft
    thousandeyes.com travis-ci.com trello.com updown.io uptime.com uptimerobot.com
    victorops.com visualstudio.com w3.org webex.com wikipedia.org windows.com windows.net
    xmatters.com youtube.com zabbix.com zendesk.com zoom.us
    airtable.com akamai.com axiom.co box.com buildkite.com chronosphere.io cloudflare.com
    codecov.io coralogix.com crowdstrike.com dash0.com dropbox.com env0.com fastly.com figma.com
    gitbook.io harness.io hashicorp.com ilert.com instatus.com jetbrains.com jfrog.io
    launchdarkly.com linkedin.com logdna.com lucid.app miro.com netdata.cloud netlify.com
    octopus.app octopus.com okta.com onenr.io pulumi.com readme.io snyk.io sonarcloud.io
    spacelift.io status.io terraform.io twitter.com vercel.com whereby.com
    alpinelinux.org crates.io debian.org gcr.io golang.org maven.org npmjs.org nuget.org
    amazonses.com azure.net mailgun.org office.net outlook.com sendgrid.net
    packagist.org pkg.dev rubygems.org ubuntu.com
    allquiet.app bigpanda.io blameless.com cronitor.link digicert.com hyperping.io logicmonitor.com
    manageengine.com nodeping.com ohdear.app opsg.in opsramp.com pagertree.com pulsetic.com
    sematext.com spike.sh statusgator.com statuspal.io stspg.io uptimia.com zenduty.com
    certspotter.com crt.sh curl.se hardenize.com keychest.net openssl.org sectigo.com ssllabs.com
    sslmate.com sslshopper.com whatsmychaincert.com
    cutt.ly lnkd.in medium.com rebrand.ly reddit.com serverfault.com stackexchange.com superuser.com
    t.co t.ly tinyurl.com
    """
)
"""Registered domains of vendors whose pages are linked in alerts."""

FIELD_HEADS = words_of(
    """
    agent alert client cloud container data destination device ecs error event file host
    http k8s kibana labels log message metric network node observer orchestrator pod process
    request response rule server service source span tags trace transaction url user
    """
)
"""Prefixes of field names in log schemas."""

FIELD_ENDINGS = words_of(
    """
    bar cloud data date day domain host id ip link name pub
    """
)
"""Top-level domains with which such names end."""

OTHER_KINDS = words_of(
    """
    502 504 ai api bad cloud data default edge egress email er expressroute file graphql
    http https ingress internet iot kong llm local mail media nat network payment push
    remote secure service sms smtp storage the-bad timeout transit virtual vnet voip vpn web
    """
)
"""Kinds of gateways other than Application Gateway."""

NO_NAMES = words_of(
    """
    4xx 500 502 502s 503 504 5xx a above access alarm alert alerts an and and/or are as at
    azure back backend backends bad been below between blue but by can cannot central check
    config configuration count critical cross custom d degraded did does down east end error
    errors europe event fail failed failing failure failures fine firing for from front
    frontend green had has have health healthy high host hosts http https in ingress
    instance instances is it its latency layer level listener load log logs low metric
    metrics microsoft mode multi mutual new no non north not now of off on one or out p50
    p90 p95 p99 per pool pre probe problem public rate re red region request requests
    resolved resource response returned returning returns rule same self server servers
    service sev0 sev1 sev2 sev3 sev4 side sign signed site sku slow south ssl standard state
    status subnet team the then this tier time time-out timed timeout tls to too total
    traffic type uk unhealthy up update updated url us user users v1 v2 via waf warning was
    we were west when which while wide with yellow zone zones
    altname altnames broken ca cert certificate certificates certs chain chains cn
    common customer customers everybody everyone everything expired expires hostname incomplete
    intermediate intermediates invalid issuer leaf mismatch mismatched missing name names
    nobody none nothing null people reached reaches root roots san sans sni somebody subject
    trusted unavailable undefined unknown unreachable untrusted wrong
    """
)
"""Words after `gateway` that are no name."""

OTHER_POOLS = words_of(
    """
    agent app application buffer client connection connections database db elastic hikari
    jdbc memory node object resource sql thread worker workers
    """
)
"""Pools that hold no backends."""

OTHER_RESOURCES = words_of(
    """
    acr afd aks apim appi asg asp cdn cosmos evh fd func kv law lb lbe lbi log nic nsg pip plan
    psql rg rsv sb sql sqldb st stapp subnet snet sub vm vmss vnet
    """
)
"""Abbreviations in names of Azure's other resources (Cloud Adoption Framework)."""

CODE_PATHS = words_of(
    """
    blob branch branches bugfix chore commit compare feature fix heads hotfix origin pull refs
    release src tag tags tree
    """
)
"""What precedes a name in a repository path."""

CODE_ENDINGS = words_of(
    """
    call case click data date download drive events fail fit global group here host id link map
    moda name new next now open page pay play prod read report run save search select show stream
    style sync tab total toString trust watch win work zip
    """
)
"""Top-level domains that are also names of functions and fields."""
