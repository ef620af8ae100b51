"""A detector is made of a release and of options that mean something."""

import pytest

from osteon.errors import SettingsFault
from osteon.inference.detector import Detector


@pytest.mark.parametrize(
    "options",
    [{"threads": 0}, {"threads": "2"}, {"on_inverted": "flip"}, {"on_stranger": "warn"}],
)
def test_an_option_that_means_nothing_is_refused(options):
    """An option is checked before a film is read."""
    with pytest.raises(SettingsFault):
        Detector.default(**options)


def test_the_release_in_the_package_goes_by_its_name():
    """`Detector.load` takes the name that the command line takes."""
    with Detector.load("osteon-1") as detector:
        assert detector.card.name == "osteon-1"
    with pytest.raises(TypeError, match=r"Detector\.load"):
        Detector("osteon-1")
