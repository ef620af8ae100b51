"""Labelled films: two splits without a leak, and a direction that they show or do not show."""

from dataclasses import replace

import numpy as np
import pytest
from tests.rows import film

from osteon.collection.manifest import Manifest
from osteon.errors import LeakFound, ManifestFault
from osteon.evaluation.cohort import check_splits, choose_some, measure_polarity
from osteon.evaluation.predictions import Predictions
from osteon.inference.predictor import Answer
from osteon.radiographs.preparation import fit_letterbox
from osteon.release import Preparation
from osteon.terms import Logit


def measured(logits, references, *, groups=None):
    rows = [
        film(f"{place:04}.png", has_fracture=bool(truth), group=groups and groups[place])
        for place, truth in enumerate(references)
    ]
    place = fit_letterbox(16, 16, Preparation())
    answers = [
        Answer(
            source=row.path,
            logit=Logit(float(logit)),
            evidence=None,
            place=place,
            reasons=(),
            instance=None,
        )
        for row, logit in zip(rows, logits, strict=True)
    ]
    return Predictions(
        split="tune",
        manifest=Manifest(rows=tuple(rows), root="films"),
        rows=tuple(rows),
        answers=tuple(answers),
        not_read=(),
    )


def split_films(*splits, **facts):
    rows = [
        film(f"{place}.png", split=split, **{key: values[place] for key, values in facts.items()})
        for place, split in enumerate(splits)
    ]
    return Manifest(rows=tuple(rows), root="films")


def test_tune_and_test_are_both_needed():
    """Films that calibrate cannot certify, and the other way round; the remedy is a command."""
    check_splits(split_films("tune", "test"), where="local.csv")
    with pytest.raises(ManifestFault, match=r"local\.csv: .*found 'no test film'.*osteon split"):
        check_splits(split_films("train", "tune"), where="local.csv")
    with pytest.raises(ManifestFault, match="no tune and no test film"):
        check_splits(split_films(None, None), where="local.csv")


def test_a_patient_in_both_splits_is_refused():
    """Films of one patient in tune and test would certify what was fitted on him."""
    crossing = split_films("tune", "test", "test", patient_key=("a", "a", "b"))
    with pytest.raises(LeakFound, match="1 of them do"):
        check_splits(crossing, where="local.csv")
    beside = split_films("train", "tune", "test", patient_key=("a", "a", "b"))
    check_splits(beside, where="local.csv")  # what is in train is not used here


def test_many_films_tell_which_way_answers_point():
    """Higher answers of fractured films are seen, and so are lower ones; chance is neither."""
    chance = np.random.default_rng(1)
    truths = np.arange(200) % 2 == 0
    right = measure_polarity(measured(truths + chance.normal(0, 1, 200), truths))
    wrong = measure_polarity(measured(chance.normal(0, 1, 200) - truths, truths))
    none = measure_polarity(measured(chance.normal(0, 1, 200), truths))
    assert (right.is_sure, right.is_inverted) == (True, False)
    assert (wrong.is_sure, wrong.is_inverted) == (False, True)
    assert (none.is_sure, none.is_inverted) == (False, False)
    assert "on 200 tune films, 100 fractured" in right.words


def test_few_films_tell_nothing_however_well_they_are_parted():
    """Three films of each class, wholly apart, may be chance, and so may copies of three."""
    truths = np.array([True, False] * 3)
    assert not measure_polarity(measured(truths * 1.0, truths)).is_sure
    groups = [f"g{place % 6}" for place in range(60)]
    many = np.array([True, False] * 30)
    assert not measure_polarity(measured(many * 1.0, many, groups=groups)).is_sure
    assert measure_polarity(measured(many * 1.0, many)).is_sure


def test_some_films_are_chosen_by_class_and_content():
    """Each class keeps its share, none vanishes, and no order of rows changes the choice."""
    rows = [film(f"{place:03}.png", has_fracture=place < 10) for place in range(100)]
    chosen = choose_some(rows, 20)
    assert len(chosen) == 20
    assert sum(row.has_fracture for row in chosen) == 2
    assert set(choose_some(rows[::-1], 20)) == set(chosen)
    assert choose_some(rows, 100) == tuple(rows)
    rare = [replace(row, has_fracture=place == 0) for place, row in enumerate(rows)]
    assert sum(row.has_fracture for row in choose_some(rare, 20)) == 1
