"""`import osteon` gives the few names that a developer needs, and loads nothing for it."""

import subprocess
import sys

import pytest

import osteon

READING = {"Detector", "Finding", "Radiograph", "Reading", "Reason"}
STEPS = {"Manifest", "audit", "clean", "evaluate", "export", "import_films", "split", "train"}


def test_the_public_face_is_short():
    """The names are those of the documentation, and each is there."""
    names = READING | STEPS | {"readings_to_pandas", "readings_to_polars", "errors", "__version__"}
    assert set(osteon.__all__) == set(dir(osteon)) == names
    assert all(getattr(osteon, name) is not None for name in names)
    assert osteon.errors.OsteonError.__module__ == "osteon.errors"
    assert osteon.Detector.__module__ == "osteon.inference.detector"


def test_a_room_never_takes_a_public_name_s_place():
    """`osteon.audit` is the function, whatever has been imported of the room of that name."""
    code = (
        "from osteon.audit.run import find_flaws; import osteon.audit.cleaning; import osteon;"
        "from osteon import audit; print(callable(audit), audit is osteon.audit)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.parametrize(
    ("call", "package", "extra"),
    [
        ("osteon.Manifest.read('a.parquet')", "polars", "audit"),
        ("osteon.import_films('films')", "polars", "audit"),
        ("osteon.audit('a.parquet')", "faiss", "audit"),
        ("osteon.clean('a.parquet', 'audit', 'b.parquet')", "polars", "audit"),
        ("osteon.split('a.parquet', 'b.parquet')", "polars", "audit"),
        ("osteon.train('demo', 'a.parquet', 'run')", "torch", "train"),
        ("osteon.evaluate('run')", "scipy", "audit"),
        ("osteon.export('run', 'a.osteon')", "torch", "train"),
    ],
)
def test_what_the_base_install_lacks_is_named_when_it_is_asked_for(call, package, extra):
    """Every name is there without the extras; calling it says which extra to install."""
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from osteon import *\n"
        "import osteon\n"
        f"try: {call}\n"
        "except osteon.errors.MissingExtra as fault: print(fault)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{package}: must be installed for osteon.")
    assert f'pip install "osteon[{extra}]"' in done.stdout


def test_another_name_is_missed_as_usual():
    """A name that is not there is an AttributeError, so that hasattr works."""
    with pytest.raises(AttributeError, match="no attribute 'detect'"):
        _ = osteon.detect
    assert not hasattr(osteon, "default")


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import osteon", "numpy onnxruntime pydantic PIL"),
        ("from osteon.sandbox import process, worker", "onnxruntime pydantic torch typer"),
        ("from osteon.inference import opening", "onnxruntime torch scipy polars typer"),
        ("import osteon; osteon.readings_to_polars", "polars pandas torch scipy"),
        ("import osteon; osteon.Detector", "torch scipy polars sklearn matplotlib typer cv2"),
        ("from osteon import *", "torch scipy polars sklearn matplotlib typer cv2"),
    ],
)
def test_what_is_not_needed_is_not_loaded(code, heavy):
    """The package is light, and the processes that decode films know no network's runtime."""
    asked = f"{code}; import sys; print(sorted(set({heavy.split()}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
