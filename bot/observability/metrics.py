"""The metrics of `/metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
INVOCATIONS = Counter(
    "appgw_asks_total",
    "Invocations, by source and outcome",
    ["source", "outcome"],
    registry=REGISTRY,
)
CHECKS = Counter(
    "appgw_checks_total", "Finished checks, by headline", ["headline"], registry=REGISTRY
)
CHECK_SECONDS = Histogram(
    "appgw_check_seconds",
    "From the invocation to the verdict",
    buckets=(0.25, 0.5, 1, 2, 3, 5, 8, 12, 20),
    registry=REGISTRY,
)
FIRST_POST_SECONDS = Histogram(
    "appgw_first_post_seconds",
    "From the invocation to the first posted message",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
SLACK_CALLS = Counter(
    "appgw_slack_calls_total",
    "Web API calls, by method and Slack's answer",
    ["method", "outcome"],
    registry=REGISTRY,
)
RUNNING = Gauge("appgw_running_checks", "Checks that are running", registry=REGISTRY)
WATCHES = Gauge("appgw_watches", "Cards that are being watched", registry=REGISTRY)
WRONG = Counter(
    "appgw_wrong_diagnosis_total",
    "Presses of 'Wrong diagnosis?', by headline",
    ["headline"],
    registry=REGISTRY,
)
