"""Planted copies: how many the audit finds, by what was done to them, and what it links wrongly.

The copies of one kind are put among all films of the collection, and the audit's own steps follow:
films and copies, second fingerprints of long ones included, search one another (`find_candidates`),
and every pair that a copy is in is compared (`compare_films`, second look included). `find_copies`
leaves out pairs that are joined already through others; here all are compared, which can add false
links and no groups. Pairs of two originals are compared once, before anything is planted, and not
again for each kind.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from audit_films import Ints, Originals, join
from audit_hashes import Distances, Hashes, measure_distances
from osteon.audit.duplicates.descriptors import Fingerprint, measure_fingerprint, square_fingerprint
from osteon.audit.duplicates.index import build_table, find_candidates
from osteon.audit.duplicates.search import Link, compare_films, find_copies
from osteon.terms import Pixels8
from planting import COMBINED, SINGLES, Matrix, Recipe, draw_recipe, plant_copy

STEPS: Final = ((2, 3), (4, 6), (12, 12))
"""Of each kind in `COMBINED`, fewest and most."""


class Kind(NamedTuple):
    """What is done to every film.

    Attributes:
        name: As in the table.
        strength: As in the table.
        settings: Of the recipe; None where it is drawn for each film.
        steps: Fewest and most, where it is drawn.
    """

    name: str
    strength: str
    settings: dict[str, Any] | None = None
    steps: tuple[int, int] = (1, 1)

    @property
    def is_combined(self) -> bool:
        """Whether several things are done at once."""
        return self.settings is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """The copies of one kind, one for each chosen film.

    Attributes:
        recipes: What was done.
        greys: Pixels.
        matrices: From the film's pixels to the copy's, 3 by 3.
        fingerprints: Of each.
        squared: Second fingerprints, None where a copy is nearly square.
    """

    recipes: tuple[Recipe, ...]
    greys: tuple[Pixels8, ...]
    matrices: tuple[Matrix, ...]
    fingerprints: tuple[Fingerprint, ...]
    squared: tuple[Fingerprint | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the audit made of the copies of one kind.

    Attributes:
        kind: What was done.
        is_met: For each copy, whether the search proposed to compare it with its film.
        is_hit: For each copy, whether it was linked with its film.
        n_true: For each copy, its links with its own picture.
        n_false: For each copy, its links with others.
        false_links: These, told.
        missed: Copies that were not linked with their film, and what was done to them.
        errors: Of each true link with the film itself: degrees, percent of the scale, and pixels
            of the film by which the mean point lies beside its place; shape `(links, 3)`.
        n_turned_wrong: Links whose mirror or negative is not what was planted.
        distances: Of perceptual hashes, for the anchors.
    """

    kind: Kind
    is_met: npt.NDArray[np.bool_]
    is_hit: npt.NDArray[np.bool_]
    n_true: Ints
    n_false: Ints
    false_links: tuple[dict[str, Any], ...]
    missed: tuple[dict[str, Any], ...]
    errors: npt.NDArray[np.float64]
    n_turned_wrong: int
    distances: Distances


def list_kinds() -> tuple[Kind, ...]:
    """Return every single step, and the combinations."""
    single = tuple(Kind(name, strength, settings) for name, strength, settings in SINGLES)
    drawn = (Kind("combined", n, None, steps) for n, steps in zip(COMBINED, STEPS, strict=True))
    return (*single, *drawn)


def plant(originals: Originals, kind: Kind, *, seed: int, workers: int) -> Copies:
    """Make a copy of each chosen film.

    Args:
        originals: The films.
        kind: What to do.
        seed: Of what is drawn; each film and kind has a stream of its own.
        workers: Threads.
    """
    recipes = []
    for place in range(len(originals.chosen)):
        if kind.settings is None:
            rng = np.random.default_rng([seed, kind.steps[0], place])
            recipes.append(draw_recipe(rng, int(rng.integers(kind.steps[0], kind.steps[1] + 1))))
        else:
            recipes.append(Recipe(**kind.settings))
    films = [originals.greys[number] for number in originals.chosen]
    with ThreadPoolExecutor(workers) as pool:
        made = list(pool.map(plant_copy, films, recipes))
        fingerprints = tuple(pool.map(measure_fingerprint, [grey for grey, _ in made]))
        squared = tuple(pool.map(square_fingerprint, fingerprints))
    return Copies(
        recipes=tuple(recipes),
        greys=tuple(grey for grey, _ in made),
        matrices=tuple(matrix for _, matrix in made),
        fingerprints=fingerprints,
        squared=squared,
    )


