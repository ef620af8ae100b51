"""`import osteon` gives the few names that a developer needs, and loads nothing for it."""

import subprocess
import sys

import pytest

import osteon


def test_the_public_face_is_short():
    """The names are those of the documentation, and each is there."""
    names = {"Detector", "Finding", "Radiograph", "Reading", "Reason", "errors", "__version__"}
    assert set(osteon.__all__) == set(dir(osteon)) == names
    assert all(getattr(osteon, name) is not None for name in names)
    assert osteon.errors.OsteonError.__module__ == "osteon.errors"
    assert osteon.Detector.__module__ == "osteon.inference.detector"


def test_another_name_is_missed_as_usual():
    """A name that is not there is an AttributeError, so that hasattr works."""
    with pytest.raises(AttributeError, match="no attribute 'detect'"):
        _ = osteon.detect
    assert not hasattr(osteon, "default")


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import osteon", "numpy onnxruntime pydantic PIL"),
        ("from osteon.sandbox import worker", "onnxruntime pydantic torch typer"),
        ("from osteon.inference import opening", "onnxruntime torch scipy polars typer"),
        ("import osteon; osteon.Detector", "torch scipy polars sklearn matplotlib typer cv2"),
    ],
)
def test_what_is_not_needed_is_not_loaded(code, heavy):
    """The package is light, and the processes that decode films know no network's runtime."""
    asked = f"{code}; import sys; print(sorted(set({heavy.split()}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
