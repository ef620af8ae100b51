"""What learning hands to reading, and how it is applied; how it is fitted lives elsewhere."""

from osteon.release.calibrator import Calibrator
from osteon.release.card import Measure, ReleaseCard
from osteon.release.decisions import CertifiedThreshold, OperatingPoints
from osteon.release.evidence import (
    FindingCalibrator,
    FindingRule,
    LocalisationSettings,
    PictureScale,
)
from osteon.release.file import SUFFIX, Release, SelfTest, pack_release, read_release
from osteon.release.films import FilmList
from osteon.release.guards import Guards
from osteon.release.preparation import (
    NETWORK_CARD_KEY,
    POSITIVE_CLASS,
    NetworkCard,
    Preparation,
)

__all__ = [
    "NETWORK_CARD_KEY",
    "POSITIVE_CLASS",
    "SUFFIX",
    "Calibrator",
    "CertifiedThreshold",
    "FilmList",
    "FindingCalibrator",
    "FindingRule",
    "Guards",
    "LocalisationSettings",
    "Measure",
    "NetworkCard",
    "OperatingPoints",
    "PictureScale",
    "Preparation",
    "Release",
    "ReleaseCard",
    "SelfTest",
    "pack_release",
    "read_release",
]
