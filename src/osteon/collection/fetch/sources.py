"""Public collections, fetched whole and unpacked safely: Kaggle and figshare."""

import contextlib
import logging
import re
import shutil
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NoReturn

import kagglehub
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from osteon.collection.fetch.downloads import (
    Patience,
    PublishedFile,
    check_url,
    download_file,
    download_text,
)
from osteon.collection.fetch.unpack import (
    Contents,
    Member,
    PlacingLimits,
    find_cached,
    find_packed,
    parse_member_name,
    place_members,
    wrap_file,
)
from osteon.errors import FetchFault, SettingsFault, SourceUnreachable
from osteon.files import make_folder, refuse_output, refuse_taken
from osteon.terms import Progress, no_progress

FIGSHARE_API = "https://api.figshare.com/v2"
FRACATLAS_ARTICLE = 22363012

_ARTICLE_MAX_BYTES = 4 << 20
_ARCHIVE_SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar")
_KAGGLE_HANDLE = re.compile(r"[A-Za-z0-9][\w-]*/[A-Za-z0-9][\w-]*(/versions/[1-9]\d*)?", re.ASCII)
_KAGGLE_PAGE = "https://www.kaggle.com/datasets/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a public collection lives, and what may be done with it.

    Attributes:
        host: Who serves it.
        handle: `OWNER/NAME` on Kaggle, the article's number on figshare.
        page: Where a person reads about it.
        licence: A note for people, to be printed when it is fetched.
        attribution: What its licence asks of whoever shares what was made of it: authors, title,
            links, and what was changed; empty where that is not known.
    """

    host: Literal["kaggle", "figshare"]
    handle: str
    page: str
    licence: str
    attribution: str = ""


_FIRST_SEED = "vuppalaadithyasairam/bone-fracture-detection-using-xrays"
_SECOND_SEED = "bmadushanirodrigo/fracture-multi-region-x-ray-data"

KNOWN_SOURCES = MappingProxyType(
    {
        "fracatlas": Source(
            host="figshare",
            handle=str(FRACATLAS_ARTICLE),
            page=f"https://doi.org/10.6084/m9.figshare.{FRACATLAS_ARTICLE}",
            licence="CC BY 4.0. Name the authors: Abedeen et al., FracAtlas, Scientific Data "
            "(2023), doi:10.1038/s41597-023-02432-4.",
            attribution="learnt from FracAtlas: A Dataset for Fracture Classification, "
            "Localization and Segmentation of Musculoskeletal Radiographs, by Iftekharul Abedeen, "
            "Md. Ashiqur Rahman, Fatema Zohra Prottyasha, Tasnim Ahmed, Tareque Mohmud Chowdhury "
            "and Swakkhar Shatabda, Scientific Data 10 (2023), "
            "https://doi.org/10.1038/s41597-023-02432-4; "
            f"films: https://doi.org/10.6084/m9.figshare.{FRACATLAS_ARTICLE}; licence: CC BY 4.0, "
            "https://creativecommons.org/licenses/by/4.0/; changed: the films were reduced in size "
            "and made grey, and none of them is contained.",
        ),
        "rotated-fractures": Source(
            host="kaggle",
            handle=_FIRST_SEED,
            page=_KAGGLE_PAGE + _FIRST_SEED,
            licence="Its sources are not documented: read its Kaggle page. For experiments only; "
            "never train a model on it that will be shipped.",
        ),
        "multiregion": Source(
            host="kaggle",
            handle=_SECOND_SEED,
            page=_KAGGLE_PAGE + _SECOND_SEED,
            licence="ODC-By 1.0 according to Kaggle, but its sources are mixed and partly "
            "unclear. For experiments only; never train a model on it that will be shipped.",
        ),
    }
)
"""Short names of the collections that Osteon knows."""


class _File(BaseModel):
    """One file of a figshare article, as far as we need it."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(ge=0)
    name: str = Field(min_length=1)
    size: int = Field(ge=1)
    download_url: str
    supplied_md5: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")
    computed_md5: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")