def seek(
    originals: Originals, kind: Kind, copies: Copies, hashes: Hashes, *, workers: int
) -> Found:
    """Seek the copies of one kind among all films, as the audit does.

    Args:
        originals: All films.
        kind: What was done.
        copies: The copies.
        hashes: Perceptual hashes of the films.
        workers: Threads.
    """
    n = len(originals.rows)
    prints = [*originals.fingerprints, *copies.fingerprints]
    owners = [*range(len(prints))]
    for film, squared in enumerate((*originals.squared, *copies.squared)):
        if squared is not None:
            prints.append(squared)
            owners.append(film)
    greys = (*originals.greys, *copies.greys)
    film_of = np.array(owners, np.int64)
    pairs, votes = find_candidates(build_table(prints), owners=film_of, workers=workers)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0], -votes))]
    films = film_of[pairs]
    pairs = np.where(films[:, :1] <= films[:, 1:], pairs, pairs[:, ::-1])
    asked = [(int(a), int(b)) for a, b in pairs if film_of[b] >= n]

    def compare(pair: tuple[int, int]) -> Link | None:
        a, b = pair
        return compare_films(
            (owners[a], owners[b]),
            (prints[a], prints[b]),
            open_a=greys.__getitem__,
            open_b=greys.__getitem__,
        )

    links: dict[tuple[int, int], Link] = {}
    with ThreadPoolExecutor(workers) as pool:
        for link in pool.map(compare, asked):
            if link is not None:
                links.setdefault((link.a, link.b), link)
    met = [(owners[a], owners[b]) for a, b in asked]
    return judge(originals, kind, copies, met, [*links.values()], hashes)


def judge(
    originals: Originals,
    kind: Kind,
    copies: Copies,
    asked: Sequence[tuple[int, int]],
    links: Sequence[Link],
    hashes: Hashes,
) -> Found:
    """Hold the links against what was planted.

    Args:
        originals: All films; the copies' numbers follow theirs.
        kind: What was done.
        copies: The copies.
        asked: Pairs that were compared.
        links: Those that were called one picture.
        hashes: Perceptual hashes of the films.
    """
    n, n_copies = len(originals.rows), len(copies.greys)
    pictures = np.concatenate([originals.pictures, originals.pictures[list(originals.chosen)]])
    is_met, n_true, n_false = np.zeros(n_copies, bool), *np.zeros((2, n_copies), np.int64)
    for a, b in asked:
        is_met[b - n] |= pictures[a] == pictures[b]
    false_links, errors, n_turned_wrong = [], [], 0
    for link in links:
        copy = link.b - n
        if pictures[link.a] != pictures[link.b]:
            n_false[copy] += 1
            false_links.append(describe(originals, kind, copies, link))
            continue
        n_true[copy] += 1
        if link.a == originals.chosen[copy]:
            recipe = copies.recipes[copy]
            planted = (recipe.is_mirrored, recipe.is_inverted)
            n_turned_wrong += (link.is_mirrored, link.is_inverted) != planted
            film = originals.greys[link.a].shape
            errors.append(measure_error(link, copies.matrices[copy], (film[0], film[1])))
    return Found(
        kind=kind,
        is_met=is_met,
        is_hit=n_true > 0,
        n_true=n_true,
        n_false=n_false,
        false_links=tuple(false_links),
        missed=tuple(
            {
                "film": originals.rows[originals.chosen[copy]].path,
                "was_compared": bool(is_met[copy]),
                "recipe": copies.recipes[copy].as_dict(),
            }
            for copy in np.flatnonzero(n_true == 0).tolist()
        ),
        errors=np.array(errors).reshape(-1, 3),
        n_turned_wrong=n_turned_wrong,
        distances=measure_distances(originals, copies.greys, hashes),
    )


