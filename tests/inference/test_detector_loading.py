"""A release that is not what was released is refused before the first film."""

import numpy as np
import pytest
from tests.releases import (
    answer_films,
    build_card,
    build_model,
    build_release,
    draw_test_films,
)

from osteon.errors import (
    FolderNotFound,
    ReleaseDamaged,
    ReleaseFault,
    ReleaseInverted,
)
from osteon.inference.detector import Detector
from osteon.release import (
    SelfTest,
)


def _self_test(**changes):
    good = answer_films(draw_test_films())
    held = {"films": good.films, "logits": good.logits, "evidence": good.evidence}
    return SelfTest(**(held | changes))


def test_a_network_that_answers_the_other_way_round_is_refused(tmp_path):
    """The self-test's answers with the other sign: the network was inverted."""
    good = answer_films(draw_test_films())
    path = build_release(tmp_path, self_test=_self_test(logits=-good.logits))
    with pytest.raises(ReleaseInverted, match="wrong way round"):
        Detector.load(path)
    turned = build_release(tmp_path, model=build_model(slope=-40.0, shift=2.0))
    with pytest.raises(ReleaseInverted):
        Detector.load(turned)


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ({"model": build_model(slope=39.0)}, "when released"),
        ({"model": build_model(evidence=False)}, "evidence"),
        ({"model": build_model(side=32)}, "take its films"),
        ({"model": build_model(channels=3)}, "take its films"),
        ({"self_test": _self_test(films=np.zeros((4, 32, 32), np.uint8))}, "64 x 64"),
        ({"self_test": _self_test(evidence=np.zeros((4, 2, 2), np.float32))}, "evidence"),
    ],
    ids=["another network", "no evidence", "other size", "colour", "other films", "other map"],
)
def test_a_network_that_is_not_the_one_released_is_refused(tmp_path, parts, match):
    """Every hash may fit: the network must still do what it did."""
    with pytest.raises(ReleaseDamaged, match=match):
        Detector.load(build_release(tmp_path, **parts))


def test_evidence_that_is_not_what_was_released_is_refused(tmp_path):
    """The map is part of the answer: other numbers in it are another network."""
    good = answer_films(draw_test_films())
    path = build_release(tmp_path, self_test=_self_test(evidence=good.evidence[:, ::-1].copy()))
    with pytest.raises(ReleaseDamaged, match="evidence"):
        Detector.load(path)


def test_guards_of_another_version_are_refused(tmp_path):
    """Limits that were fitted to another network mean nothing."""
    guards = build_card().guards.model_copy(update={"network": "0" * 64})
    with pytest.raises(ReleaseFault, match="guards"):
        Detector.load(build_release(tmp_path, card={"guards": guards}))


def test_bytes_that_are_no_network_are_refused(tmp_path):
    """A model that the runtime does not know is a fault of the release."""
    with pytest.raises(ReleaseDamaged, match=r"model\.onnx"):
        Detector.load(build_release(tmp_path, model=b"\x08\x07"))


def test_a_release_that_is_not_there_is_refused(tmp_path):
    """A missing file is refused by name."""
    with pytest.raises(FolderNotFound, match="gone"):
        Detector.load(tmp_path / "gone.osteon")
