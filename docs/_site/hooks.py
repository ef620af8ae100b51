"""What the documentation site has beside the files of `docs/`.

The front page is README.md; CONTRIBUTING.md, SECURITY.md and CHANGELOG.md are pages too; the
references and the list of decisions are generated. All links are written as GitHub takes them: one
that leads out of `docs/` becomes a link to a page of the site, where there is one, or to the
repository, and breaks the build where it leads nowhere.
"""

import posixpath
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs loads a hook by its path alone
from reference import describe_commands, describe_python

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/osteon/osteon"

TAKEN_IN: Mapping[str, str] = MappingProxyType(
    {
        "README.md": "index.md",
        "CONTRIBUTING.md": "contributing.md",
        "SECURITY.md": "security.md",
        "CHANGELOG.md": "changelog.md",
        "docs/decisions": "decisions.md",
    }
)
"""A file or folder of the repository → the page of the site that shows it."""

_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()([^)\s]+)(\))")
_FENCE = re.compile(r"^```.*?^```[ \t]*$", re.MULTILINE | re.DOTALL)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are no file of `docs/`."""
    for source, page in TAKEN_IN.items():
        if (ROOT / source).is_file():
            text = (ROOT / source).read_text("utf-8")
            files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "decisions.md", content=list_decisions()))
    files.append(File.generated(config, "reference/commands.md", content=describe_commands()))
    files.append(File.generated(config, "reference/python.md", content=describe_python()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that hold in the repository into links that hold on the site."""
    del config
    uri = page.file.src_uri
    files_shown = {page: own for own, page in TAKEN_IN.items() if own.endswith(".md")}
    source = files_shown.get(uri, f"docs/{uri}")
    known = {file.src_uri for file in files}
    pieces, end = [], 0
    for fence in _FENCE.finditer(markdown):
        pieces += [_turn(markdown[end : fence.start()], source, uri, known), fence.group()]
        end = fence.end()
    return "".join([*pieces, _turn(markdown[end:], source, uri, known)])


def list_decisions() -> str:
    """Return a page with every decision, the newest first."""
    lines = ["# Decisions\n", "What was decided, and why; newest first.\n"]
    for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"), reverse=True):
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}](decisions/{path.name})".replace(". ", "\\. ", 1))
    return "\n".join(lines) + "\n"


def _turn(text: str, source: str, uri: str, known: set[str]) -> str:
    def replace(link: re.Match[str]) -> str:
        start, target, end = link.groups()
        return f"{start}{find_target(target, source, uri, known)}{end}"

    return _LINK.sub(replace, text)


def find_target(target: str, source: str, uri: str, known: set[str]) -> str:
    """Return where a link leads on the site.

    Args:
        target: As the repository has it.
        source: The file that holds it, from the repository's root.
        uri: The page that shows this file.
        known: Every page and file of the site.

    Raises:
        PluginError: If the target is no file of the repository.
    """
    if re.match(r"[a-z]+:|#", target):
        return target
    path, mark, anchor = target.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    inside = place.removeprefix("docs/") if place.startswith("docs/") else None
    page = TAKEN_IN.get(place) or (inside if inside in known else None)
    if page is not None:
        return posixpath.relpath(page, posixpath.dirname(uri) or ".") + mark + anchor
    if uri.startswith("reference/") or not (ROOT / place).exists():
        raise PluginError(f"{source}: a link leads nowhere: {target}")
    kind = "tree" if (ROOT / place).is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{place}{mark}{anchor}"
