"""The role of a name in an alert, from the words around it: backend, client, page of a tool. Pure.

The tables contain common words and layouts; a new word of a known kind is one entry.
"""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import pairwise
from unicodedata import combining, normalize

from bot.commands.alerts.words import (
    CLIENT_WORDS,
    GENERAL_WORDS,
    MONITORS,
    PAGE_WORDS,
    STRONG_WORDS,
)

MAX_LABEL = 60


class Role(IntEnum):
    """The role of a name in the alert; the lowest value wins."""

    KNOWN = 0
    BACKEND = 1
    LABELLED = 2
    SUBJECT = 3
    NAMED = 4
    FINE = 5
    DOUBTFUL = 6
    PAGE = 8
    CLIENT = 9


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z0-9]+")
_CLASS_NAME = re.compile(r"[a-z]\w{0,40}\.[a-z]\w{0,40}\.[A-Z]\w{0,60}$")
"""`com.contoso.Client:` is the class that wrote a line, and no label."""
_REPORT = re.compile(r"(?i)\w\(\)\s{0,3}$|\bpeer\s+certificate\b")
"""`stream_socket_client():` and `invalid peer certificate:` report a fault, and label no client."""
_FAULT_SENTENCE = re.compile(
    r"(?i)\s(?:is|are|was|were|has|have)\s+(?:\w+\s+){0,2}?(?:broken|down|dead|red|slow|fail\w*|wrong|not)\b"
)
_OF_A_TOOL = frozenset({"console", "master", "server", "ui", "url", "web"})
_SELF_DESCRIBING = frozenset({"monitored", "requested"})
"""Words after which an address is the monitored one, whatever else the label says."""
_IMMEDIATE = re.compile(
    r"([A-Za-z_][\w .\-/()]{0,60}?)[\"'*`\\)\]]*(?:\s*(?::|={1,2}|=>|->)\s*|\t\s*)[\"'*`<(\[\\]*$"
)
_BOLD_LABEL = re.compile(r"[*_]{1,3}([A-Za-z][\w .\-/()]{0,60}?)\s?:[*_]{1,3}\s{0,8}[\"'`<(]{0,3}$")
"""`*Monitor URL:* `, with the colon in the bold."""
_HEADLINE = re.compile(
    r"(?i)\b(?:started|opened|created|triggered|detected|resolved|closed|ended|recovered|automatically"
    r"|ongoing|acknowledged)\b"
)
"""A headline above a list, such as `New incident started`, labels nothing."""
_STATED = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:[\u2192\u21d2]|[-=]{1,2}>|[:|\u2013\u2014-])\s{0,4}(?:http\s)?[\"'*`]{0,2}"
    r"(?:5\d\d|down|unhealthy|unreachable|fail(?:s|ed|ing)?|time-?d?\s?out)\b",
    re.IGNORECASE,
)
"""`X -> 502`, `X: down`: a state behind a sign."""
_OPENING_LABEL = re.compile(
    r"[\s>*_`\u2022-]*([A-Za-z][\w ()/-]{0,40}?)[*_`\"']*\s*[:=][*_`\"']*\s"
)
_REPORTS_FAULT = re.compile(
    r"(?i)\b(?:5\d\d|errors?|fail(?:s|ed|ing|ure)?|returned|returns|curl|ssl|tls|certificate|get|post)\b"
)
"""Words after a page's label by which the line tells of a fault: `Job smoke: curl failed ...`."""
_SENTENCE_END = re.compile(r"[.;!?]\s")
_KEYWORD = re.compile(
    r"\b(backend|upstream|origin|member|target|server|host|instance|endpoint|node|site|url|"
    r"request|hostname|website|service)s?(?:\s+(?:server|host|address|name|member|node|url|is))?"
    r"[\s\"'`*(<\[]*(?:/[\w.-]{1,40}/)?$",
    re.IGNORECASE,
)
_REACHED = re.compile(
    r"\b(?:connect(?:ing|ion)?|forward(?:ing|ed)?|prox(?:y|ying)|talking|handshake|requests?|calls?)"
    r"\s+(?:to|with)[\s\"'`*(<\[]*$",
    re.IGNORECASE,
)
"""`A: 502 connecting to B`: B is what fails."""
_ARROW = r"[\s\"'`*)>\]]{0,4}(?:-{1,2}>|=>|\u2192|\u21d2)[\s\"'`*(<]{0,4}"
_FLOWS_FROM = re.compile(rf"[\w-]\.[\w-]{{1,63}}(?::\d{{1,5}})?{_ARROW}$")
_FLOWS_TO = re.compile(
    rf"{_ARROW}(?:https?://|\[?[0-9a-f]{{0,4}}:[0-9a-f:]+|(?:\d{{1,3}}\.){{3}}\d{{1,3}}:\d"
    r"|(?:[\w-]{1,63}\.){1,8}[a-z][\w-]{1,62}(?![\w(]))",
    re.IGNORECASE,
)
"""`A -> B`: A connects to B. A name before a bare address is what was resolved."""
_REPORTED = (
    r"\s{1,4}(?:reports?|reported|says|sees|saw|detected|observed|noticed)\s?:?\s{1,4}(?:that\s)?"
)
_REPORTS = re.compile(
    rf"{_REPORTED}[\"'`*<]{{0,3}}(?:https?://|(?:[\w-]{{1,63}}\.){{1,8}}[a-z])", re.IGNORECASE
)
_IS_REPORTED = re.compile(rf"[\w-]\.[\w-]{{1,63}}{_REPORTED}[\"'`*<]{{0,3}}$", re.IGNORECASE)
"""`A reports: B answers 502`: A is a probe, and labels nothing."""
_HOSTED = re.compile(r"(?i)\bhosted\s{1,4}(?:on|at|by|in)\s{1,4}[\"'`*(<\[]{0,3}$")
_UNLIKE = re.compile(r"(?i)\b(?:unlike|contrary\s+to|in\s+contrast\s+to)\s{1,4}[\"'`*(<\[]{0,3}$")
_CONNECTS = re.compile(r"(?<!\S)-connect\s{1,4}[\"'`]?$")
"""The server of `openssl s_client`; the name behind `-servername` is only sent."""
_UNRESOLVED = re.compile(
    r"(?i)[\s\"'`*)>\]]{0,8}(?:(?:could|can)(?:\s?not|n.t)\s+be\s+resolved|(?:does\s+not|doesn.t)\s+resolve\b"
    r"|(?:\(\S{1,40}\)\s)?not\s+found:\s+\d\(|:\s+(?:NXDOMAIN|SERVFAIL|non-existent\s+domain)\b)"
)
_STRONG_KEYWORDS = frozenset({"backend", "upstream", "origin", "member"})
_PREPOSITION = re.compile(
    r"(?:\b(?:on|at|to|of|for|against|reaching|hitting|calling|querying|behind|loading|opening|"
    r"get|post|head|put|curl|lookup|resolving|probing|contacting|checking|accessing|visiting|is|are|was|unhealthy"
    r"|down|failed|failing|firing|critical|problem|alert)"
    r"|\b5\d\ds?|\bfrom|\berrors?)[\s:\"'`*(<\[]*$",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:[\s(]\d{1,3}(?:\.\d{1,3}){3}[\s)]{0,4})?(?:/\S{0,200})?\s{0,8}"
    r"(?:is|are|was|were|has|keeps|went|goes|seems|looks|returns?|returned|returning|answers?|"
    r"answered|responds?|responded|gives?|gave|throws?|fails?|failed|failing|unhealthy|down|"
    r"unreachable|timed?|refused|refuses|cannot|can't|does|did|not|502s?|503|504|500|"
    r"marked|behind|reported\s+(?:as\s+)?(?:down|unhealthy)|reports?|shows?)\b",
    re.IGNORECASE,
)
_FINE = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:\s{1,8}(?:is|are|looks|seems|works|stays|was|still|also|back)){0,4}\s{0,8}"
    r"(?:fine|ok|okay|good|healthy|green|works|working|reachable|unaffected|not\s+affected)\b",
    re.IGNORECASE,
)
_NONE_OF = re.compile(r"(?<![\d.,])0\s{0,3}x?\s{0,3}[45]\d\ds?\s+(?:at|on|for|from)[\s\"'`*(<]*$")
"""`0 x 502 at X`: X works."""
_ASKS_ANOTHER = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:is\s+|was\s+)?(?:cannot|can't|can\s+not|could\s+not|couldn't|unable\s+to|"
    r"fails?\s+to|failed\s+to|failing\s+to)\s{1,4}(?:reach|connect\s+to|resolve|call|access|open|"
    r"contact|find|talk\s+to)\s{1,4}[\"'`*<(\[]{0,3}(?:https?://|[\w-]{1,63}\.[\w-]|[0-9a-f]{0,4}:[0-9a-f:])",
    re.IGNORECASE,
)
"""`A cannot reach B`: A is the client, and B is failing."""
_REPORTER = re.compile(
    r"(?:\b(?:checked|tested|monitored|graded|listed|described|shown)\s+(?:at|with|in)"
    r"|\b(?:run|done|executed|performed|issued)\s+by|\b(?:alerts?|notifications?|messages?|mails?|e-mails?|reports?|reported|checked|"
    r"monitored|sent|measured|seen|observed|detected|probed|tested|pinged|polled|raised|"
    r"triggered|created|opened|posted|received|came|coming|watched|generated|forwarded|"
    r"according|scraped|routed|proxied)\s+(?:from|by|via|through|to)|\bvia|\bthrough|"
    r"\b(?:on|by)\s+(?:(?:the|our|a|build|ci)\s+){0,2}(?:agent|runner)|"
    r"\bpowered\s+by|\bfrom\s+(?:(?:our|the|my|a|an|private|public|remote)\s+){0,2}(?:office|probe|client|location|monitor\w*|agent|"
    r"vantage\s+point|laptop|home|vpn|prober|poller|scanner|jump\s*(?:host|box)|bastion))"
    r"(?:\s+(?:our|the|my|probe|host|server|node|monitor|agent|prober|poller))*"
    r"(?:[\s\"'`*]{1,4}[\w:.-]{1,60}[\"'`*]{0,2}\s{0,2}\()?[\s:\"'`*(<\[]*$",
    re.IGNORECASE,
)
_ASKER = re.compile(
    r"(?i)\b(?:source|client|visitor|attacker)[\s_-]{1,2}(?:ip|addr|address)(?:es|s)?[\s`*\"'(]{1,3}$"
)
"""`source IP 203.0.113.5`, whatever the beginning of the line says."""
_RESOLVER = re.compile(r"(?i)\bnslookup\s{1,4}[\w.-]{1,253}\s{1,4}$")
_LEADS_AWAY = re.compile(
    r"\b(?:see(?:\s+also)?|runbook|playbook|wiki|docs?|documentation|dashboards?|details?|"
    r"tickets?|issues?|more(?:\s+at|\s+info\w*)?|graphs?|ack(?:nowledge)?|join|read|follow|"
    r"tracked(?:\s+(?:in|at))?|status\s*page|silence|link|logs?|view|open|meeting|call|bridge|"
    r"war\s*room|incident|report|source|panel|chart|console|commit|build|pipeline|compare|"
    r"posted\s+(?:in|to)|updates?(?:\s+(?:at|on))?|info|manage|unsubscribe|settings|login|"
    r"log\s+in|sign\s+in|knowledge\s*base|howto|guide|instructions|subscribe|monitor\s+url|"
    r"image|registry|repo\w*|pull(?:ed|ing)?|deployed|please)"
    r"(?:\s+(?:at|in|on|here|is|url|it|the|page|under|via|from))*[\s:\"'`*(<\[=-]*$",
    re.IGNORECASE,
)
_CANNOT = re.compile(
    r"\b(?:can\s?not|can.t|could\s?n.t|could\s+not|unable\s+to|fails?\s+to|failed\s+to|nobody\s+can)\s{1,4}"
    r"(?:open|view|read|join|see|find|resolve|log\s?in(?:\s?to)?|sign\s?in\s?to|pull|load|reach|access)[\s:\"'`*(<\[]*$"
    r"|\b(?:incidents?|issues?|outages?|problems?)\s+(?:on|with|affecting)[\s:\"'`*(<\[]*$",
    re.IGNORECASE,
)
"""`we cannot open X`, `incident on X`: X is failing."""
_FAILS = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:(?:is|are|was|were|as|currently|again)\s{1,4}){0,2}(?:down|offline|unreachable|"
    r"unavailable|unhealthy|broken|returns?|returned|returning|answers?|gives?|throws?|"
    r"fail(?:s|ed|ing)?|times?\s+out|timing\s+out|5\d\ds?)\b",
    re.IGNORECASE,
)
"""`users report A down`: A is failing, and is no report."""
_SHOWS = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:shows?|returns?|answers?|gives?|throws?|fails?|is\s{1,4}down)\b",
    re.IGNORECASE,
)
"""`ticket 7: https://A shows 502`: A is failing, and is no ticket."""
_DOWN = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:\(port\s\d{1,5}\)\s)?"
    r"(?:(?:is|are|was|were|as|has|been|currently|again|went|marked|seems|:|-)\s{1,4}){0,3}"
    r"(?:down|dead|degraded|misconfigured|flapping|(?:refus|reject|drop|reset|hang|crash)(?:e?s|ing)|red|offline|unreachable|unavailable|unhealthy|broken|times?\s+out|timing\s+out|timed\s+out|not\s+(?:reachable|respon\w+|"
    r"work\w+|load\w+)|(?:does\s+not|doesn.t|won.t|no\s+longer)\s+(?:respon|answer|load|open|work|repl|come)\w*"
    r"|(?:cannot|can.t|could\s+not)\s+be\s+\w+|not\W*$|no\s+respon\w+"
    r"|fail(?:s|ed|ing)\s+(?:its\s+|the\s+|\d{1,4}\s+)?(?:checks?|probes?|tests?|health\w*)"
    r"|(?:ist|est|no|is)\s+(?:nicht|ne|pas|respond\w+|erreichbar|ausgefallen|ca\w+)|ne\s+r\w+|r\u00e9pond|slow)\b",
    re.IGNORECASE,
)
_FAULTY_ANSWER = re.compile(
    r"[\s\"'`*)>\]]{0,12}(?:returns?|returned|returning|answers?|answered|gives?|gave|throws?|fail(?:s|ed|ing)?)"
    r"\s{1,4}(?:with\s{1,4})?(?:(?:a|an|the|only|http|status|code)\s{1,4}){0,3}(?:5\d\ds?|errors?|nothing)\b",
    re.IGNORECASE,
)
"""`A returned 502`, `A fails with an error`: the answer of A itself."""
_WORRIES = re.compile(
    r"\b(?:look(?:ing)?\s+(?:at|into)|check(?:ing)?|(?:issues?|problems?|trouble|wrong|fault|outage)\s+(?:with|on|of)"
    r"|(?:happens|occurs|started|appears)\s+(?:on|at|with)|(?:reach|open|load|resolve|ping|access|contact)(?:ing)?|(?:connect|log\s?in)(?:ing)?\s+(?:to|on)"
    r"|(?:users?|customers?|people|everyone|nobody|colleagues)\s+(?:of|on|at)|what\s+happened\s+to"
    r"|(?:response\s+times?|latency|availability|health)\s+of|lookup|complain\w*\s+(?:about|of))"
    r"[:\s\"'`*(<\[]*(?:\w{1,12}\s){0,2}[\"'`*(<\[]*$"
    r"|^\W{0,20}(?:unhealthy|down|unreachable|offline|fail(?:ed|ing)?|broken)[\s:]{1,4}[\"'`*(<\[]*$",
    re.IGNORECASE,
)
"""What stands before a name that somebody should look at."""
_CLIENT_BEFORE = re.compile(
    r"\b(?:clients?(?:\s*ip)?|blocked|banned|(?<!\b50\d\s)(?<!gateway\s)(?<!response\s)from|visitor|attacker|attack\s+from|user|"
    r"requests?\s+from|source|login\s+from|scan\s+from|allowed|throttled|denied|address)"
    r"(?:\s+(?:and|ip|address|addresses|by|of|clients?|ips?))*"
    r"(?:[\s,]*(?:and\s+)?\d{1,3}(?:\.\d{1,3}){3})*[\s,:\"'`*(<\[=]*(?:and\s+)?$",
    re.IGNORECASE,
)
_CLIENT_AFTER = re.compile(
    r"(?i:[\s,\"']{0,12}(?:was|were|is|got|has\s{1,8}been)?\s{0,8}(?:blocked|banned|throttled|denied|rejected"
    r"|rate.limited|scann|attack|logged\s+in))|"
    r"[\s,\"']{0,12}(?:(?:and\s{1,8})?\d{1,3}(?:\.\d{1,3}){3}[\s,]{0,8}){0,20}"
    r"(?:\((?:client|visitor|source|remote)|- - \[|- \S+ \[|\[\d\d/[A-Z][a-z]{2}/\d{4})",
    re.IGNORECASE,
)


