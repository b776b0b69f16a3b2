"""The words of matters and servers that no HTTPS answer explains. Data only."""

from __future__ import annotations

import re

from bot.commands.alert_tables import words_of

_MACHINES = (
    r"disks?|dis[ck]\s+space|file\s?systems?|inodes?|swap|memory|ram|cpu|load\s+average|ntp|raid"
    r"|clock\s+(?:skew|drift)|fans?\s+speed|temperature|toner|ups|print(?:er|\s+queue)|reboot(?:ed|s)?"
    r"|node\s?filesystem\w*|windows\s+updates?|patch(?:es|ing)?|agent\s+is\s+not\s+available"
)
_NETWORKS = (
    r"snmp|bgp|ospf|dhcp|vpn\s+tunnel|packet\s+loss|interface\s+\S+\s+(?:is\s+)?down|link\s+down"
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
    r"ssh|rdp|brute.?force|logged\s+in|log-?in\s+(?:from|attempts?|failures?|failed)|mfa|ldap"
    r"|sign-?in\s+(?:from|attempts?|log)|kerberos|vulnerabilit(?:y|ies)|cve-\d+\S*|malware"
    r"|phishing|intrusion|port\s?scan\w*|antivirus|sealed"
)
_JOBS = (
    r"builds?\s+(?:#\d+|failed|passed|broken|agent)|cron(?:\s?jobs?)?|back-?ups?|batch\s+jobs?|etl"
    r"|quality\s+gate|budgets?|quota"
)
_CLUSTERS = r"crash\s?loop\w*|oom\s?kill\w*|evicted|image\s?pull\w*|pvc|persistent\s?volume\w*"
_PROGRAMS = (
    r"(?:type|reference|syntax|key|index|value|attribute|operational|integrity|programming|assertion"
    r"|range|name|permission)\s?error|null\s?(?:pointer|reference)\w*|segmentation\s+fault"
    r"|stack\s?overflow\w*|unhandled\s+exception|out\s?of\s?memory\w*"
)
_MATTERS = (
    *(_MACHINES, _NETWORKS, _DATABASES, _QUEUES, _MAIL),
    *(_SECURITY, _JOBS, _CLUSTERS, _PROGRAMS),
)
OTHER_MATTERS = re.compile(rf"(?<![\w.])(?:{'|'.join(_MATTERS)})(?![\w])", re.IGNORECASE)
"""Matters that fail without a web server."""

CALM_MATTERS = re.compile(
    r"(?<![\w.])(?:deploy(?:ed|ing|s|ments?)?|released|releases?\s+v?\d\S*|rollouts?|merged|commits?"
    r"|pull\s+requests?|pipelines?|builds?|maintenance|scheduled|snapshots?|restored?|postmortem"
    r"|log-?in|sign-?in|invoices?|licen[cs]es?|comments?)(?![\w])",
    re.IGNORECASE,
)
"""Matters of an alert in which nothing fails."""

OTHER_SERVERS = words_of(
    """
    amqp bastion cassandra db dc dhcp dns filer firewall fs fw imap jump kafka ldap mariadb mongo
    mongodb mq mssql mx mysql nas nfs ns ntp oracle pg pgsql postgres postgresql psql rabbit
    rabbitmq radius redis router rtr san smtp sql ssh switch sw ups veeam zk zookeeper
    """
)
"""Parts of host names that servers of other protocols have."""

PERHAPS_OTHER_SERVERS = words_of(
    """
    agent backup build builder cache ci elastic etl git mail mon nagios prtg repo runner search
    vault vpn zabbix
    """
)
"""Parts of host names that web servers have as well, where nothing fails."""
