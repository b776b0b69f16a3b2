"""What the documentation site adds to docs/.

Pages that lie at the top of the repository, the files that pages link to, and the generated pages
in the navigation. mkdocs.yml names this file; https://www.mkdocs.org/user-guide/plugins/#events.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# Top of the repository -> page of the site; any other file that is linked to is served as it is.
PAGES = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting.md",
}
FILES = "repository"
_LINK = re.compile(r"(\]\(|src=\")(?!https?:|#|mailto:)([^)#\"\s]+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replace each `folder/*` of the navigation by the pages that lie there."""
    config.nav = _expanded(config.nav)
    return config


def _expanded(entry: Any) -> Any:  # noqa: ANN401 -- the navigation is nested lists, mappings and names
    if isinstance(entry, list):
        return [page for one in entry for page in _pages(one)]
    if isinstance(entry, dict):
        return {title: _expanded(inside) for title, inside in entry.items()}
    return entry


def _pages(entry: Any) -> list[Any]:  # noqa: ANN401 -- as above
    if isinstance(entry, str) and entry.endswith("/*"):
        found = sorted((DOCS / entry[:-2]).glob("*.md"))
        pages = (path for path in found if path.name != "README.md")
        return [_named(str(path.relative_to(DOCS)), path.stem) for path in pages]
    return [_expanded(entry)]


def _named(uri: str, name: str) -> Any:  # noqa: ANN401 -- as above
    """A finding is listed by its code, everything else by its title."""
    return {name: uri} if name.isupper() else uri


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the top of the repository, and every file that a page links to."""
    for name, uri in PAGES.items():
        text = _moved((ROOT / name).read_text(encoding="utf-8"), ".", uri)
        files.append(File.generated(config, uri, content=text))
    linked = {link for page in DOCS.rglob("*.md") for link in _outside(page)}
    for path in sorted(linked - PAGES.keys()):
        if not (ROOT / path).is_file():
            raise PluginError(f"a page links to {path}, which is no file of the repository")
        files.append(File.generated(config, f"{FILES}/{path}", abs_src_path=str(ROOT / path)))
    return files


def _outside(page: Path) -> set[str]:
    """The files of the repository outside docs/ that a page links to."""
    folder = page.parent.relative_to(ROOT).as_posix()
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    paths = {posixpath.normpath(posixpath.join(folder, link)) for _, link in links}
    return {path for path in paths if not path.startswith("docs/")}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 -- the event's signature
    """Let links that leave docs/ lead to their place in the site."""
    if page.file.src_uri in PAGES.values():
        return markdown
    folder = posixpath.dirname(page.file.src_uri)
    return _moved(markdown, posixpath.join("docs", folder), page.file.src_uri)


def _moved(markdown: str, folder: str, uri: str) -> str:
    """Rewrite the links of a text that lies in `folder` of the repository, for the page `uri`."""

    def rewrite(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[2]))
        inside = path.removeprefix("docs/") if path.startswith("docs/") else None
        target = inside or PAGES.get(path) or f"{FILES}/{path}"
        return match[1] + posixpath.relpath(target, posixpath.dirname(uri) or ".")

    return _LINK.sub(rewrite, markdown)
