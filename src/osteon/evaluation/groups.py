"""A release's numbers by kind of film: the record that `osteon evaluate` writes."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from osteon.errors import FolderNotFound, ManifestFault
from osteon.release import Measure
from osteon.release.card import Independence
from osteon.settings import Settings

GROUPS_FILE: Final = "groups.json"
"""Its name in a folder of results."""


class GroupMeasures(Settings):
    """What was measured on the films of one kind.

    Attributes:
        covariate: Such as "body_region".
        value: Such as "hand".
        n_films: Films of this kind; a film of two kinds counts under both.
        n_fractured: Those with a fracture.
        n_groups: Copies and patients together.
        measures: As in a release's card; those that so few films cannot tell are left out.
    """

    covariate: str
    value: str
    n_films: int
    n_fractured: int
    n_groups: int
    measures: tuple[Measure, ...]

    def find(self, name: str) -> Measure | None:
        """Return one number, or None where it was not measured.

        Args:
            name: Such as "auroc".
        """
        return next((one for one in self.measures if one.name == name), None)


class GroupReport(Settings):
    """A release's numbers by kind of film, with what they belong to.

    Attributes:
        release: Name and version of the release.
        release_sha256: Of its file.
        collection: The films' name.
        manifest_sha256: Of paths, content, labels and splits.
        split: "train", "tune", "test" or "all".
        certified_it: Whether these films certified the release.
        independence: Of the films; None in results of an Osteon that did not record it.
        whole: On all of them: `covariate` and `value` are "all".
        groups: By kind; many numbers are many comparisons.
    """

    release: str
    release_sha256: str
    collection: str
    manifest_sha256: str
    split: str
    certified_it: bool
    independence: Independence | None = None
    whole: GroupMeasures
    groups: tuple[GroupMeasures, ...]


def read_groups(results: Path) -> GroupReport:
    """Return the numbers by kind of film that lie in a folder of results.

    Args:
        results: The folder that `osteon evaluate NAME.osteon MANIFEST` wrote, or the file in it.

    Raises:
        FolderNotFound: If there is no such file.
        ManifestFault: If it is not what was written.
    """
    path = results / GROUPS_FILE if results.is_dir() else results
    advice = "Make it with `osteon evaluate NAME.osteon MANIFEST`."
    if not path.is_file():
        raise FolderNotFound(str(path), "results of a release are needed here", advice=advice)
    try:
        return GroupReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as fault:
        raise ManifestFault(
            str(path), "must be results of a release, as they were written", advice=advice
        ) from fault
