"""Downloads go on after trouble, and give up with a reason, from a real server on this machine."""

import hashlib
import io
import logging
import re
import sys
from pathlib import Path

import pooch
import pytest
from tests.figshare import ARTICLE, FILMS, SOON, Site, fetch, zip_of
from tests.folders import files_under

from osteon.collection.fetch.downloads import check_url
from osteon.collection.fetch.sources import fetch_figshare
from osteon.errors import ChecksumMismatch, OutputFault, SourceUnreachable, UnsafeArchive


def test_a_dropped_connection_is_continued(site: Site, tmp_path: Path) -> None:
    """After the line breaks, only the rest is asked for, and only of the same file."""
    site.drop_after = [250_000, 100_000]
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == FILMS
    etag = f'"{hashlib.sha1(site.files["Films.zip"]).hexdigest()}"'
    assert site.downloads() == [
        (None, None),
        ("bytes=250000-", etag),
        ("bytes=350000-", etag),
    ]


def test_the_next_run_continues_what_the_last_one_left(site: Site, tmp_path: Path) -> None:
    """A download that gave up is continued by running the same command again."""
    site.drop_after = [1000, 1000, 1000, 1000]
    with pytest.raises(SourceUnreachable, match="broke off") as gave_up:
        fetch(site, tmp_path / "films")
    assert "run the same command again" in str(gave_up.value)
    assert not (tmp_path / "films").exists()
    site.asked.clear()
    fetch(site, tmp_path / "films")
    assert site.downloads()[0][0] == "bytes=4000-"
    assert files_under(tmp_path / "films") == FILMS


def test_a_finished_download_is_not_fetched_twice(site: Site, tmp_path: Path) -> None:
    """When only unpacking went wrong, the bytes that arrived are used again."""
    site.files = {"Films.zip": zip_of({"../evil.jpg": b"1"})}
    for _ in range(2):
        with pytest.raises(UnsafeArchive, match=re.escape("found '../evil.jpg'")):
            fetch(site, tmp_path / "films")
    assert len(site.downloads()) == 1


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_file_that_changed_starts_anew(
    site: Site, tmp_path: Path, *, honours_if_range: bool
) -> None:
    """Halves of two different files are never put together, whatever the server does."""
    site.drop_after = [1000] * 4
    content = site.files["Films.zip"]
    new_md5 = hashlib.md5(content).hexdigest()
    site.files = {"Films.zip": content[::-1]}
    site.md5 = {"Films.zip": new_md5}
    with pytest.raises(SourceUnreachable):
        fetch(site, tmp_path / "films")
    site.files = {"Films.zip": content}
    site.honours_if_range = honours_if_range
    site.asked.clear()
    fetch(site, tmp_path / "films")
    assert site.downloads()[0][0] == "bytes=4000-"
    assert files_under(tmp_path / "films") == FILMS


def test_a_server_without_a_firm_etag_starts_anew(site: Site, tmp_path: Path) -> None:
    """A weak ETag does not promise equal bytes, so nothing is continued on its word."""
    site.etags = {"Films.zip": 'W/"abc"'}
    site.drop_after = [1000]
    fetch(site, tmp_path / "films")
    assert site.downloads() == [(None, None), (None, None)]
    assert files_under(tmp_path / "films") == FILMS


def test_a_wrong_checksum_is_refused(site: Site, tmp_path: Path) -> None:
    """What differs from what was published is neither unpacked nor kept."""
    site.md5 = {"Films.zip": "0" * 32}
    with pytest.raises(ChecksumMismatch, match=r"Films\.zip: must be .* with MD5 0{32}"):
        fetch(site, tmp_path / "films")
    assert not (tmp_path / "films").exists()
    assert list(tmp_path.rglob("*.part")) == []


def test_a_file_longer_than_published_is_refused(site: Site, tmp_path: Path) -> None:
    """A server that goes on sending is stopped."""
    site.size = {"Films.zip": 1000}
    told: list[int] = []
    with pytest.raises(ChecksumMismatch, match="1,000 bytes"):
        fetch(site, tmp_path / "films", progress=lambda _what, done, _total: told.append(done))
    assert max(told) < len(site.files["Films.zip"])
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.parametrize("path", [f"/articles/{ARTICLE}", "/files/Films.zip"])
def test_a_passing_trouble_is_waited_out(site: Site, tmp_path: Path, path: str) -> None:
    """A server that is down for a moment costs a pause, not the collection."""
    site.statuses = {path: [500, 503, 429]}
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == FILMS


