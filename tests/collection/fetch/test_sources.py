"""Public collections arrive whole or not at all, from a real server on this machine."""

import io
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.figshare import FILMS, Site, fetch, zip_of
from tests.folders import files_under

from osteon.collection.fetch.sources import KNOWN_SOURCES, attribute, fetch_kaggle, parse_source
from osteon.collection.fetch.unpack import Contents, PlacingLimits
from osteon.errors import (
    FetchFault,
    OsteonError,
    OutputFault,
    SettingsFault,
    SourceUnreachable,
    UnsafeArchive,
)


def test_a_collection_arrives_whole(site: Site, tmp_path: Path) -> None:
    """One call: every film at its place, nothing else left, every byte told on the way."""
    told: list[tuple[str, int, int]] = []
    contents = fetch(site, tmp_path / "films", progress=lambda *step: told.append(step))
    assert files_under(tmp_path / "films") == FILMS
    assert contents == Contents(n_files=3, n_bytes=sum(map(len, FILMS.values())))
    assert [path.name for path in tmp_path.iterdir()] == ["films"]
    size = len(site.files["Films.zip"])
    assert ("fetch Films.zip", size, size) in told
    assert told[-1][:2] == ("unpack", contents.n_bytes)


def test_several_files_have_places_of_their_own(site: Site, tmp_path: Path) -> None:
    """Beside other files an archive fills a folder of its own; other files stay plain."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("./3.jpg")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"three"))
    site.files = {"A.zip": zip_of({"1.jpg": b"1"}), "B.tar.gz": buffer.getvalue(), "C.csv": b"c"}
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == {
        "A/1.jpg": b"1",
        "B/3.jpg": b"three",
        "C.csv": b"c",
    }


def test_an_article_cannot_name_an_open_address(site: Site, tmp_path: Path) -> None:
    """The addresses inside the article are held to the same rule, before the first is asked."""
    site.files["More.zip"] = b"more"
    article = site.article_json()
    site.article = article.replace(
        f"{site.url}/files/More".encode(), b"http://films.example/files/More"
    )
    with pytest.raises(SourceUnreachable, match="https"):
        fetch(site, tmp_path / "films")
    assert site.downloads() == []


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>maintenance</html>",
        b"{}",
        b'{"files": []}',
        b'{"files": [{"id": 1, "name": "a", "size": -1, "download_url": "https://a"}]}',
        b'{"files": [{"id": 1, "name": "a", "size": 1, "download_url": "http://127.0.0.1"}]}',
    ],
)
def test_an_answer_that_lists_no_checked_files_is_refused(
    site: Site, tmp_path: Path, answer: bytes
) -> None:
    """A page in place of the list, or a file without a checksum, ends in a clear error."""
    site.article = answer
    with pytest.raises(FetchFault, match="MD5") as refused:
        fetch(site, tmp_path / "films")
    assert "validation error" not in str(refused.value)


def test_an_article_cannot_place_a_file_elsewhere(site: Site, tmp_path: Path) -> None:
    """The published name of a file is held to the rules of an archive's member."""
    site.files = {"..": b"1", "b.csv": b"2"}
    with pytest.raises(UnsafeArchive):
        fetch(site, tmp_path / "films")


def test_a_target_that_exists_is_refused_before_anything_is_asked(
    site: Site, tmp_path: Path
) -> None:
    """Nobody waits for a download that has nowhere to go."""
    with pytest.raises(OutputFault, match="must not exist yet"):
        fetch(site, tmp_path)
    assert site.asked == []


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """What kagglehub leaves: a folder of films below its cache."""
    folder = tmp_path / "cache" / "versions" / "1"
    for name, content in FILMS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def giving(folder: Path) -> Callable[[str], str]:
    return lambda _handle: str(folder)


def test_a_kaggle_set_is_copied_out_of_the_cache(cache: Path, tmp_path: Path) -> None:
    """The films are the person's own: changing one leaves kagglehub's cache as it was."""
    asked: list[str] = []

    def download(handle: str) -> str:
        asked.append(handle)
        return str(cache)

    contents = fetch_kaggle("owner/name", tmp_path / "films", download=download)
    assert asked == ["owner/name"]
    assert contents == Contents(n_files=3, n_bytes=sum(map(len, FILMS.values())))
    assert files_under(tmp_path / "films") == FILMS
    (tmp_path / "films" / "Films" / "dataset.csv").write_bytes(b"changed")
    assert files_under(cache) == FILMS


