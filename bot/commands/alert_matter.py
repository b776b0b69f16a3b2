"""Whether an alert that names a host is about something that no HTTPS answer explains. Pure."""

from __future__ import annotations

import re

from bot.commands.alert_text import AlertText

_OTHER = re.compile(
    r"\b(?:disks?|file\s?systems?|inodes?|swap|memory|cpu|load\s+average|ntp|clock\s+(?:skew|drift)"
    r"|ssh|brute.force|cron(?:\s?jobs?)?|backups?|dmarc|spf|registrar|brokers?|partitions?"
    r"|replication|replicas?|raid|fan|temperature|toner|ups|snmp|smtp|mailbox|print\s+queue)\b",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"\b[45]\d\ds?\b|\b[45]xx\b|https?(?!s?://)|\btls\b|\bssl|cert|gateway|\b\w*agw\b|appgw|prob(?:e|ing)\b"
    r"|backend|upstream|health|\bdown\b|offline|unreachable|unavailable|time[ds]?.?out|refused"
    r"|handshake|respon[sd]|latency|answer|url|web|site\b|page\b|uptime|outage",
    re.IGNORECASE,
)


def other_matter(text: AlertText) -> str | None:
    """The thing that the alert is about, such as a disk, where nothing in it speaks of HTTPS.

    Args:
        text: the alert as people see it.

    Returns:
        The word for it in lower case; `None` where the alert may be about a backend.
    """
    lines = [part for line in text.lines for part in (line.label, line.text)]
    if any(_OURS.search(part) for part in lines):
        return None
    found = next(filter(None, map(_OTHER.search, lines)), None)
    return found[0].lower() if found else None
