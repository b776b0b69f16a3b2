"""`--report FILE.html`: writes the HTML page of a check to a file."""

from __future__ import annotations

import os
from pathlib import Path

from bot.domain.check_report import CheckReport
from bot.terminal.inputs import InputError


def writable(path: Path | None) -> None:
    """Refuse a path that cannot be written, before anything is probed.

    Raises:
        InputError: it is a folder, or its folder does not exist or is not writable.
    """
    if path is None:
        return
    if path.is_dir():
        raise InputError(f"--report {path} is a folder; write for example --report report.html.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(
            f"--report {path} cannot be written; write for example --report report.html."
        )


def write_page(path: Path, report: CheckReport) -> None:
    """Write the page, replacing the file.

    Raises:
        InputError: it cannot be written.
    """
    from bot.reports.page import report_page  # noqa: PLC0415 -- not imported where no page is wanted

    try:
        path.write_text(report_page(report), encoding="utf-8")
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise InputError(f"--report {path} could not be written ({reason}).") from None
