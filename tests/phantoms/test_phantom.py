import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from osteon.phantoms.phantom import SIZES, draw_phantom


def test_the_same_seed_is_the_same_film():
    """A phantom is drawn again to the last bit from its seed."""
    first, second = (draw_phantom(11, has_fracture=True) for _ in range(2))
    np.testing.assert_array_equal(first.radiograph.pixels, second.radiograph.pixels)
    assert first.boxes == second.boxes
    other = draw_phantom(12, has_fracture=True)
    assert not np.array_equal(first.radiograph.pixels, other.radiograph.pixels)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**40), has_fracture=st.booleans())
def test_every_phantom_keeps_its_promises(seed, has_fracture):
    """Any seed gives 8-bit greys, a known size, and boxes inside the film only on a fracture."""
    phantom = draw_phantom(seed, has_fracture=has_fracture)
    pixels = phantom.radiograph.pixels
    assert pixels.dtype == np.float32
    assert pixels.shape in SIZES
    assert 0.0 <= pixels.min() < 0.2
    assert 0.6 < pixels.max() <= 1.0
    np.testing.assert_allclose(pixels * 255, np.rint(pixels * 255), atol=1e-4)
    assert phantom.has_fracture == has_fracture == bool(phantom.boxes)
    assert len(phantom.boxes) == len(phantom.polygons)
    assert (phantom.fracture_type is not None) == has_fracture
    rows, columns = pixels.shape
    for (x0, y0, x1, y1), polygon in zip(phantom.boxes, phantom.polygons, strict=True):
        assert 0 <= x0 < x1 <= columns
        assert 0 <= y0 < y1 <= rows
        assert len(polygon) >= 3
        assert (x1 - x0) * (y1 - y0) < 0.35 * rows * columns


def test_size_can_be_asked_for():
    """A film is drawn at the size that was asked for, upright or lying."""
    for size in ((64, 48), (48, 64), (200, 200)):
        phantom = draw_phantom(1, has_fracture=True, rows=size[0], columns=size[1])
        assert phantom.radiograph.pixels.shape == size


def test_a_crack_changes_the_film_only_inside_its_box():
    """The same seed without a fracture is the same film but for the fracture."""
    n_cracks = 0
    for seed in range(60):
        broken = draw_phantom(seed, has_fracture=True, rows=160, columns=120)
        if broken.fracture_type != "crack":
            continue
        n_cracks += 1
        whole = draw_phantom(seed, has_fracture=False, rows=160, columns=120)
        change = np.abs(broken.radiograph.pixels - whole.radiograph.pixels)
        ((x0, y0, x1, y1),) = (tuple(round(v) for v in box) for box in broken.boxes)
        inside = change[y0:y1, x0:x1].sum()
        change[y0:y1, x0:x1] = 0.0
        assert inside > 1.0
        assert np.quantile(change, 0.99) <= 2 / 255  # exposure may shift by a grey level
    assert n_cracks >= 3


def test_where_a_bone_moved_is_marked():
    """What a displaced fracture changes most lies on the moved bone, at and beyond its box."""
    changes = []
    for seed in range(40):
        broken = draw_phantom(seed, has_fracture=True, rows=160, columns=120)
        whole = draw_phantom(seed, has_fracture=False, rows=160, columns=120)
        change = np.abs(broken.radiograph.pixels - whole.radiograph.pixels)
        inside = np.zeros_like(change, dtype=bool)
        for box in broken.boxes:
            x0, y0, x1, y1 = (round(v) for v in box)
            inside[y0:y1, x0:x1] = True
        changes.append(change[inside].mean() / max(change[~inside].mean(), 1e-6))
    assert np.median(changes) > 5


def test_films_of_one_patient_show_one_limb():
    """Two films of a patient share the region and the patient key, and differ in their pose."""
    first, second = (draw_phantom(s, has_fracture=False, patient=77) for s in (1, 2))
    assert first.patient_key == second.patient_key == "phantom-000077"
    assert first.body_region == second.body_region
    assert draw_phantom(1, has_fracture=False).patient_key == "phantom-000001"


def test_lookalikes_and_metal_come_with_and_without_a_fracture():
    """What a film shows besides the fracture is the same for both classes."""
    for seed in range(40):
        broken, whole = (draw_phantom(seed, has_fracture=f, rows=64, columns=48) for f in (1, 0))
        assert broken.hardware == whole.hardware
        assert broken.view == whole.view
        assert broken.body_region == whole.body_region


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Simple statistics of 200 films of different seeds, and whether each is fractured."""
    statistics, references = [], []
    for seed in range(200):
        has_fracture = bool(np.random.default_rng([7, seed]).random() < 0.5)
        rows, columns = (150, 120) if seed % 3 else (120, 150)
        film = draw_phantom(9000 + seed, has_fracture=has_fracture, rows=rows, columns=columns)
        grey = film.radiograph.pixels
        frame = np.ones_like(grey, dtype=bool)
        frame[4:-4, 4:-4] = False
        border = grey[frame]
        statistics.append([grey.mean(), grey.std(), *grey.shape, border.mean(), border.std()])
        references.append(has_fracture)
    columns = np.array(statistics)
    return (columns - columns.mean(0)) / columns.std(0), np.array(references)


def test_grey_levels_borders_and_sizes_do_not_give_the_fracture_away(drawn):
    """A classifier that sees only mean, spread, border and size does no better than chance."""
    statistics, references = drawn
    guesses = cross_val_predict(
        LogisticRegression(), statistics, references, cv=5, method="predict_proba"
    )[:, 1]
    assert 0.35 < roc_auc_score(references, guesses) < 0.65