def test_a_server_that_stays_down_is_named(site: Site, tmp_path: Path) -> None:
    """Asking ends after a limited number of tries, with the status and what to do."""
    site.statuses = {f"/articles/{ARTICLE}": [500] * 100}
    with pytest.raises(SourceUnreachable, match="found 'HTTP status 500'"):
        fetch(site, tmp_path / "films")
    assert len(site.asked) == SOON.n_tries


def test_an_article_that_is_not_there_is_not_asked_for_twice(site: Site, tmp_path: Path) -> None:
    """A clear no is taken for a no."""
    with pytest.raises(SourceUnreachable, match="HTTP status 404"):
        fetch_figshare(8, tmp_path / "films", base_url=site.url, patience=SOON)
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [202, 403, 404])
def test_a_guarded_download_host_is_walked_around(site: Site, tmp_path: Path, status: int) -> None:
    """Where figshare's download host wants a browser (an empty 202), its API gives the file."""
    site.statuses = {"/files/Films.zip": [status] * 100}
    fetch(site, tmp_path / "films")
    assert site.asked[-1][0] == "/file/download/0"
    assert files_under(tmp_path / "films") == FILMS


def test_a_redirect_is_followed_with_its_range(site: Site, tmp_path: Path) -> None:
    """Every download is handed on to a store; continuing works there too."""
    site.redirects = {"/files/Films.zip": "/store-files/Films.zip"}
    site.drop_after = [1000]
    fetch(site, tmp_path / "films")
    assert site.asked[-1][:2] == ("/store-files/Films.zip", "bytes=1000-")
    assert files_under(tmp_path / "films") == FILMS


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://films.example/Films.zip", "https addresses only; found 'http'"),
        ("ftp://films.example/Films.zip", "https addresses only; found 'ftp'"),
        ("file:///etc/passwd", "https addresses only; found 'file'"),
    ],
)
def test_a_redirect_away_from_https_is_refused(
    site: Site, tmp_path: Path, target: str, said: str
) -> None:
    """No redirect leads to an open connection or to a file of this machine."""
    site.redirects = {"/files/Films.zip": target, "/file/download/0": target}
    with pytest.raises(SourceUnreachable, match=said):
        fetch(site, tmp_path / "films")
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize(
    ("url", "came_from"),
    [
        ("http://api.figshare.com/v2", None),
        ("http://localhost.films.example/", None),
        ("file:///etc/passwd", None),
        ("http://127.0.0.1/films", "https://api.figshare.com/v2"),
        ("http://films.example/", "http://127.0.0.1:80/"),
    ],
)
def test_only_https_is_asked(url: str, came_from: str | None) -> None:
    """Anything but https is refused, and strangers never send us to this machine."""
    with pytest.raises(SourceUnreachable, match="https"):
        check_url(url, came_from=came_from)


def test_nothing_is_said_beside_our_own_words(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that reads our output and errors reads only us, not what a library notes."""
    logger, noted = pooch.get_logger(), io.StringIO()
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(noted)])
    logger.setLevel("DEBUG")
    fetch(site, tmp_path / "films")
    assert noted.getvalue() == ""


def test_this_machine_is_asked_without_a_proxy(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy stands between us and the world, not between us and ourselves; redirects too."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    site.redirects = {"/files/Films.zip": f"{site.url}/store-files/Films.zip"}
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == FILMS


def test_nobody_there_is_said_plainly(tmp_path: Path) -> None:
    """Without a network the person is told so in our words."""
    with pytest.raises(SourceUnreachable, match="found 'no answer'"):
        fetch_figshare(ARTICLE, tmp_path / "films", base_url="http://127.0.0.1:1", patience=SOON)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit a process's file size")
def test_a_full_disk_is_no_network_trouble(site: Site, tmp_path: Path) -> None:
    """When the disk takes no more, the download stops at once and says so."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(OutputFault, match="room"):
            fetch(site, tmp_path / "films")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(site.downloads()) == 1
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == FILMS