def label_words(label: str) -> tuple[str, ...]:
    """`backendPoolName_s` -> `backend`, `pool`, `name`, `s`; without accents."""
    plain = "".join(one for one in normalize("NFKD", label) if not combining(one))
    return tuple(_WORD.findall(_CAMEL.sub(" ", plain).lower()))


def label_role(label: str) -> Role | None:
    """The role of what follows a label; `None` if the label does not say."""
    words = label_words(label[-MAX_LABEL:])
    every = set(words) | {"".join(pair) for pair in pairwise(words)}
    if _CLASS_NAME.search(label) or _REPORT.search(label) or "resolved" in every:
        return None
    if every & _SELF_DESCRIBING:
        return Role.LABELLED
    if every & PAGE_WORDS or (every & MONITORS and words[-1] in _OF_A_TOOL):
        return None if _FAULT_SENTENCE.search(label) else Role.PAGE
    kinds = (
        (STRONG_WORDS, Role.BACKEND),
        (CLIENT_WORDS, Role.CLIENT),
        (GENERAL_WORDS, Role.LABELLED),
    )
    return next((role for table, role in kinds if every & table), None)


def place_role(before: str, after: str, label: str) -> Role:
    """The role of a name, from the words around it on its line and from its field's label."""
    flows = _FLOWS_FROM.search(before) or _IS_REPORTED.search(before)
    immediate = None if flows else _IMMEDIATE.search(before) or _BOLD_LABEL.search(before)
    role = label_role(immediate[1]) if immediate else None
    if role is Role.PAGE and _SHOWS.match(after):
        return Role.SUBJECT
    if role is None:
        role = _role_of_words(before, after)
    if role is None:
        role = _role_of_field(before, label)
    if role is not None:
        return role
    is_subject = _PREPOSITION.search(before) or _VERB.match(after) or _STATED.match(after)
    return Role.SUBJECT if is_subject else Role.NAMED