class _Article(BaseModel):
    model_config = ConfigDict(frozen=True)

    files: tuple[_File, ...] = Field(min_length=1)


def parse_source(text: str) -> Source:
    """Return the source that a person named.

    Args:
        text: A short name of `KNOWN_SOURCES`, or `kaggle:OWNER/NAME`, if need be with
            `/versions/N` behind it.

    Returns:
        The source, with what Osteon knows of its licence.

    Raises:
        SettingsFault: If it is neither; what is known is listed.

    >>> parse_source("fracatlas").handle
    '22363012'
    """
    if text in KNOWN_SOURCES:
        return KNOWN_SOURCES[text]
    host, _, handle = text.partition(":")
    if host == "kaggle" and _KAGGLE_HANDLE.fullmatch(handle):
        owner_and_name = "/".join(handle.split("/")[:2])
        for known in KNOWN_SOURCES.values():
            if known.handle == owner_and_name:
                return Source(host="kaggle", handle=handle, page=known.page, licence=known.licence)
        page = _KAGGLE_PAGE + owner_and_name
        licence = f"Not known to Osteon: read {page} before you train or share anything."
        return Source(host="kaggle", handle=handle, page=page, licence=licence)
    known_names = ", ".join(KNOWN_SOURCES)
    raise SettingsFault("source", f"must be kaggle:OWNER/NAME or one of {known_names}", found=text)


def attribute(collections: Iterable[str]) -> str:
    """Return whom to name for what was made of collections.

    Args:
        collections: Their names.

    >>> attribute(["ours"])
    'ours: its licence is not known to Osteon.'
    """
    said = []
    for name in sorted(set(collections)):
        known = KNOWN_SOURCES.get(name)
        licence = "its licence is not known to Osteon."
        said.append(f"{name}: {(known.attribution or known.licence) if known else licence}")
    return " ".join(said)


def fetch_kaggle(
    handle: str,
    folder: Path,
    *,
    download: Callable[[str], str] = kagglehub.dataset_download,
    limits: PlacingLimits | None = None,
    progress: Progress = no_progress,
) -> Contents:
    """Fetch a Kaggle data set through kagglehub and copy it out of its cache.

    Copied rather than linked: what a person does to the films never reaches the cache.

    Args:
        handle: `OWNER/NAME`, if need be with `/versions/N` behind it.
        folder: Must not exist; appears whole, or not at all.
        download: Takes the handle, returns the folder that holds the files.
        limits: How much may be copied.
        progress: Told the bytes copied; kagglehub draws its own bar while it downloads.

    Returns:
        How many files and bytes were copied.

    Raises:
        SourceUnreachable: If Kaggle did not give it.
        FetchFault: If what it gave is no folder, or empty.
        UnsafeArchive: If the cache holds links or anything else that is no plain file.
        OutputFault: If the folder exists already or cannot be written.
    """
    refuse_taken(folder)
    where = f"kaggle:{handle}"
    cache = _download_quietly(handle, download, where)
    if not cache.is_dir():
        raise FetchFault(where, "must arrive as a folder of files")
    # The cache's own root may be a link (Kaggle's and Colab's mounts); nothing in it may.
    members = list(find_cached(cache.resolve(), where))
    total = sum(member.n_bytes for member in members)
    return place_members(members, folder, limits=limits, total=total, progress=progress)