def test_kagglehub_says_nothing_on_standard_output(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that reads our standard output reads only us."""

    def download(_handle: str) -> str:
        sys.stdout.write("a stranger's message")
        return str(cache)

    fetch_kaggle("owner/name", tmp_path / "films", download=download)
    assert capsys.readouterr().out == ""


def test_a_cache_that_is_itself_a_link_is_followed(cache: Path, tmp_path: Path) -> None:
    """Notebook services hand over a mount through a link."""
    (tmp_path / "mount").symlink_to(cache)
    fetch_kaggle("owner/name", tmp_path / "films", download=giving(tmp_path / "mount"))
    assert files_under(tmp_path / "films") == FILMS


@pytest.mark.parametrize("target", ["/etc", "/etc/passwd", "dataset.csv", "nowhere"])
def test_links_in_the_cache_are_refused(cache: Path, tmp_path: Path, target: str) -> None:
    """No link is followed out of the cache, nor within it."""
    (cache / "Films" / "odd").symlink_to(target)
    with pytest.raises(UnsafeArchive, match="no link and no device; found 'Films/odd'"):
        fetch_kaggle("owner/name", tmp_path / "films", download=giving(cache))
    assert not (tmp_path / "films").exists()


def test_what_kaggle_gives_is_limited_too(cache: Path, tmp_path: Path) -> None:
    """Count and size are limited for a copy as for an archive."""
    for limits in (PlacingLimits(n_entries=2), PlacingLimits(n_bytes=500_000)):
        with pytest.raises(UnsafeArchive):
            fetch_kaggle("owner/name", tmp_path / "films", download=giving(cache), limits=limits)
    assert not (tmp_path / "films").exists()


def test_no_network_to_kaggle_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real kagglehub without a network: our words, and how to say who asks."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SourceUnreachable) as refused:
        fetch_kaggle("owner/name", tmp_path / "films")
    said = str(refused.value)
    assert said.startswith("kaggle:owner/name: must be reachable on Kaggle.")
    assert "KAGGLE_USERNAME and KAGGLE_KEY" in said
    assert "roxy" not in said
    assert not (tmp_path / "films").exists()


def test_what_kagglehub_says_is_never_repeated(tmp_path: Path) -> None:
    """A stranger's text, which may hold anything, stays out of our errors."""

    def download(_handle: str) -> str:
        raise ValueError("key=abc123")

    with pytest.raises(OsteonError) as refused:
        fetch_kaggle("owner/name", tmp_path / "films", download=download)
    assert "abc123" not in str(refused.value)


def test_a_full_cache_is_no_network_trouble(tmp_path: Path) -> None:
    """When kagglehub's own cache cannot be written, that place is named."""

    def download(_handle: str) -> str:
        (tmp_path / "file").write_bytes(b"")
        (tmp_path / "file" / "cache").mkdir()
        return ""

    with pytest.raises(OutputFault, match="cache"):
        fetch_kaggle("owner/name", tmp_path / "films", download=download)


@pytest.mark.parametrize("name", KNOWN_SOURCES)
def test_short_names_are_known_with_their_licence(name: str) -> None:
    """Every short name leads to a source, and says what may be done with it."""
    source = parse_source(name)
    assert source.licence
    assert source.page.startswith("https://")
    if source.host == "kaggle":
        assert parse_source(f"kaggle:{source.handle}") == source


def test_what_was_made_of_fracatlas_names_all_that_its_licence_asks() -> None:
    """CC BY 4.0, section 3(a): authors, title, links to work and licence, and what was changed."""
    said = attribute(["fracatlas", "ours", "fracatlas"])
    for part in (
        *("Abedeen", "Rahman", "Prottyasha", "Ahmed", "Chowdhury", "Shatabda"),
        "FracAtlas: A Dataset for Fracture Classification",
        "https://doi.org/10.1038/s41597-023-02432-4",
        "https://doi.org/10.6084/m9.figshare.22363012",
        "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
        "changed: the films were reduced in size",
    ):
        assert part in said
    assert said.endswith("ours: its licence is not known to Osteon.")


def test_a_stranger_s_set_says_that_its_licence_is_unknown() -> None:
    """For a set that Osteon does not know, the person is sent to its page."""
    source = parse_source("kaggle:Some-One/some_set/versions/3")
    assert source.handle == "Some-One/some_set/versions/3"
    assert "https://www.kaggle.com/datasets/Some-One/some_set" in source.licence


@pytest.mark.parametrize(
    "text",
    ["", "fracatlass", "kaggle:", "kaggle:owner", "kaggle:../..", "kaggle:a/b/c", "http://a/b"],
)
def test_an_unknown_source_is_answered_with_the_known_ones(text: str) -> None:
    """A name that says nothing is refused, and the answer lists what can be said."""
    with pytest.raises(SettingsFault, match="kaggle:OWNER/NAME or one of fracatlas"):
        parse_source(text)
