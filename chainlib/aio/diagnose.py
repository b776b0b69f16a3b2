"""Finds out why a handshake presented no chain, with at most two more short handshakes.

Each differs from the gateway's handshake in one thing (the name, the PROXY header, what is
offered); the one that succeeds identifies the cause.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from chainlib.aio.capture import capture
from chainlib.aio.failures import no_list
from chainlib.causes import PLAIN_ALERTS, Breakage, Observation, Trials
from chainlib.certificate import Certificate
from chainlib.errors import CaptureError, InvalidTarget, TLSVersionUnsupported
from chainlib.frozen import dataclass
from chainlib.handshake import GATEWAY_OFFER, LENIENT_OFFER, TlsOffer
from chainlib.limits import TRIAL_S, TRIALS
from chainlib.model import PresentedChain, Target, is_ip_literal
from chainlib.wording import counted

_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_WITH_HEADER = "with a PROXY header of version 1 first"
_OLD_VERSIONS = frozenset({"TLSv1", "TLSv1.1", "SSLv3"})
# Failures whose cause further handshakes can find; the others name their cause themselves.
_OPEN = frozenset({Breakage.ALERT, Breakage.RESET, Breakage.CLOSED, Breakage.OTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """One more handshake: the field of `Trials` that it sets, its description, what it sends."""

    field_name: str
    words: str
    target: Target
    offer: TlsOffer


@dataclasses.dataclass(slots=True, kw_only=True)
class _Results:
    trials: Trials
    tried: list[str] = field(default_factory=list)
    trial: _Trial | None = None
    chain: PresentedChain | None = None


async def diagnose(
    error: CaptureError,
    target: Target,
    *,
    timeout: float,  # noqa: ASYNC109 -- as in `capture`: see there
    offer: TlsOffer = GATEWAY_OFFER,
    known_names: Sequence[str] = (),
    nameless_listed: bool | None = None,
) -> CaptureError:
    """The same failure, with the cause that further handshakes show.

    Args:
        error: why `capture` received no chain.
        target: where it connected, with the address.
        timeout: seconds for all of this.
        offer: as in the failed handshake.
        known_names: host names of the server, the likeliest first; tried if no server_name was
            sent.
        nameless_listed: whether a handshake without server_name received a chain; `None` if none
            was made.

    Returns:
        `error` itself if nothing more can be found out.
    """
    seen = error.observation
    if seen is None or seen.failure.kind not in _OPEN:
        return error
    named = seen.server_name is not None
    results = _Results(trials=Trials(other_name=nameless_listed if named else None))
    deadline = asyncio.get_running_loop().time() + timeout
    if results.trials.other_name is None or not results.trials.other_name:
        for trial in _plan(seen, target, offer, known_names):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or results.chain is not None or len(results.tried) >= TRIALS:
                break
            await _try(trial, min(left, TRIAL_S), results)
    return _named(error, seen, target, results)


def _plan(
    seen: Observation, target: Target, offer: TlsOffer, known_names: Sequence[str]
) -> Iterator[_Trial]:
    """The handshakes that may find the cause, the likeliest first."""
    silent = not seen.received
    name = next((n for n in known_names if _sendable(n)), None)
    if seen.server_name is None and name is not None:
        yield _Trial(
            field_name="other_name",
            words=f"with the server name {name}",
            target=replace(target, server_name=name),
            offer=offer,
        )
    if silent or target.proxy_header:
        yield _Trial(
            field_name="other_header",
            words="without a PROXY header first" if target.proxy_header else _WITH_HEADER,
            target=replace(target, proxy_header=not target.proxy_header),
            offer=offer,
        )
    if seen.failure.alert in PLAIN_ALERTS:
        return
    yield _Trial(
        field_name="lenient",
        words="with older versions and weak ciphers allowed",
        target=target,
        offer=LENIENT_OFFER,
    )


async def _try(trial: _Trial, seconds: float, results: _Results) -> None:
    try:
        chain = await capture(trial.target, timeout=seconds, offer=trial.offer, list_only=True)
    except InvalidTarget:
        return
    except CaptureError as error:
        came = error.reason or "no connection"
        results.tried.append(f"{trial.words}: {came}")
        results.trials = replace(results.trials, **{trial.field_name: False})
        return
    results.tried.append(f"{trial.words}: {counted(len(chain.certificates), 'certificate')}")
    results.trials = replace(results.trials, **{trial.field_name: True})
    results.trial, results.chain = trial, chain


def _named(
    error: CaptureError, seen: Observation, target: Target, results: _Results
) -> CaptureError:
    better = no_list(seen, target, results.trials)
    if results.tried:
        better.evidence["tried"] = results.tried
    if results.chain is not None and results.trial is not None:
        better = _decided(better, results.chain, results.trial)
    elif results.trials.other_name:
        better = _said(better, "Without a server name the server does send its certificates.")
    better.address, better.timings = error.address, error.timings
    return better


def _decided(error: CaptureError, chain: PresentedChain, trial: _Trial) -> CaptureError:
    """The failure with its cause, after one of the further handshakes received a chain."""
    evidence = {**error.evidence}
    if trial.field_name == "other_name":
        evidence |= {"with_server_name": _facts(chain, trial)}
        evidence |= {"known_name": trial.target.server_name}
    else:
        evidence |= {"succeeded": _facts(chain, trial)}
    session = chain.tls
    if trial.field_name == "lenient" and session is not None and session.version in _OLD_VERSIONS:
        message = (
            f"{chain.target.host} speaks only TLS versions older than 1.2 ({session.version}), "
            "which the gateway does not use."
        )
        return TLSVersionUnsupported(
            message, reason="version", evidence=evidence, observation=error.observation
        )
    error.evidence = evidence
    expects = (
        "this port does not expect one"
        if trial.target.proxy_header is False
        else ("this port expects the PROXY protocol")
    )
    words = trial.words[0].upper() + trial.words[1:]
    sentence = _SAID[trial.field_name].format(
        words=words, proxy=f": {expects}", session=_session(chain)
    )
    return _said(error, sentence)


_SAID = {
    "other_name": "{words} it answers.",
    "other_header": "{words} it answers{proxy}.",
    "lenient": "{words} it answers ({session}): it shares no usable cipher suite with the gateway.",
}


def _said(error: CaptureError, sentence: str) -> CaptureError:
    kind = type(error)
    return kind(
        f"{error} {sentence}",
        reason=error.reason,
        candidates=error.candidates,
        evidence=error.evidence,
        observation=error.observation,
    )


def _facts(chain: PresentedChain, trial: _Trial) -> dict[str, object]:
    first = chain.certificates[0]
    facts: dict[str, object] = {
        "server_name": trial.target.server_name,
        "certificates": len(chain.certificates),
    }
    if isinstance(first, Certificate):
        facts["subject"] = first.subject
    if trial.field_name == "lenient":
        facts["session"] = _session(chain)
    if trial.target.proxy_header:
        facts["proxy_header"] = True
    return facts


def _session(chain: PresentedChain) -> str:
    session = chain.tls
    return " ".join(filter(None, (session.version, session.cipher))) if session else ""


def _sendable(name: str) -> bool:
    """Whether a name can be sent in a ClientHello: it is no address, pattern or URL."""
    return bool(_HOST_NAME.fullmatch(name)) and not is_ip_literal(name)
