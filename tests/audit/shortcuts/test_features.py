"""Features of a film, as numbers and as words."""

import numpy as np

from osteon.audit.file_features import FilmFacts
from osteon.audit.shortcuts.features import (
    CATEGORIES,
    COVARIATES,
    FEATURE_WORDS,
    describe_classes,
    encode_columns,
    read_column,
)
from osteon.terms import ManifestRow


def test_every_fact_is_a_feature_with_a_word():
    """A fact that is added to the films is not forgotten here."""
    assert {*FilmFacts.__dataclass_fields__, *COVARIATES} == set(FEATURE_WORDS)
    assert set(FEATURE_WORDS) > CATEGORIES


def test_what_the_manifest_says_is_read_as_words():
    """Several views are one word in any order, a flag is yes or no, and nothing stays nothing."""

    def row(**known: object) -> ManifestRow:
        return ManifestRow(
            path="a", film_id="a", sha256="a", rows=1, columns=1, has_fracture=True, **known
        )

    rows = [row(view=("lateral", "frontal"), hardware=False), row()]
    assert read_column("view", rows, {}) == ["frontal, lateral", None]
    assert read_column("hardware", rows, {}) == ["no", None]


def test_categories_become_numbers_by_how_common_they_are():
    """The most common word is 0, the rarest of very many share one number, None is NaN."""
    words = ["b", "a", "b", None, *(f"rare {n}" for n in range(40))]
    values = encode_columns({"view": words, "age": [1.5] * 44})
    assert values[:3, 0].tolist() == [0.0, 1.0, 0.0]
    assert np.isnan(values[3, 0])
    assert np.unique(values[4:, 0]).size == 29
    assert values[0, 1] == 1.5


def test_the_classes_are_described_apart():
    """Numbers have quartiles and words have shares, each of its class, unknown ones counted."""
    labels = np.array([True, True, True, False, False])
    yes, no = describe_classes("age", [1.0, 2.0, 3.0, None, None], labels)
    assert yes == {"n_films": 3, "n_known": 3, "quartiles": [1.5, 2.0, 2.5]}
    assert no == {"n_films": 2, "n_known": 0, "quartiles": None}
    yes, no = describe_classes("sex", ["male", "male", "female", None, "male"], labels)
    assert no["shares"] == {"male": 0.5, "female": 0.0, "not known": 0.5}
    assert yes["n_known"] == 3
