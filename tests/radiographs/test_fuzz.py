"""Whatever bytes a film has, it is a radiograph or one of the project's refusals."""

from itertools import islice

from tests.radiographs.fuzzing import make_films, read_all
from tests.radiographs.fuzzing_dicom import make_dicom_films, make_kinds

from osteon.radiographs.films import decode_film
from osteon.sandbox import Limits, WorkerPool

N_FILMS = 20_000
SEED = 4


def test_damaged_films_are_read_or_refused(tmp_path, monkeypatch):
    """Of 20,000 damaged films each gives a radiograph or a refusal, and none writes a file."""
    monkeypatch.chdir(tmp_path)
    films = islice(make_films(make_kinds(), seed=SEED), N_FILMS)
    with WorkerPool(workers=2, limits=Limits(cpu_s=0.3)) as pool:
        outcomes = read_all(films, pool=pool)
    assert not outcomes.bugs, f"films of seed {SEED} by number"
    assert sum(outcomes.counts.values()) == N_FILMS
    assert sum(pool.losses.values()) == outcomes.n_lost
    assert outcomes.counts["read"] > N_FILMS / 10
    assert outcomes.counts["TruncatedFilm"] > N_FILMS / 100
    assert outcomes.counts["UnsupportedRadiograph"] > N_FILMS / 100
    assert not list(tmp_path.iterdir())


def test_the_films_that_are_damaged_were_good_ones():
    """Before they are damaged, the drawn film is read from each transfer syntax."""
    for syntax, data in make_dicom_films().items():
        assert decode_film(data, source=syntax).pixels.shape == (48, 40)
