"""Fix guides: for every code, server and tool.

The names of the case are in them, and no name can break out of its word.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fixsteps import (
    FixContext,
    FixGuide,
    FixStep,
    Language,
    ServerKind,
    Tool,
    gateway_guide,
    guess_server_kind,
    guide,
    has_gateway_guide,
    has_server_guide,
)
from bot.fixsteps.quoting import (
    is_safe_host,
    is_safe_name,
    quote_bicep,
    quote_config,
    quote_hcl,
    quote_powershell,
    quote_sh,
)
from bot.fixsteps.servers_platform import PLATFORM
from bot.fixsteps.servers_web import WEB
from chainlib import CATALOGUE, CHAIN_SWITCH_CODES, NAME_SWITCH_CODES, Code, Where
from tests.support.sampling import every

CONTEXT = FixContext(
    host="backend.contoso.com",
    group="prod-rg",
    gateway="prod-gw",
    setting="https-be",
    probe="shop-probe",
    root_name="corp-root-2024",
    kept_roots=("corp-root-2019",),
)
EVIL = 'x\'; touch /tmp/owned; $(id) `id` "${HOME}" <root> %{if} \\'


def steps_of(answer: FixGuide) -> tuple[FixStep, ...]:
    return (*answer.steps, *answer.undo, *answer.proof, *answer.stopgap)


def commands(answer: FixGuide, language: Language | None = None) -> list[str]:
    return [
        step.command
        for step in steps_of(answer)
        if step.command and language in {None, step.language}
    ]


def every_guide(context: FixContext) -> list[FixGuide]:
    servers = [guide(code, context, kind) for code in Code for kind in ServerKind]
    return servers + [gateway_guide(code, context, tool) for code in Code for tool in Tool]


def test_every_kind_of_server_has_a_recipe() -> None:
    assert {*WEB, *PLATFORM} == set(ServerKind)


@pytest.mark.parametrize("code", list(Code), ids=str)
def test_code_is_guided_where_the_catalogue_says(code: Code) -> None:
    on_gateway = CATALOGUE[code].where is Where.GATEWAY
    # No command of a tool can do what these ask for.
    unguided = {
        Code.PROBE_DISAGREES,
        Code.UNRECOGNISED,
        Code.POOL_EMPTY,
        Code.TRUST_NOT_VISIBLE,
        Code.GATEWAY_PROVISIONING_FAILED,
        Code.SKU_RETIRED,
    }
    assert has_gateway_guide(code) or not on_gateway or code in unguided
    assert (
        has_gateway_guide(code)
        or has_server_guide(code)
        or guide(code, CONTEXT, ServerKind.OTHER).steps
    )


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_guides_fit_a_phone(known: bool) -> None:  # noqa: FBT001 -- a table
    for answer in every_guide(CONTEXT if known else FixContext(host="10.0.0.5")):
        assert len(answer.title) <= 60
        assert answer.steps
        assert answer.proof
        assert all(0 < len(step.text) <= 140 for step in steps_of(answer))
        assert all(
            len(line) <= 190 for command in commands(answer) for line in command.splitlines()
        )


def test_placeholders_are_all_filled() -> None:
    for answer in every_guide(CONTEXT):
        for step in steps_of(answer):
            assert not re.search(r"<[a-z_]+>", step.text + (step.command or ""))


def test_unknown_names_become_blanks_that_are_listed() -> None:
    answer = gateway_guide(Code.SERVER_UNKNOWN_CA, FixContext(host="10.0.0.5"), Tool.AZ)
    assert set(answer.blanks) == {
        "RESOURCE_GROUP",
        "GATEWAY_NAME",
        "BACKEND_SETTING",
        "ROOT_NAME",
        "ROOT_NAMES",
    }
    assert any("-n ROOT_NAME --cert-file root.cer" in command for command in commands(answer))


def test_known_names_leave_no_blank() -> None:
    assert gateway_guide(Code.SERVER_UNKNOWN_CA, CONTEXT, Tool.AZ).blanks == ()


def test_root_is_attached_beside_those_that_must_stay() -> None:
    answer = gateway_guide(Code.ROOT_NOT_ATTACHED, CONTEXT, Tool.AZ)
    attach = next(command for command in commands(answer) if "--root-certs" in command)
    assert attach.endswith("--root-certs corp-root-2019 corp-root-2024")
    assert (answer.undo[0].command or "").endswith("--root-certs corp-root-2019")


@pytest.mark.parametrize("picked", [True, False])
@pytest.mark.parametrize("tool", list(Tool), ids=str)
def test_attaching_a_root_leaves_the_host_name_alone(tool: Tool, picked: bool) -> None:  # noqa: FBT001 -- a table
    for code in (Code.ROOT_NOT_ATTACHED, Code.ROOT_MISMATCH):
        answer = gateway_guide(code, replace(CONTEXT, pick_host=picked), tool)
        assert not [
            command
            for command in commands(answer)
            if re.search(r"host.?name", command, re.IGNORECASE)
        ]


def test_present_root_is_not_uploaded_again() -> None:
    for tool in Tool:
        shown = "\n".join(
            commands(gateway_guide(Code.ROOT_MISMATCH, replace(CONTEXT, root_here=True), tool))
        )
        assert "corp-root-2024" in shown
        assert not re.search(r"root-cert create|Add-Az|loadFile|filebase64", shown)


@pytest.mark.parametrize("tool", list(Tool), ids=str)
def test_files_are_saved_only_from_the_thread(tool: Tool) -> None:
    for code in (Code.ROOT_MISMATCH, Code.AUTH_CERTIFICATE_MISMATCH):
        answer = gateway_guide(code, replace(CONTEXT, no_root_file=True), tool)
        assert not any("this thread" in step.text for step in steps_of(answer))
        assert any(
            "root.cer from this thread" in step.text
            for step in steps_of(gateway_guide(code, CONTEXT, tool))
        )


@pytest.mark.parametrize(
    ("missing", "first"),
    [
        ("Contoso Issuing CA 3", "Get the certificate of Contoso Issuing CA 3 from its CA"),
        (None, "Write fullchain.pem: the server's own certificate first"),
    ],
)
def test_missing_chain_file_is_not_promised_in_thread(missing: str | None, first: str) -> None:
    answer = guide(
        Code.INTERMEDIATE_MISSING,
        replace(CONTEXT, no_chain_file=True, missing=missing),
        ServerKind.NGINX,
    )
    assert answer.steps[0].text.startswith(first)
    assert not any("this thread" in step.text for step in steps_of(answer))


@pytest.mark.parametrize(
    ("tool", "line"),
    [
        (Tool.AZ, "--auth-certs corp-root-2019 corp-root-2024"),
        (
            Tool.POWERSHELL,
            (
                "$s.AuthenticationCertificates = @($s.AuthenticationCertificates | Where-Object { "
                "$_ }) + $id"
            ),
        ),
        (
            Tool.BICEP,
            "applicationGateways/authenticationCertificates', 'prod-gw', 'corp-root-2019')",
        ),
        (Tool.TERRAFORM, 'name = "corp-root-2024"'),
    ],
)
def test_v1_keeps_the_certificates_that_are_attached(tool: Tool, line: str) -> None:
    context = replace(CONTEXT, v1=True)
    answer = gateway_guide(Code.AUTH_CERTIFICATE_MISMATCH, context, tool)
    assert line in "\n".join(commands(answer))
    on_v2 = gateway_guide(Code.AUTH_CERTIFICATE_MISMATCH, CONTEXT, tool)
    assert on_v2.steps == gateway_guide(Code.ROOT_MISMATCH, CONTEXT, tool).steps
    assert answer.undo


@pytest.mark.parametrize("tool", list(Tool), ids=str)
def test_host_name_is_one_that_the_certificate_carries(tool: Tool) -> None:
    answer = gateway_guide(Code.NAME_MISMATCH, replace(CONTEXT, carried="shop.contoso.com"), tool)
    assert any("shop.contoso.com" in command for command in commands(answer))
    assert (
        "HOST_NAME" in gateway_guide(Code.NAME_MISMATCH, replace(CONTEXT, carried=""), tool).blanks
    )


def test_host_pick_ends_before_a_name_is_set() -> None:
    shown = commands(gateway_guide(Code.NAME_MISMATCH, replace(CONTEXT, pick_host=True), Tool.AZ))
    assert any(
        "--host-name backend.contoso.com --host-name-from-backend-pool false" in command
        for command in shown
    )


@pytest.mark.parametrize("name", ["a&calc", 'a" --yes "b', "%PATH%", "a b", "a^b", "a|b", "a!b!"])
def test_name_that_cmd_would_expand_becomes_a_placeholder(name: str) -> None:
    for code in (Code.VALIDATION_OFF, Code.INTERMEDIATE_MISSING):
        answer = gateway_guide(code, replace(CONTEXT, gateway=name), Tool.POWERSHELL)
        called = [command for command in commands(answer) if command.startswith("az ")]
        assert called
        assert all("'GATEWAY_NAME'" in command and name not in command for command in called)


HOSTILE = (
    EVIL,
    "a'b",
    'a"b',
    "$(touch owned)",
    "`touch owned`",
    "${HOME}",
    "a b",
    "a;touch owned",
    "a&&touch owned",
    "ünïcode",
    "a\\",
)


def bash(*words: str, folder: Path) -> bytes:
    """What a real bash prints; a test without one is skipped."""
    program = shutil.which("bash")
    if program is None:
        pytest.skip("no bash on this machine")
    return subprocess.run(  # noqa: S603 -- a real shell is what is asked
        [program, *words], cwd=folder, check=True, capture_output=True, timeout=60
    ).stdout


@pytest.mark.may_block
def test_sh_command_is_readable_by_bash(tmp_path: Path) -> None:
    contexts = (
        CONTEXT,
        FixContext(host="10.0.0.5"),
        *(replace(CONTEXT, group=n, gateway=n, setting=n, root_name=n) for n in every(HOSTILE, 3)),
    )
    distinct = dict.fromkeys(
        c
        for context in contexts
        for answer in every_guide(context)
        for c in commands(answer, Language.SH)
    )
    assert len(distinct) > 100
    script = tmp_path / "all.sh"
    script.write_text("\n".join(distinct) + "\n", encoding="utf-8")
    bash("-n", str(script), folder=tmp_path)


@pytest.mark.may_block
@pytest.mark.parametrize("name", HOSTILE)
def test_real_bash_hands_the_very_name_to_az(name: str, tmp_path: Path) -> None:
    context = replace(
        CONTEXT,
        group=name,
        gateway=name,
        setting=name,
        probe=name,
        root_name=name,
        kept_roots=(name + "2",),
    )
    codes = (
        Code.ROOT_MISMATCH,
        Code.AUTH_CERTIFICATE_MISMATCH,
        Code.NAME_MISMATCH,
        Code.VALIDATION_OFF,
        Code.INTERMEDIATE_MISSING,
    )
    guides = [gateway_guide(code, context, Tool.AZ) for code in codes]
    asked = [command for guide in guides for command in commands(guide, Language.SH)]
    shells = [f"( number={n}\n{command} || true\n)" for n, command in enumerate(asked)]
    az = 'az() { printf "%s\\0" "$@" >argv.$number; }'
    bash("-c", "\n".join([az, *shells]), folder=tmp_path)
    for n, command in enumerate(asked):
        words = (tmp_path / f"argv.{n}").read_text().split("\0")
        assert name in words or not is_safe_name(name), command
    assert not (tmp_path / "owned").exists()


def test_attached_roots_are_looked_up_when_unknown() -> None:
    answer = gateway_guide(Code.ROOT_NOT_ATTACHED, replace(CONTEXT, kept_roots=None), Tool.AZ)
    assert any("trustedRootCertificates[].id" in command for command in commands(answer))
    assert any(
        command.endswith("--root-certs ROOT_NAMES corp-root-2024") for command in commands(answer)
    )
    assert "ROOT_NAMES" in answer.blanks


@pytest.mark.parametrize("kept", [("corp-root-2019",), ()], ids=["beside-another", "alone"])
@pytest.mark.parametrize(
    ("tool", "line"),
    [
        (Tool.AZ, "ROOT_NAME"),
        (
            Tool.BICEP,
            (
                "resourceId('Microsoft.Network/applicationGateways/trustedRootCertificates', "
                "'prod-gw', 'ROOT_NAME')"
            ),
        ),
        (Tool.TERRAFORM, '"ROOT_NAME"'),
    ],
)
def test_unnamed_root_is_attached_and_not_only_uploaded(
    tool: Tool, line: str, kept: tuple[str, ...]
) -> None:
    answer = gateway_guide(
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN, replace(CONTEXT, root_name=None, kept_roots=kept), tool
    )
    marks = ("--root-certs", "trustedRootCertificates: [", "trusted_root_certificate_names")
    attaching = [
        step.command
        for step in answer.steps
        if step.command and any(mark in step.command for mark in marks)
    ]
    assert attaching
    assert all(line in command for command in attaching)
    assert all(name in command for command in attaching for name in kept)
    assert "ROOT_NAME" in answer.blanks


def test_public_ca_is_answered_by_detaching() -> None:
    answer = gateway_guide(Code.ROOT_MISMATCH, replace(CONTEXT, public_ca=True), Tool.TERRAFORM)
    assert "trusted_root_certificate_names = []" in commands(answer)


@pytest.mark.parametrize(
    ("tool", "line"),
    [
        (Tool.AZ, "--root-certs corp-root-2019 corp-root-2024"),
        (Tool.POWERSHELL, "-Name 'corp-root-2024' -CertificateFile 'root.cer'"),
        (Tool.BICEP, "'prod-gw', 'corp-root-2019')"),
        (Tool.TERRAFORM, 'trusted_root_certificate_names = ["corp-root-2019", "corp-root-2024"]'),
    ],
)
def test_each_tool_has_the_names_in_it(tool: Tool, line: str) -> None:
    assert line in "\n".join(commands(gateway_guide(Code.SERVER_UNKNOWN_CA, CONTEXT, tool)))


@pytest.mark.parametrize(
    ("tool", "line"),
    [
        (Tool.AZ, "application-gateway settings update"),
        (Tool.POWERSHELL, "Get-AzApplicationGatewayBackendSetting -ApplicationGateway $gw"),
        (Tool.BICEP, "hostName: 'backend.contoso.com'"),
        (Tool.TERRAFORM, "In the backend block of https-be"),
    ],
)
def test_setting_of_tls_proxy_has_its_own_words(tool: Tool, line: str) -> None:
    context = replace(CONTEXT, layer4=True, no_switches=True, pick_host=True)
    shown = [
        f"{step.text}\n{step.command or ''}"
        for code in set(Code) - {Code.VALIDATION_OFF}  # there is nothing to switch off
        for answer in (
            gateway_guide(code, context, tool),
            guide(code, context, ServerKind.APP_SERVICE),
        )
        for step in steps_of(answer)
    ]
    assert any(line in step for step in shown)
    layer_7 = re.compile("(?i)http.?setting|from-backend-pool|validate-|shop-probe|every request:")
    assert not [step for step in shown if layer_7.search(step)]


@pytest.mark.parametrize("tool", list(Tool), ids=str)
@pytest.mark.parametrize(
    ("field", "word"), [("v1", "(?i)pool"), ("sni_name", "(?i)sni.?name")], ids=["v1", "sni name"]
)
def test_name_is_changed_where_it_comes_from(tool: Tool, field: str, word: str) -> None:
    context = replace(CONTEXT, carried="shop.contoso.com", **{field: True})
    answer = gateway_guide(Code.NAME_MISMATCH, context, tool)
    shown = "\n".join(f"{step.text}\n{step.command or ''}" for step in answer.steps)
    assert re.search(word, shown)
    assert "shop.contoso.com" in shown
    assert not re.search("--host-name|(?i:(?<!sni)host_?name) ?[:=]", shown)


@pytest.mark.parametrize("tool", list(Tool), ids=str)
def test_gateway_change_says_that_it_takes_minutes(tool: Tool) -> None:
    answer = gateway_guide(Code.SERVER_UNKNOWN_CA, CONTEXT, tool)
    assert any("minutes" in step.text and "DNS cache" in step.text for step in answer.steps)
    assert answer.undo


@pytest.mark.parametrize("tool", list(Tool), ids=str)
def test_stopgap_stands_apart_and_begins_with_its_risk(tool: Tool) -> None:
    for code in Code:
        answer = gateway_guide(code, CONTEXT, tool)
        assert not any(
            "false" in (step.command or "") and "validate" in (step.command or "")
            for step in answer.steps
        )
        assert not answer.stopgap or answer.stopgap[0].text.startswith("RISK")
        assert not answer.stopgap or "true" in (answer.stopgap[-1].command or "")


def test_stopgap_is_offered_only_where_it_helps() -> None:
    shown = {code: gateway_guide(code, CONTEXT, Tool.AZ).stopgap for code in Code}
    skipped = {code: steps[1].command or "" for code, steps in shown.items() if steps}
    chain = {code for code, command in skipped.items() if "validate-cert-chain" in command}
    name = {code for code, command in skipped.items() if "validate-sni" in command}
    v1_has_no_switch = {Code.AUTH_CERTIFICATE_MISMATCH}
    assert chain == CHAIN_SWITCH_CODES - v1_has_no_switch
    assert name == NAME_SWITCH_CODES


@pytest.mark.parametrize(
    ("header", "host", "kind"),
    [
        ("Microsoft-IIS/10.0", "backend.contoso.com", ServerKind.IIS),
        ("Microsoft-HTTPAPI/2.0", "backend.contoso.com", ServerKind.IIS),
        ("nginx/1.25", "backend.contoso.com", ServerKind.NGINX),
        ("Apache/2.4 (Ubuntu)", "backend.contoso.com", ServerKind.APACHE),
        ("Apache-Coyote/1.1", "backend.contoso.com", ServerKind.TOMCAT),
        ("Kestrel", "backend.contoso.com", ServerKind.KESTREL),
        ("envoy", "backend.contoso.com", ServerKind.ENVOY),
        ("istio-envoy", "backend.contoso.com", ServerKind.ENVOY),
        ("Microsoft-IIS/10.0", "shop.azurewebsites.net", ServerKind.APP_SERVICE),
        ("", "contoso.azure-api.net.", ServerKind.API_MANAGEMENT),
        ("envoy", "app.ashyhill.westeurope.azurecontainerapps.io", ServerKind.CONTAINER_APPS),
        ("", "10.0.0.5", ServerKind.OTHER),
        ("<!channel>", "evil.azurewebsites.net.contoso.com", ServerKind.OTHER),
    ],
)
def test_server_kind_is_guessed_from_what_was_seen(
    header: str, host: str, kind: ServerKind
) -> None:
    assert guess_server_kind(header, host) is kind


def test_network_interface_without_header_is_a_virtual_machine() -> None:
    assert guess_server_kind("", "10.0.0.5", network_interface=True) is ServerKind.VIRTUAL_MACHINE
    assert guess_server_kind("nginx", "10.0.0.5", network_interface=True) is ServerKind.NGINX


@given(st.text())
def test_sh_word_is_read_back_as_itself(text: str) -> None:
    assert shlex.split(f"az -n {quote_sh(text)} -g rg") == ["az", "-n", text, "-g", "rg"]


def read_powershell(source: str) -> tuple[str, str]:
    """A verbatim string as PowerShell's tokenizer reads it, and what is left behind it.

    Any two single quotes are one.
    """
    quotes, read, place = "'\u2018\u2019\u201a\u201b", "", 1
    while source[place] not in quotes or source[place + 1 : place + 2] in set(quotes):
        place += source[place] in quotes
        read += source[place]
        place += 1
    return read, source[place + 1 :]


@given(st.text(alphabet=st.characters() | st.sampled_from("'\u2018\u2019\u201a\u201b\"`$")))
def test_powershell_word_doubles_every_single_quote(text: str) -> None:
    assert read_powershell(quote_powershell(text) + " -Force") == (text, " -Force")


@given(st.text(alphabet=st.characters() | st.sampled_from("'\"\\${}%")))
def test_bicep_and_hcl_words_are_closed_strings(text: str) -> None:
    assert not re.search(r"(?<!\\)(\\\\)*'", quote_bicep(text)[1:-1])
    assert not re.search(r'(?<!\\)(\\\\)*"', quote_hcl(text)[1:-1])
    assert not re.search(r"(?<!\\)(\\\\)*\$\{", quote_bicep(text)[1:-1])
    assert not re.search(
        r"(?<![$%])(?:\$\$|%%)*(?:\$|%)\{",
        quote_hcl(text)[1:-1].replace("$${", "").replace("%%{", ""),
    )


@pytest.mark.parametrize("text", ["a b", "x;y", "a'b", "a\nb", "$x", "", "ü", "a\n"])
def test_config_word_takes_plain_words_only(text: str) -> None:
    with pytest.raises(ValueError, match="plain word"):
        quote_config(text)


@pytest.mark.parametrize(
    "text",
    ["-rf", "@/etc/passwd", "a\nb", "a\x1b[201~b", "a\u202eb", "", "x" * 301, "\tb", " a", "--yes"],
)
def test_unsafe_name_becomes_a_blank(text: str) -> None:
    assert not is_safe_name(text)
    answer = gateway_guide(Code.ROOT_NOT_ATTACHED, replace(CONTEXT, group=text), Tool.AZ)
    assert "RESOURCE_GROUP" in answer.blanks
    assert all(text not in shlex.split(command) for command in commands(answer))


@pytest.mark.parametrize(
    "text", ["a b", "x;y.com", "-x.com", "x.com\n", "$(id)", "a'b", "a/b", "", "x.com-"]
)
def test_host_outside_the_host_alphabet_becomes_a_blank(text: str) -> None:
    assert not is_safe_host(text)
    answer = guide(Code.INTERMEDIATE_MISSING, FixContext(host=text or ";"), ServerKind.NGINX)
    assert "-connect BACKEND_HOST:PORT" in "\n".join(commands(answer))


@pytest.mark.parametrize(
    ("host", "connect"), [("10.0.0.5", "10.0.0.5:8443"), ("fd00::5", "'[fd00::5]:8443'")]
)
def test_address_is_probed_without_a_server_name(host: str, connect: str) -> None:
    proof = commands(
        guide(Code.INTERMEDIATE_MISSING, FixContext(host=host, port=8443), ServerKind.NGINX)
    )[-1]
    assert proof == f"openssl s_client -connect {connect} -noservername -showcerts </dev/null"


@given(
    text=st.text(min_size=1) | st.just(EVIL),
    code=st.sampled_from(list(Code)),
    tool=st.sampled_from([Tool.AZ, Tool.BICEP, Tool.TERRAFORM]),
)
def test_hostile_name_stays_one_word_of_sh(text: str, code: Code, tool: Tool) -> None:
    named = replace(CONTEXT, group=text, gateway=text, setting=text, probe=text, root_name=text)
    plain = commands(gateway_guide(code, replace(CONTEXT, root_name="r"), tool), Language.SH)
    evil = commands(gateway_guide(code, named, tool), Language.SH)
    for harmless, hostile in zip(plain, evil, strict=True):
        assert len(shlex.split(harmless)) == len(shlex.split(hostile))
    words = [word for command in evil for word in shlex.split(command)]
    assert (
        not is_safe_name(text)
        or text in words
        or not any("prod-gw" in command for command in plain)
    )


@pytest.mark.parametrize("tool", list(Tool), ids=str)
def test_looks_like_a_placeholder_but_is_a_name(tool: Tool) -> None:
    answer = gateway_guide(Code.ROOT_NOT_ATTACHED, replace(CONTEXT, gateway="a<root>b"), tool)
    assert "a<root>b" in "\n".join(commands(answer))
