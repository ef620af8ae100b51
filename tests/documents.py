"""What a person reads of Osteon: pages, the blocks in them, and their links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)

NOT_RUN = "<!-- not run: "
"""Before a block of Python that takes too long for a test; a reason follows."""

_FENCE = re.compile(r"^([ ]*)```(\w*)[^\n]*\n(.*?)^\1```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        page: From the repository's root.
        line: Of its first line.
        language: As the fence says; empty where it says nothing.
        text: What is in it.
        is_run: Whether a test may run it.
    """

    page: str
    line: int
    language: str
    text: str
    is_run: bool

    def __str__(self) -> str:
        """Return where it is."""
        return f"{self.page}:{self.line}"


def find_blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    page = path.read_text("utf-8")
    return [
        Block(
            page=path.relative_to(ROOT).as_posix(),
            line=page.count("\n", 0, found.start()) + 2,
            language=found[2],
            text=re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
            is_run=NOT_RUN not in page[: found.start()].rstrip().rpartition("\n")[2],
        )
        for found in _FENCE.finditer(page)
    ]


def drop_blocks(page: str) -> str:
    """Return a page without its fenced blocks, each replaced by as many empty lines."""
    return _FENCE.sub(lambda found: "\n" * found.group().count("\n"), page)


def name_anchor(title: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def find_anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings."""
    return {name_anchor(t) for t in re.findall(r"^#+ (.*)$", drop_blocks(page), re.MULTILINE)}
