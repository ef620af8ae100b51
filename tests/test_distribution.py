"""What is published: a source that has everything, a page that holds on an index, one version."""

import re
import subprocess
import sys
import tarfile
import tomllib
from email import message_from_string
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from tests.documents import ROOT, find_anchors
from tests.test_house import find_tracked_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> tarfile.TarFile:
    """The source distribution, built as it is published."""
    pytest.importorskip("hatchling", reason="building needs osteon[dev]")
    folder = tmp_path_factory.mktemp("dist")
    asked = [sys.executable, "-m", "build", "--quiet", "--no-isolation", "--sdist", "--outdir"]
    subprocess.run([*asked, str(folder), str(ROOT)], check=True, capture_output=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        yield archive


@pytest.fixture(scope="module")
def about(sdist) -> str:
    """The metadata with the page that an index shows."""
    member = sdist.extractfile(f"osteon-{PROJECT['version']}/PKG-INFO")
    assert member is not None
    return member.read().decode()


def test_the_source_has_all_that_git_holds(sdist):
    """A stranger who unpacks it can run the tests, build the site and make the release again."""
    tracked = {path.relative_to(ROOT).as_posix() for path in find_tracked_files()}
    if not tracked:
        pytest.skip("this is no checkout of git")
    packed = {name.partition("/")[2] for name in sdist.getnames()}
    assert not sorted(tracked - packed)
    assert not sorted(packed - tracked - {"PKG-INFO"})


def test_the_index_shows_links_that_hold(about):
    """The page on an index has no relative link, and each names a file or heading that is there."""
    page = str(message_from_string(about).get_payload())
    links = re.findall(r"\]\(([^)\s]+)\)", page)
    assert len(links) > 10
    assert all(link.startswith("https://") for link in links)
    ours = r"https://(?:github\.com|raw\.githubusercontent\.com)/osteon/osteon(?:/blob)?/main/(.*)"
    places = [found[1] for link in links if (found := re.fullmatch(ours, link))]
    assert any(place.endswith(".png") for place in places)
    assert all((ROOT / place.partition("#")[0]).exists() for place in places)
    headings = find_anchors((ROOT / "README.md").read_text("utf-8"))
    anchors = [link.partition("/osteon#")[2] for link in links if "/osteon#" in link]
    assert set(anchors) <= headings


def test_the_index_knows_where_things_are(about):
    """Source, documentation, changelog and issues have addresses, and the licence is named."""
    told = message_from_string(about)
    urls = dict(line.split(", ", 1) for line in told.get_all("Project-URL"))
    assert {"Homepage", "Documentation", "Changelog", "Issues", "Security"} <= set(urls)
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Keywords"]


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = spec_from_file_location("check_release", ROOT / ".ci" / "check_release.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass looks its module up
    spec.loader.exec_module(module)
    return module


OPEN = "## [Unreleased]\n"
CLOSED = "## [Unreleased]\n\n## [1.2.0] - 2026-11-29\n\n## [1.1.0] - 2026-01-01\n"


@pytest.mark.parametrize(
    ("here", "tags", "changelog", "citation", "n_faults", "n_to_do"),
    [
        (["v1.2.0"], ["v1.2.0"], CLOSED, "version: 1.2.0", 0, 0),
        ([], ["v1.1.0"], CLOSED, "version: 1.2.0", 0, 1),
        ([], ["v1.1.0"], OPEN, "version: 1.2.0", 0, 2),
        (["v1.2.0"], ["v1.2.0"], OPEN, "version: 1.2.0", 1, 0),
        (["v1.2.0"], ["v1.2.0"], CLOSED.replace(" - 2026-11-29", ""), "version: 1.2.0", 1, 0),
        ([], ["v1.2.0"], CLOSED, "version: 1.2.0", 1, 1),
        (["v1.1.0"], ["v1.1.0"], CLOSED, "version: 1.2.0", 1, 1),
        (["v1.2.0"], ["v1.2.0"], CLOSED, "version: 1.1.0", 1, 0),
        (["v1.2.0"], ["v1.2.0"], "## [1.3.0] - 2026-12-01\n" + CLOSED, "version: 1.2.0", 1, 0),
    ],
)
def test_version_tag_changelog_and_citation_agree(
    release, here, tags, changelog, citation, n_faults, n_to_do
):
    """A contradiction is a fault; what is not done yet is a fault only where the tag is there."""
    verdict = release.judge("1.2.0", here=here, tags=tags, changelog=changelog, citation=citation)
    assert (len(verdict.faults), len(verdict.to_do)) == (n_faults, n_to_do), verdict


def test_this_checkout_contradicts_nothing(release, capsys):
    """Nothing stands between this checkout and a release but what is still to be done."""
    assert release.main() == 0, capsys.readouterr().out