def describe(originals: Originals, kind: Kind, copies: Copies, link: Link) -> dict[str, Any]:
    """Tell of a link between two pictures, so that a person can look at it."""
    n = len(originals.rows)
    told: dict[str, Any] = {"kind": kind.name, "strength": kind.strength}
    for side, number in (("a", link.a), ("b", link.b)):
        if number < n:
            told[side] = originals.rows[number].path
        else:
            told[side] = f"copy of {originals.rows[originals.chosen[number - n]].path}"
            told[f"recipe_{side}"] = copies.recipes[number - n].as_dict()
    return told | {"residual": link.residual, "overlap": link.overlap, "matrix": link.matrix}


def measure_error(link: Link, planted: Matrix, size: tuple[int, int]) -> tuple[float, float, float]:
    """Measure how far a link's transform is from the one that was planted.

    Args:
        link: From film to copy.
        planted: The same, 3 by 3.
        size: `(rows, columns)` of the film.

    Returns:
        Degrees, percent of the scale, and the mean over a grid of points of how far each lies
        beside its place, in the film's pixels.
    """
    found = np.vstack([np.array(link.matrix), [0.0, 0.0, 1.0]])
    turned = _measure_turn(planted[:2, :2], is_mirrored=link.is_mirrored)
    degrees = abs((link.angle_deg - turned + 180.0) % 360.0 - 180.0)
    scale = float(np.sqrt(abs(np.linalg.det(planted[:2, :2]))))
    x, y = np.meshgrid(np.linspace(0, size[1] - 1, 5), np.linspace(0, size[0] - 1, 5))
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    aside = np.linalg.norm(((found - planted) @ points)[:2], axis=0).mean() / scale
    return degrees, 100.0 * abs(link.scale / scale - 1.0), float(aside)


def _measure_turn(linear: Matrix, *, is_mirrored: bool) -> float:
    """Return degrees counter-clockwise, by the audit's own formula."""
    m = linear @ np.diag([-1.0, 1.0]) if is_mirrored else linear
    return -float(np.degrees(np.arctan2(m[1, 0] - m[0, 1], m[0, 0] + m[1, 1])))


def seek_all(
    originals: Originals, planted: Sequence[tuple[Kind, Copies]], n_films: int, *, workers: int
) -> dict[str, Any]:
    """Run the audit's `find_copies` itself on all films and all copies of some of them at once.

    Args:
        originals: All films.
        planted: Copies by kind.
        n_films: Of how many of the chosen films, the first.
        workers: Threads.

    Returns:
        Copies that are in their film's group, out of how many; links, and false ones among them.
    """
    prints, greys = list(originals.fingerprints), list(originals.greys)
    pictures = originals.pictures.tolist()
    names = [row.path for row in originals.rows]
    for kind, copies in planted:
        for place, number in enumerate(originals.chosen[:n_films]):
            prints.append(copies.fingerprints[place])
            greys.append(copies.greys[place])
            pictures.append(int(originals.pictures[number]))
            names.append(f"{kind.name} {kind.strength} copy of {originals.rows[number].path}")
    links = find_copies(prints, open_film=greys.__getitem__, workers=workers)
    groups = join([(link.a, link.b) for link in links], len(prints))
    film_of = [*range(len(originals.rows))]
    film_of += [number for _ in planted for number in originals.chosen[:n_films]]
    n = len(originals.rows)
    hits = sum(groups[copy] == groups[film_of[copy]] for copy in range(n, len(prints)))
    linked = {(link.a, link.b) for link in links}
    false = sorted((a, b) for a, b in linked if pictures[a] != pictures[b])
    return {
        "n_films": min(n_films, len(originals.chosen)),
        "n_copies": len(prints) - n,
        "n_hits": int(hits),
        "n_links": len(linked),
        "n_false": len(false),
        "false_links": [{"a": names[a], "b": names[b]} for a, b in false],
    }
