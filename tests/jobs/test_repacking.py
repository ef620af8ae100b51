"""A release is made again of its own films: the network and what is known of it stay."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, read_manifest
from osteon.errors import LeakFound, ManifestFault
from osteon.inference.guards import build_guards
from osteon.release import FindingRule, read_release
from osteon.release.card import Films
from tests.films import list_film
from tests.releases import build_release
from tests.rows import audited
from tests.scripts import load_script

repacking = load_script("repack_release")


@pytest.fixture
def split(limbs_path, tmp_path):
    """Limbs that the guards let pass, in three splits; what is bright is mostly a fracture."""
    manifest = read_manifest(limbs_path)
    chance = np.random.default_rng(5)
    rows = []
    for row in manifest.rows:
        film = np.asarray(Image.open(manifest.films_path(row))).copy()
        film[40:52, 40:52] = np.clip(chance.normal(235 if row.has_fracture else 215, 10), 0, 255)
        Image.fromarray(film).save(tmp_path / row.path)
        facts = {name: getattr(row, name) for name in ("has_fracture", "split", "group")}
        boxes = ((40.0, 40.0, 52.0, 52.0),) if row.has_fracture else ()
        rows.append(list_film(tmp_path, row.path, boxes=boxes, collection="limbs", **facts))
    return audited(Manifest(rows=tuple(rows), root=tmp_path, salt=manifest.salt))


def test_what_was_fitted_is_fitted_anew_and_the_rest_stays(split, tmp_path):
    """Calibrator, promises, findings, colours and guards are new; the network is not."""
    old = read_release(
        build_release(tmp_path, card={"notes": ("A note.",), "scope": "Wrists alone."})
    )
    changes = repacking.Changes(version="2")
    card = repacking.repack(old, split, tmp_path / "again.osteon", changes=changes)
    new = read_release(tmp_path / "again.osteon")
    assert new.card == card
    assert new.model == old.model
    assert card.version == "2"
    for name in ("name", "scope", "statement", "notes", "recipe", "licence", "site", "precision"):
        assert getattr(card, name) == getattr(old.card, name)
    assert card.calibrator != old.card.calibrator
    assert (card.tuned_on.split, card.tested_on.split) == ("tune", "test")
    assert card.tested_on.n_films + card.tested_on.n_not_read == 120
    assert card.evidence.picture.fitted_on == "tune"
    assert card.evidence.finding is None or isinstance(card.evidence.finding, FindingRule)
    assert card.guards == build_guards()
    assert card.site is None
    assert card.independence.copies_looked_for
    assert card.operating_points.high_sensitivity.threshold is not None
    rows = tuple(replace(row, audit=None) for row in split.rows)
    unaudited = repacking.repack(old, replace(split, rows=rows), tmp_path / "unaudited.osteon")
    assert unaudited.operating_points.cuts == (None, None)


def test_it_lists_what_the_network_learnt_from_or_is_not_made(split, tmp_path):
    """Films that left the manifest since were learnt from all the same, and must be named."""
    own = Films(
        split="train", collection="limbs", manifest_sha256="1" * 64, n_films=48, n_fractured=24,
        n_groups=48,
    )  # fmt: skip
    old = read_release(build_release(tmp_path, card={"trained_on": own}))
    gone = [row.path for row in split.rows if row.split == "train"][:3]
    left = replace(split, rows=tuple(row for row in split.rows if row.path not in gone))
    with pytest.raises(ManifestFault, match=r"48 films that the network learnt from"):
        repacking.repack(old, left, tmp_path / "again.osteon")
    moved = replace(
        split,
        rows=tuple(replace(row, split="test") if row.path in gone else row for row in split.rows),
    )
    with pytest.raises(LeakFound, match="must not be learnt from; found '3 that are'"):
        repacking.repack(
            old, moved, tmp_path / "again.osteon", changes=repacking.Changes(learnt=split)
        )
    changes = repacking.Changes(learnt=split)
    card = repacking.repack(old, left, tmp_path / "again.osteon", changes=changes)
    assert (card.films.train, card.films.tune, card.films.test) == (48, 32, 120)


def test_what_is_asked_wrongly_is_answered_with_help(capsys, tmp_path):
    """Without its three paths it says how it is called; a file that is not there is named."""
    with pytest.raises(SystemExit):
        repacking.main([])
    assert "--unaudited" in capsys.readouterr().err
    assert repacking.main([str(tmp_path / "no.osteon"), "a.parquet", "b.osteon"]) == 1
    assert "no.osteon" in capsys.readouterr().out
