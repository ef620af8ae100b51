"""Do the version, the tag, the changelog and the citation agree? `make release` asks.

A contradiction ends with exit code 1. What is merely not done yet is printed: a dry run is for
finding that out.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is between a checkout and its release.

    Attributes:
        faults: What contradicts.
        to_do: What is still to be done.
    """

    faults: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)


def judge(
    version: str, *, here: Sequence[str], tags: Sequence[str], changelog: str, citation: str
) -> Verdict:
    """Return whether a version can be released.

    Args:
        version: What pyproject.toml says.
        here: The tags of the commit that is checked out.
        tags: All tags.
        changelog: The text of CHANGELOG.md.
        citation: The text of CITATION.cff.
    """
    verdict, tag = Verdict(), f"v{version}"
    heads = re.findall(r"^## \[([^\]]+)\](.*)$", changelog, re.MULTILINE)
    dates = dict(heads)
    released = next((name for name, _ in heads if name != "Unreleased"), None)
    is_tagged = tag in here
    for other in here:
        if re.match(r"v\d", other) and other != tag:
            verdict.faults.append(f"tag {other}: pyproject.toml says {version}")
    if tag in tags and not is_tagged:
        verdict.faults.append(f"{tag} is another commit: raise the version in pyproject.toml")
    cited = re.search(r"^version: *(\S+)$", citation, re.MULTILINE)
    if cited is None or cited[1].strip("\"'") != version:
        verdict.faults.append(f"CITATION.cff: version must be {version}")
    undone = verdict.faults if is_tagged else verdict.to_do
    if version not in dates:
        undone.append(f"CHANGELOG.md: a section '## [{version}] - YYYY-MM-DD' is needed")
    elif not re.fullmatch(r" - \d{4}-\d\d-\d\d", dates[version]):
        undone.append(f"CHANGELOG.md, [{version}]: its date is needed, ' - YYYY-MM-DD'")
    elif released != version:
        verdict.faults.append(f"CHANGELOG.md: the newest section is {released}, not {version}")
    if not is_tagged:
        verdict.to_do.append(f"git tag {tag}, when all else is done")
    return verdict


def main() -> int:
    """Print the verdict on this checkout; return the exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    verdict = judge(
        project["version"],
        here=_list_tags("--points-at", "HEAD"),
        tags=_list_tags(),
        changelog=(ROOT / "CHANGELOG.md").read_text("utf-8"),
        citation=(ROOT / "CITATION.cff").read_text("utf-8"),
    )
    for kind, lines in (("Fault", verdict.faults), ("To do", verdict.to_do)):
        sys.stdout.writelines(f"{kind}: {line}\n" for line in lines)
    if not verdict.faults:
        state = "Ready, but for the above" if verdict.to_do else "Ready to be published"
        sys.stdout.write(f"{state}: osteon {project['version']}, in dist/.\n")
    return 1 if verdict.faults else 0


def _list_tags(*options: str) -> list[str]:
    listed = subprocess.run(
        ["git", "tag", "--list", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return listed.stdout.split()


if __name__ == "__main__":
    sys.exit(main())
