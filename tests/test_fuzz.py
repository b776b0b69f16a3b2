"""The fuzzer's targets accept their own seeds, so that a run begins behind the first check."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.corpora import write_corpora
from fuzz.targets import TARGETS


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    write_corpora(folder)
    return folder


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_every_target_reads_its_seeds(corpora: Path, name: str) -> None:
    seeds = sorted((corpora / name).iterdir())
    assert seeds
    for seed in seeds:
        TARGETS[name](seed.read_bytes())


@pytest.mark.parametrize("name", sorted(TARGETS))
@given(data=st.binary(max_size=2000))
def test_no_bytes_break_a_target(name: str, data: bytes) -> None:
    TARGETS[name](data)
