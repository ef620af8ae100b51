"""A site sets where its films are turned away as no limb, and the release says how."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.films import draw_film, list_film
from tests.releases import build_card, build_release
from tests.rows import audited

from osteon.collection.manifest import Manifest, write_manifest
from osteon.errors import MeasurementFault, SettingsFault
from osteon.evaluation.scope import (
    ScopeRequest,
    choose_guards,
    fit_scope,
    measure_scope,
    parse_scope,
)
from osteon.inference.guard_network import hash_guard_network, hash_guard_networks
from osteon.inference.guards import measure_guards
from osteon.jobs.recalibrate import RecalibrationRequest, recalibrate_release
from osteon.radiographs.films import read_film
from osteon.release import Guards, Preparation, read_release
from osteon.reports.pages.release_card import describe_card

GUARDS = Guards(
    network=hash_guard_network(),
    min_spread=1.0,
    doubt_scope_logit=-1.0,
    max_scope_logit=2.0,
    max_polarity_logit=1e6,
)
LOGITS = [*np.linspace(-9, 1.5, 396).tolist(), 2.5, 3.0, 5.0, 8.0]


@pytest.fixture
def local(tmp_path):
    """Sixty films of a hospital, half of them with a bright spot."""
    folder = tmp_path / "films"
    folder.mkdir()
    rows = []
    for number in range(60):
        film = (draw_film(number, (120, 90)) * 0.6).astype(np.uint8)
        film[40:70, 30:54] = 235 if number % 2 == 0 else 205
        Image.fromarray(film).save(folder / f"{number:02}.png")
        facts = {"has_fracture": number % 2 == 0, "collection": "local"}
        split = "tune" if number < 30 else "test"
        rows.append(list_film(folder, f"{number:02}.png", split=split, **facts))
    return audited(Manifest(rows=tuple(rows), root=folder))


@pytest.mark.parametrize(
    ("text", "share", "limit"),
    [("0.5%", 0.005, None), ("2 %", 0.02, None), ("0%", 0, None), ("limit=-4.2", None, -4.2)],
)
def test_a_person_asks_for_a_share_or_for_a_limit(text, share, limit):
    """One word, as it stands on the command line."""
    asked = parse_scope(text)
    assert asked.max_share == (None if share is None else pytest.approx(share))
    assert asked.limit == limit


@pytest.mark.parametrize("text", ["", "0.5", "51%", "-1%", "limit=", "limit=nan", "lax"])
def test_what_is_neither_is_refused(text):
    """The refusal shows both forms."""
    with pytest.raises(SettingsFault, match=r"0\.5%"):
        parse_scope(text)


def test_a_share_lets_that_many_films_be_turned_away_and_no_more():
    """Two of 400 films are half a percent: the limit lies at the third highest."""
    fitted = fit_scope(ScopeRequest(max_share=0.005), GUARDS, LOGITS)
    assert fitted.max_scope_logit == 3.0
    assert (fitted.site_scope.n_films, fitted.site_scope.n_refused) == (400, 2)
    assert fitted.site_scope.n_refused_before == 4
    assert fitted.site_scope.released == 2.0
    assert fitted.doubt_scope_logit == -1.0


def test_a_share_never_makes_the_limit_stricter():
    """Films that are all well inside say nothing of the strangers that the limit keeps out."""
    fitted = fit_scope(ScopeRequest(max_share=0.05), GUARDS, LOGITS[:100])
    assert fitted.max_scope_logit == GUARDS.max_scope_logit
    assert fitted.site_scope.n_refused == 0


def test_a_limit_that_a_person_sets_is_the_limit():
    """Looser or stricter; where it falls below the doubt, doubt begins there at the latest."""
    assert fit_scope(ScopeRequest(limit=9.5), GUARDS, LOGITS).max_scope_logit == 9.5
    strict = fit_scope(ScopeRequest(limit=-3.0), GUARDS, LOGITS)
    assert (strict.doubt_scope_logit, strict.max_scope_logit) == (-3.0, -3.0)
    assert Guards.model_validate_json(strict.model_dump_json()) == strict


def test_a_second_site_keeps_what_was_released():
    """Set twice, the card still names the limit that the films of the release chose."""
    once = fit_scope(ScopeRequest(limit=5.0), GUARDS, LOGITS)
    assert fit_scope(ScopeRequest(limit=6.0), once, LOGITS).site_scope.released == 2.0


def test_without_films_nothing_is_fitted():
    """No film that opens, no limit."""
    with pytest.raises(MeasurementFault, match="--scope"):
        fit_scope(ScopeRequest(max_share=0.01), GUARDS, [])


@pytest.mark.parametrize("sha256", hash_guard_networks())
def test_films_are_measured_with_the_release_s_own_network(local, sha256):
    """The logits are those that a reading would see; a blank film has none."""
    guards = GUARDS.model_copy(update={"network": sha256})
    Image.fromarray(np.full((90, 90), 9, np.uint8)).save(local.root / "00.png")
    measured = measure_scope(local, local.rows[:5], guards, Preparation(rows=64, columns=64))
    expected = [
        measure_guards(read_film(local.films_path(row)), network=sha256).scope_logit
        for row in local.rows[1:5]
    ]
    assert measured == pytest.approx(expected, abs=1e-3)


def test_a_recalibrated_release_reads_the_site_s_films_and_says_why(local, tmp_path):
    """Only the limit changes in the guards; the card names it, the films and the one before."""
    old = build_card().guards.model_copy(
        update={"max_scope_logit": -1e6, "doubt_scope_logit": -2e6}
    )
    release = build_release(tmp_path, card={"guards": old})
    path = tmp_path / "local.parquet"
    write_manifest(local, path)
    out = tmp_path / "site.osteon"
    asked = {"release": release, "manifest": path, "out": out, "scope": parse_scope("0%")}
    report = recalibrate_release(RecalibrationRequest(**asked))
    guards = read_release(out).card.guards
    assert guards.max_scope_logit > -1e6
    assert (guards.site_scope.n_films, guards.site_scope.n_refused_before) == (30, 30)
    assert guards.site_scope.n_refused == 0
    changed = {"max_scope_logit": -1e6, "site_scope": None}
    assert guards.model_copy(update=changed) == old
    said = "\n".join(line for part in describe_card(report.card) for line in part.sentences)
    assert "is the site's own, fitted so that at most 0 % of the films there" in said
    assert "Of 30 tune films there it turns away 0; the limit before, 30." in said


def test_a_release_of_drawings_reads_strangers(local):
    """What learnt drawings is asked about drawings; of real films strangers are refused."""
    assert choose_guards(local, "refuse").on_stranger == "refuse"
    rows = tuple(replace(row, manufacturer="Osteon phantom") for row in local.rows)
    drawn = choose_guards(replace(local, rows=rows), "correct")
    assert (drawn.on_stranger, drawn.on_inverted) == ("read", "correct")