def _role_of_words(before: str, after: str) -> Role | None:
    """The role that the words directly around a name give it."""
    asks = any(one.search(before) for one in (_REPORTER, _RESOLVER, _ASKER))
    leads_on = any(one.match(after) for one in (_ASKS_ANOTHER, _FLOWS_TO, _REPORTS))
    roles = (
        (Role.BACKEND, _CONNECTS.search(before) or _UNRESOLVED.match(after)),
        (Role.SUBJECT, _CANNOT.search(before) or _IS_REPORTED.search(before)),
        (Role.CLIENT, asks or leads_on),
        (Role.PAGE, _LEADS_AWAY.search(before) and not _FAILS.match(after)),
        (Role.NAMED, _HOSTED.search(before)),
        (Role.FINE, _FINE.match(after) or _NONE_OF.search(before) or _UNLIKE.search(before)),
        (Role.LABELLED, _REACHED.search(before)),
    )
    if role := next((role for role, fits in roles if fits), None):
        return role
    keyword = _KEYWORD.search(before)
    if keyword is None:
        return None
    return Role.BACKEND if keyword[1].lower() in _STRONG_KEYWORDS else Role.LABELLED


def _role_of_field(before: str, label: str) -> Role | None:
    """The role that the label at the beginning of the line, or of the field, gives."""
    opening = _OPENING_LABEL.match(before)
    if opening and _SENTENCE_END.search(before, opening.end()):
        opening = None
    role = label_role(opening[1]) if opening else None
    if opening and role is Role.PAGE and _REPORTS_FAULT.search(before, opening.end()):
        role = None
    if role is not None:
        return role
    return None if opening and _HEADLINE.search(label) else label_role(label)


def is_at_the_head(before: str, after: str) -> bool:
    """Whether a text begins with a name and says something of it: `X gives a blank page`."""
    return not re.search(r"\w\w", before.rpartition(",")[2]) and bool(_VERB.match(after))


def is_said_to_fail(before: str, after: str) -> bool:
    """Whether the words around a name say that it fails: `X is down`, `please look at X`."""
    return bool(_DOWN.match(after) or _WORRIES.search(before))


def fails_itself(after: str) -> bool:
    """Whether the words right after a name say that it is what fails; `X shows 502` does not."""
    return bool(_FAULTY_ANSWER.match(after) or _DOWN.match(after))


def says_failure(after: str) -> bool:
    """Whether the words right after a name tell of its fault: `returns 502`, `fails`."""
    return bool(_FAILS.match(after) or _SHOWS.match(after))


def is_client_address(before: str, after: str, port: int | None) -> bool:
    """Whether an address without a label is that of a client."""
    ephemeral = 32_768
    return bool(
        (port and port >= ephemeral and _CLIENT_AFTER.match(after))
        or _CLIENT_AFTER.match(after)
        or _CLIENT_BEFORE.search(before)
    )