def fetch_figshare(
    article: int,
    folder: Path,
    *,
    base_url: str = FIGSHARE_API,
    patience: Patience | None = None,
    progress: Progress = no_progress,
) -> Contents:
    """Fetch every file of a figshare article, checked by MD5, archives unpacked.

    A single archive fills the folder itself; beside other files each has a folder of its own.
    Downloads grow in a hidden folder beside the target and are continued by the next call.

    Args:
        article: Its number; FracAtlas is `FRACATLAS_ARTICLE`.
        folder: Must not exist; appears whole, or not at all.
        base_url: The API, https; http only on this machine.
        patience: How long to keep asking.
        progress: Told bytes fetched, then bytes unpacked.

    Returns:
        How many files and bytes were placed.

    Raises:
        SourceUnreachable: If figshare did not give it.
        ChecksumMismatch: If what arrived differs from what was published.
        UnsafeArchive: If an archive breaks a rule of `unpack`.
        FetchFault: If the answer or an archive cannot be understood.
        OutputFault: If the folder exists already or cannot be written.
    """
    refuse_taken(folder)
    check_url(base_url)
    published = _read_article(f"{base_url}/articles/{article}", base_url, patience)
    arriving = folder.with_name(f".{folder.name}.fetching")
    make_folder(arriving)
    with contextlib.ExitStack() as opened:
        members: list[Generator[Member]] = []
        for file in published:
            arrived = download_file(file, arriving, patience=patience, progress=progress)
            found = _find_in(file.name, arrived, is_alone=len(published) == 1)
            members.append(opened.enter_context(contextlib.closing(found)))
        every = (member for found in members for member in found)
        contents = place_members(every, folder, progress=progress)
    shutil.rmtree(arriving, ignore_errors=True)
    return contents


def _download_quietly(handle: str, download: Callable[[str], str], where: str) -> Path:
    """Call kagglehub without its messages, which would mix with ours on standard output."""
    logger = logging.getLogger("kagglehub")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return Path(download(handle))
    except Exception as fault:  # noqa: BLE001 — kagglehub passes on whatever its parts raise
        _refuse_kaggle(fault, where)
    finally:
        logger.setLevel(level)


def _refuse_kaggle(fault: Exception, where: str) -> NoReturn:
    # What kagglehub or requests raised, in our words.
    status = getattr(getattr(fault, "response", None), "status_code", None)
    if status is None and isinstance(fault, OSError) and fault.filename is not None:
        refuse_output(Path(fault.filename), fault)
    advice = (
        "Check the name and the connection. Kaggle may want to know who asks: set KAGGLE_USERNAME "
        "and KAGGLE_KEY (kaggle.com, Settings, API). Without a connection: download the zip "
        "elsewhere, unpack it, and give that folder to `osteon import`."
    )
    found = None if status is None else f"HTTP status {status}"
    must = "must be reachable on Kaggle"
    raise SourceUnreachable(where, must, found=found, advice=advice) from fault


def _read_article(url: str, base_url: str, patience: Patience | None) -> list[PublishedFile]:
    text = download_text(url, max_bytes=_ARTICLE_MAX_BYTES, patience=patience)
    try:
        article = _Article.model_validate_json(text)
    except ValidationError as fault:
        advice = "Run it again later; if it stays so, figshare has changed its API."
        raise FetchFault(url, "must list files with size and MD5", advice=advice) from fault
    published = []
    for file in article.files:
        check_url(file.download_url, came_from=base_url)
        md5 = file.computed_md5 or file.supplied_md5
        if not md5:
            raise FetchFault(url, "every file must have an MD5", found=file.name)
        # The API serves the same bytes where the download host asks for a browser (HTTP 202).
        urls = (file.download_url, f"{base_url}/file/download/{file.id}")
        published.append(PublishedFile(name=file.name, urls=urls, n_bytes=file.size, md5=md5))
    return published


def _find_in(name: str, arrived: Path, *, is_alone: bool) -> Generator[Member]:
    suffix = next((known for known in _ARCHIVE_SUFFIXES if name.lower().endswith(known)), "")
    if not suffix:
        yield wrap_file(arrived, name, "figshare")
        return
    parts = parse_member_name(name, where="figshare")
    below = () if is_alone else (*parts[:-1], parts[-1][: -len(suffix)])
    yield from find_packed(arrived, name, below=below)
