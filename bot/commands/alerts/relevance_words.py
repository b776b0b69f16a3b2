"""Words that show the subject of an alert, and names of servers of other protocols. Data only."""

from __future__ import annotations

import re

from bot.commands.alerts.words import words_of

STATUS = re.compile(
    r"(?<![\w.:#$\u20ac-])(?:50[0-4]|52[0-7])s?(?![\w:%-]|\.\d|\s{0,2}(?:%|[kmg]i?b|ms|s|sec|min"
    r"|messages?|items?|rows?|jobs?|users?|files?|days?|hours?|connections?|records?|events?|threads?"
    r"|pods?)\b)"
    r"|(?<![\d.])[45]xx\b|(?:\bhttp|\bstatus|\bcode|\bresponse)\D{0,14}\b[345]\d\d\b"
    r"|\b50[0-4](?=[:.](?!\d))|\b502\.\d\b|\bbad\s?gateway|\bgateway\s?time-?out"
    r"|\bservice\s+unavailable|\berr_[a-z]{3}",
    re.IGNORECASE,
)
"""Answers of gateways and web servers, and what gateways report about backends."""
WEB = re.compile(
    r"(?<![a-z])m?tls(?![a-z])|(?<![a-z])ssl|\bx\.?509|\bcert(?:s|ificates?|ificats?|ificados?)?\b"
    r"|\bzertifikat|\bhandshake|\bciphers?\b|\bsni\b|(?<![a-z])https?(?![a-z]|s?:/)|\bcurl\b"
    r"|\bapplication\s?gateway|\bapp\s?gw|\bapp\s?gateway\b|\bgateway\s+(?:rejects|refuses|drops|distrusts)\b|\broot\s+(?:\w{1,12}\s+){0,2}(?:not\s+|un)trusted|\bagw\b|\bweb\s?(?:site|test|check|scenario)|\bweb\s(?:page|server|app)"
    r"|\bwebsite|\buptime|\bprobe\s?(?:success|http|fail|down)|\bblackbox|\bsynthetic"
    r"|\bhealthz?\s?(?:check|probe)|\breverse\s+proxy|\bproxy\s(?:http|fcgi|pass|error)\b|\bstatus\s+line\b|\bnginx\b|\bhaproxy\b|\bingress\b|\bpkix\b|\bconnection\s+(?:is\s+)?not\s+(?:private|secure)|\bsecure\s+connection\b"
    r"|\bno\s(?:subject\s)?name\s+matching\b"
    r"|\bsubject\s?alt\w{0,12}\s|\balt\s?names?\b|\b(?:cn|sans?)\s{1,8}(?:mismatch|check|(?:of\s{1,8})?does\s+not\s+match)"
    r"|\bopenssl|\bs_client|\bverify\s+(?:error|return)|\bintermediate\b|\bchain\s+(?:is\s+)?incomplete",
    re.IGNORECASE,
)
"""Words of alerts about TLS, HTTP or web sites."""
_THINGS = (
    r"(?:hosts?|instances?|targets?|sites?|servers?|endpoints?|urls?|monitors?|pages?|apis?|portals?"
    r"|it|backends?|members?|upstreams?|origins?|checks?|services?|app(?:lication)?s?)"
)
_STATES = (
    r"(?:down|dead|degraded|offline|unreachable|unavailable|unhealthy|(?:are\s?n.t|not)\s+available|not\s+respon\w+|no\s+(?:respon\w+|answer|reply)|timed?\s?out"
    r"|timing\s+out|ausgefallen|nicht\s+(?:erreichbar|verf\u00fcgbar)|indisponible|inacc?essib(?:le|ile)"
    r"|no\s+disponible|non\s+raggiungibile|onbereikbaar|niet\s+bereikbaar|hors\s+service)"
)
NO_ANSWER = re.compile(
    rf"\b{_THINGS}\b[\s\"'`*:,)(-]{{0,6}}(?:[\w.-]{{1,40}}[\s\"'`*:)-]{{1,4}}){{0,3}}{_STATES}\b"
    rf"|\b{_STATES}\s{{1,4}}(?!instance){_THINGS}\b|\bhealth\s?(?:check|probe)"
    r"|\bconnection\s+(?:was\s+)?(?:refused|reset|timed|aborted|closed)|\bno\s+route\s+to\s+host"
    r"|\bno\s+such\s+host|\bno\s+headers\b|\bdial\s+tcp|\bname\s+resolution|\bavailability\s+(?:of|alert|test|problem)"
    r"|\bno\s+live\s+upstreams?|\bE(?:CONN|TIMEDOUT|HOSTUNREACH|NOTFOUND)[A-Z]*\b"
    r"|\b(?:did|does|do)(?:n.t|\s+not)\s+(?:answer|respond|reply|load|work)\b"
    r"|\bsucceeded\s{0,8}:\s{0,8}false\b",
    re.IGNORECASE,
)
"""Words that say that a server or site, not a product, does not answer."""
FAILURE = re.compile(
    rf"{NO_ANSWER.pattern}|{STATUS.pattern}|\b{_STATES}\b|refused|latency|\bslow|\bbroken|\boutage"
    r"|\bst(?:\u00f6|oe)rung|\bausfall|\bpanne|\bca(?:i|\u00ed)d|\bcomplain|\bhealth(?!y\b)|\b(?:no|not|0)\s+healthy|\bhealthy\s+host|\bunhealthy"
    r"|\berrors?\b|\bfail|\bcritical|\bcrash|\bcannot\b|\bcan.?t\b|\bunable\b|\berroneous|\baborted"
    r"|\brejected|\bdenied|\bexpir(?:ed|ing|y|es?\s+(?:soon|in|today|tomorrow))\b|\bdays?\s+left"
    r"|\bincomplete|\binvalid|\bmismatch|\bself.signed|\buntrusted|\bnot\s+trusted|\bunknown\b"
    r"|\bmissing\b|\bwrong\b|\bfehler|\bnicht\b|\berreur|\bfallo|\bfout",
    re.IGNORECASE,
)
"""Words for any failure."""
FAULT = re.compile(
    rf"{FAILURE.pattern}|\balerts?\b|\balarm|\bincident|\bprobl|\bissues?\b|\bwarning"
    r"|\bfir(?:ing|ed)\b|\btriggered|\bimpacted|\baffected|\bactivated"
    r"|[\U0001f534\u274c\U0001f7e5\U0001f6a8\U0001f525]|:(?:red_circle|x|fire|rotating_light):",
    re.IGNORECASE,
)
"""The same, or that it is an alert."""
GOOD_NEWS = re.compile(
    r"\brenewed\s+(?:the\s+)?cert|\bcert\w{0,12}\s+(?:was\s+|is\s+|has\s+been\s+)?(?:renewed|issued)\b"
    r"|\bsuccessful(?:ly)?\b|\bsucceeded\b",
    re.IGNORECASE,
)
"""Words that say that a certificate arrived or a job is done."""

