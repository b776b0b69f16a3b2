"""deploy/: what it sets exists, what it assumes about image and port holds, no write rights."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from bot.main import CHECK_TIMEOUT_S
from bot.settings import Settings, load_settings
from bot.settings.values import LOOPBACK
from bot.slack.service import DRAIN_S

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SETTINGS = {str(field.alias) for field in Settings.model_fields.values() if field.alias}
STOPS_WITHIN_S = 25
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1-a", "SLACK_APP_TOKEN": "xapp-1-a"}


@pytest.fixture(scope="module")
def cluster() -> dict[str, dict[str, Any]]:
    """The Kubernetes objects by kind."""
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))
    return {document["kind"]: document for document in documents}


@pytest.fixture(scope="module")
def pod(cluster: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The pod's specification."""
    spec: dict[str, Any] = cluster["Deployment"]["spec"]["template"]["spec"]
    return spec


def bicep(name: str) -> str:
    """A template without its comments."""
    return re.sub(r"(^|\s)//.*", "", (DEPLOY / name).read_text(encoding="utf-8"))


def test_cluster_settings_are_accepted_by_the_bot(
    cluster: dict[str, dict[str, Any]], pod: dict[str, Any]
) -> None:
    (container,) = pod["containers"]
    given = {
        **cluster["ConfigMap"]["data"],
        **{one["name"]: one["value"] for one in container["env"]},
    }
    assert set(given) <= SETTINGS
    filled = {
        name: re.sub(r"<subscription-id>", "0" * 8 + "-0000-0000-0000-" + "0" * 12, value)
        for name, value in given.items()
    }
    settings = load_settings(TOKENS | {name: value.strip("<>") for name, value in filled.items()})
    assert (settings.asks_azure, settings.azure_credential.value) == (True, "workload-identity")
    assert len(settings.subscriptions) == 2


def test_cluster_gives_the_database_file_one_owner(
    cluster: dict[str, dict[str, Any]], pod: dict[str, Any]
) -> None:
    spec = cluster["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    assert cluster["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    (container,) = pod["containers"]
    (folder,) = [one["value"] for one in container["env"] if one["name"] == "APPGW_DATA_DIR"]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == [folder]


def test_pod_runs_as_the_images_read_only_user(pod: dict[str, Any]) -> None:
    (user,) = re.findall(
        r"^USER (\d+):\d+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == int(user)
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]


def test_pod_is_probed_and_has_time_to_stop(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == load_settings(TOKENS).admin_port
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}
    assert pod["terminationGracePeriodSeconds"] > STOPS_WITHIN_S > max(DRAIN_S, CHECK_TIMEOUT_S)


def test_image_asks_its_own_port_past_proxies() -> None:
    """An environment with HTTP_PROXY would otherwise make every container unhealthy."""
    written = re.search(r"HEALTHCHECK[^\[]*(\[.*\])", (ROOT / "Dockerfile").read_text("utf-8"))
    assert written
    _, option, code = json.loads(written[1])
    with HTTPServer((LOOPBACK, 0), _Healthy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            "APPGW_ADMIN_PORT": str(server.server_port),
            "http_proxy": f"http://{LOOPBACK}:9",
        }
        done = subprocess.run(  # noqa: S603 -- our own interpreter
            [sys.executable, "-I", option, code], env=environment, check=False, timeout=60
        )
        server.shutdown()
    assert done.returncode == 0


class _Healthy(BaseHTTPRequestHandler):
    """Answers every GET with 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_details: object) -> None:
        """Write nothing."""


def test_names_in_the_cluster_meet(cluster: dict[str, dict[str, Any]], pod: dict[str, Any]) -> None:
    spec = cluster["Deployment"]["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    assert pod["serviceAccountName"] == cluster["ServiceAccount"]["metadata"]["name"]
    assert (
        pod["volumes"][0]["persistentVolumeClaim"]["claimName"]
        == cluster["PersistentVolumeClaim"]["metadata"]["name"]
    )
    assert (
        pod["containers"][0]["envFrom"][0]["configMapRef"]["name"]
        == cluster["ConfigMap"]["metadata"]["name"]
    )
    assert {document["metadata"]["namespace"] for document in cluster.values()} == {"appgw-check"}


def test_container_app_sets_only_what_can_be_set() -> None:
    text = bicep("main.bicep")
    set_there = set(re.findall(r"name: '((?:APPGW|SLACK|AZURE)_[A-Z_]+)'", text))
    assert (
        {
            "SLACK_BOT_TOKEN",
            "SLACK_APP_TOKEN",
            "APPGW_DATABASE_URL",
            "AZURE_CLIENT_ID",
            "APPGW_SUBSCRIPTIONS",
        }
        <= set_there
        <= SETTINGS
    )
    assert set(re.findall(r"path: '(/[a-z]+)'\s+port: (\d+)", text)) == {
        ("/healthz", "8080"),
        ("/readyz", "8080"),
    }
    (grace,) = re.findall(r"terminationGracePeriodSeconds: (\d+)", text)
    assert int(grace) > STOPS_WITHIN_S


def test_container_app_keeps_secrets_out_of_plain_values() -> None:
    text = bicep("main.bicep")
    secret = re.findall(r"@secure\(\)\s+param (\w+)", text)
    assert secret == ["slackBotToken", "slackAppToken", "databaseUrl"]
    kept = set(re.findall(r"name: '([a-z-]+)'\s+value: (\w+)\s", text))
    assert {value for _, value in kept} == set(secret)
    assert set(re.findall(r"secretRef: '([a-z-]+)'", text)) == {name for name, _ in kept}
    assert [text.count(name) for name in secret] == [2, 2, 2]


@pytest.mark.parametrize("name", ["main.bicep", "role.bicep"])
def test_bicep_is_balanced_and_uses_what_it_declares(name: str) -> None:
    text = re.sub(
        r"'(?:\\.|[^'\\\n])*'", lambda found: re.sub(r"[^${}\w.]", " ", found[0]), bicep(name)
    )
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing)
    for declared in re.findall(r"^(?:param|var) (\w+)", text, re.MULTILINE):
        assert len(re.findall(rf"\b{declared}\b", text)) > 1, declared
    for file in re.findall(
        r"^module \w+ '([^']+)'|loadJsonContent\('([^']+)'\)", bicep(name), re.MULTILINE
    ):
        assert (DEPLOY / "".join(file)).exists()


def test_role_reads_health_and_does_nothing_else() -> None:
    role = json.loads((DEPLOY / "role.json").read_text(encoding="utf-8"))
    harmless = re.compile(r"Microsoft\.Network/[A-Za-z/]+/(read|backendhealth/action)")
    assert [action for action in role["Actions"] if not harmless.fullmatch(action)] == []
    assert "'role.json'" in bicep("role.bicep")
    assert "Microsoft.Network/" not in bicep("role.bicep")  # the actions stand in one place