_MACHINES = (
    r"disks?|dis[ck]\s+space|file\s?systems?|inodes?|swap|memory|ram|cpu|load\s+average|ntp|raid"
    r"|clock\s+(?:skew|drift)|fans?\s+(?:speed|fail\w*)|temperature|toner|ups|print(?:er|\s+queue)|reboot(?:ed|s)?"
    r"|node\s?filesystem\w*|windows\s+updates?|patch(?:es|ing)?|cameras?|door\s+controllers?|hsm|agents?\s+(?:is\s+)?(?:not\s+available|offline|unreachable|down|missing)"
)
_NETWORKS = (
    r"sip|voip|trunk|s?ftps?|smb|iscsi|modbus|telnet|snmp|bgp|ospf|dhcp|vpn\s+tunnel|packet\s+loss|interface\s+\S+\s+(?:is\s+)?down|link\s+down"
    r"|nameservers?|name\s+servers?|dns\s+(?:record|zone|change)s?|ns\s+records?|mx\s+records?|whois"
    r"|registrar|domain\s+(?:name\s+)?(?:expir|renew|transfer)\w*"
)
_DATABASES = (
    r"my\s?sql|maria\s?db|postgres\w*|mssql|sql|oracle|mongo\w*|cassandra|redis|memcached|clickhouse"
    r"|databases?|replication|replicas?|deadlocks?|slow\s+quer(?:y|ies)|tablespaces?|replica\s?set"
)
_QUEUES = (
    r"kafka|rabbit\s?mq|zookeeper|brokers?|partitions?|consumer\s+(?:lag|group)|dead.?letters?|amqp"
    r"|mqtt|queues?|backlog"
)
_MAIL = (
    r"smtp|imap|pop3|mail\s?box\w*|mail\s+server|dmarc|dkim|spf|bounced?|sender\s+domain|exchange"
)
_SECURITY = (
    r"sshd?|banned|rdp|brute.?force|logged\s+in|log-?in\s+(?:from|attempts?|failures?|failed)|mfa|ldap"
    r"|sign-?in\s+(?:from|attempts?|log)|kerberos|vulnerabilit(?:y|ies)|cve-\d+\S*|malware"
    r"|suspicious|guard\s?duty|microsoft\s+defender|ransomware|trojan|phishing|intrusion|port\s?scan\w*|antivirus|sealed"
)
_JOBS = (
    r"builds?\s+(?:#\d+|failed|passed|broken|agent)|cron(?:\s?jobs?)?|back-?ups?|batch\s+jobs?|etl|dags?|airflow"
    r"|quality\s+gate|budgets?|quota|licen[cs]es?"
)
_CLUSTERS = (
    r"crash\s?loop\w*|oom\s?kill\w*|evicted|not\s?ready|image\s?pull\w*|pvc|persistent\s?volume\w*"
)
_PROGRAMS = (
    r"(?:type|reference|syntax|key|index|value|attribute|operational|integrity|programming|assertion"
    r"|range|name|permission)\s?error|null\s?(?:pointer|reference)\w*|segmentation\s+fault"
    r"|stack\s?overflow\w*|unhandled\s+exception|out\s?of\s?memory\w*"
)
_SUBJECTS = (
    *(_MACHINES, _NETWORKS, _DATABASES, _QUEUES, _MAIL),
    *(_SECURITY, _JOBS, _CLUSTERS, _PROGRAMS),
)
OTHER_SUBJECTS = re.compile(rf"(?<![\w.])(?:{'|'.join(_SUBJECTS)})(?![\w])", re.IGNORECASE)
"""Subjects that can fail without a web server."""

CALM_SUBJECTS = re.compile(
    r"(?<![\w.])(?:deploy(?:ed|ing|s|ments?)?|released|releases?\s+v?\d\S*|rollouts?|merged|commits?"
    r"|pull\s+requests?|pipelines?|builds?|maintenance|scheduled|snapshots?|restored?|postmortem"
    r"|log-?in|sign-?in|invoices?|comments?)(?![\w])",
    re.IGNORECASE,
)
"""Subjects of alerts that report no failure."""

OTHER_SERVERS = words_of(
    """
    amqp bastion cassandra db dc dhcp dns filer firewall fs fw imap jump kafka ldap mariadb mongo
    mongodb mq mssql mx mysql nas nfs ns ntp oracle pg pgsql postgres postgresql psql rabbit
    rabbitmq radius redis router rtr san smtp sql ssh switch sw ups veeam zk zookeeper
    """
)
"""Parts of host names of servers with other protocols."""

PERHAPS_OTHER_SERVERS = words_of(
    """
    agent backup build builder cache ci elastic etl git mail mon nagios prtg repo runner search
    vault vpn zabbix
    """
)
"""Parts of host names that web servers may have too, unless a failure is reported."""
