"""The same network, fitted and certified again on its own films: a release after a change of rules.

    python benchmarks/repack_release.py osteon-1 split.parquet osteon-1.osteon --version 2

`--statement statement.toml` replaces what its maker says of it, as for `osteon export`, and
`--unaudited` certifies films of which copies were never looked for.
The manifest holds the films in all three splits, after `osteon audit` and `osteon clean`.
Where `osteon recalibrate` makes a hospital's release of somebody else's, this makes a release
again: name, scope, notes, training films, licence and network stay. Calibrator, findings and
colours are fitted anew on the tune films, and the guards are this version's; both promises and all
numbers are of the test films. Films that were left out since the release was made, such as torn
ones, are simply not in the manifest; the network learnt from them all the same, so that
`--learnt MANIFEST` names the one that it was trained with, and the release lists the films of both.
A film that it learnt from must not be in the test split. Ends with 0 where it was written, 1 where
it could not be.
"""

import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from osteon.collection.groups import choose_counted, read_grouped_manifest
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest, read_manifest
from osteon.collection.recognition import build_list, identify_own_films
from osteon.collection.stamps import describe_independence
from osteon.errors import LeakFound, ManifestFault, OsteonError
from osteon.evaluation.certify import PerformanceGoals, calibrate_and_certify, films_may_certify
from osteon.evaluation.cohort import check_splits
from osteon.evaluation.detection import measure_detection
from osteon.evaluation.localisation import fit_evidence, measure_places
from osteon.evaluation.predictions import Predictions, choose_rows, measure_films
from osteon.evaluation.release_builder import (
    build_self_test,
    read_statement,
    write_release,
)
from osteon.evaluation.scope import choose_guards
from osteon.inference.bundled import locate_release
from osteon.inference.network import Network, open_session
from osteon.inference.predictor import Evidence, Predictor
from osteon.release import FilmList, NetworkCard, Release, ReleaseCard, read_release
from osteon.release.card import Statement
from osteon.reports.figures.calibration import draw_release
from osteon.runs import describe_versions, is_drawn
from osteon.sandbox import WorkerPool
from osteon.terms import Progress, no_progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What a person wants otherwise.

    Attributes:
        version: Of the new release; None is the old one's.
        statement: What its maker says of it; None is what it said.
        unaudited: Whether it is certified although copies were never looked for.
        learnt: The films that the network was trained with, where the manifest lacks some of them.
    """

    version: str | None = None
    statement: Statement | None = None
    unaudited: bool = False
    learnt: Manifest | None = None


def repack(
    release: Release,
    manifest: Manifest,
    out: Path,
    *,
    changes: Changes | None = None,
    progress: Progress = no_progress,
) -> ReleaseCard:
    """Write the release again, and return its card.

    Args:
        release: As it was.
        manifest: Its own films, with their splits.
        out: The new file.
        changes: What else is new; None is nothing.
        progress: Told after each film.
    """
    check_splits(manifest, where="manifest")
    old, changes = release.card, changes or Changes()
    films = _list_films(old, manifest, changes.learnt, progress)
    leaks = find_leaks(manifest)
    known = describe_independence(choose_counted(manifest.rows), n_leaks=len(leaks))
    network = _open_network(release)
    tune, test = _read_both(network, old, manifest, progress)
    how, points = old.preparation, old.operating_points
    promises = PerformanceGoals(
        sensitivity=points.high_sensitivity.at_least,
        specificity=points.high_specificity.at_least,
        confidence=points.high_sensitivity.confidence,
    )
    certificate = calibrate_and_certify(
        tune,
        test,
        promises,
        may_certify=films_may_certify(known, unaudited=changes.unaudited),
    )
    evidence = fit_evidence(tune, certificate.calibrator, how, method=old.evidence.method)
    found = measure_places(
        test, certificate.calibrator, certificate.points, how=how, settings=evidence
    )
    found += measure_detection(test, certificate.calibrator, how=how, settings=evidence)
    card = old.model_copy(
        update={
            "version": changes.version or old.version,
            "statement": changes.statement or old.statement,
            "independence": known,
            "calibrator": certificate.calibrator,
            "operating_points": certificate.points,
            "evidence": evidence,
            "guards": choose_guards(manifest, old.guards.on_inverted),
            "tuned_on": tune.describe(),
            "tested_on": test.describe(),
            "metrics": certificate.metrics + found,
            "software": describe_versions(),
            "members": {},
        }
    )
    card = write_release(card, release.model, build_self_test(network, how), out, films=films)
    draw_release(card, certificate.reliability, out, is_drawn=is_drawn(manifest))
    return card


def _list_films(
    old: ReleaseCard, manifest: Manifest, learnt: Manifest | None, progress: Progress
) -> FilmList:
    """List all films that the network learnt from, those that fit it now, and those that test it.

    Raises:
        LeakFound: If a test film is one that the network learnt from.
        ManifestFault: If fewer train films are known than it learnt from.
    """
    own = identify_own_films(manifest, progress=progress)
    before = () if learnt is None else identify_own_films(learnt, progress=progress)
    trained = [film for film in before if film[2] != "test"]
    seen = {row.sha256 for row, _, _ in trained}
    if leaks := [row.path for row, _, role in own if role == "test" and row.sha256 in seen]:
        raise LeakFound("test films", "must not be learnt from", found=f"{len(leaks)} that are")
    films = build_list([*own, *trained])
    n_train, expected = films.describe().train, old.trained_on.n_films if old.trained_on else 0
    if n_train < expected:
        raise ManifestFault(
            "manifest",
            f"must hold the {expected:,} films that the network learnt from",
            found=f"{n_train:,} in its train split",
            advice="Name the manifest that it was trained with: --learnt MANIFEST.",
        )
    return films


def _open_network(release: Release) -> Network:
    """Open the network without its guards, which may be those of an older version."""
    card = NetworkCard(
        recipe=release.card.recipe,
        preparation=release.card.preparation,
        trained_on_phantoms=release.card.trained_on_phantoms,
    )
    return Network(open_session(release.model, where=release.source), card)


def _read_both(
    network: Network, old: ReleaseCard, manifest: Manifest, progress: Progress
) -> tuple[Predictions, Predictions]:
    """Read tune, with evidence, and test, as `osteon export` does."""
    guards, method = choose_guards(manifest, old.guards.on_inverted), old.evidence.method
    asked: tuple[tuple[str, Evidence], ...] = (
        ("tune", method),
        ("test", "none" if method == "occlusion" else method),
    )
    with WorkerPool() as pool:
        tune, test = (
            measure_films(
                Predictor(network, guards, pool, evidence=evidence),
                manifest,
                choose_rows(manifest, split),
                split=split,
                progress=progress,
            )
            for split, evidence in asked
        )
    return tune, test


def main(arguments: list[str]) -> int:
    """Do what is asked; return the exit code."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("release", "manifest", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--version")
    parser.add_argument("--statement", type=Path)
    parser.add_argument("--learnt", type=Path)
    parser.add_argument("--unaudited", action="store_true")
    asked = parser.parse_args(arguments)
    try:
        card = repack(
            read_release(locate_release(asked.release)),
            read_grouped_manifest(asked.manifest),
            asked.out,
            changes=Changes(
                version=asked.version,
                statement=read_statement(asked.statement) if asked.statement else None,
                unaudited=asked.unaudited,
                learnt=read_manifest(asked.learnt, must_exist=False) if asked.learnt else None,
            ),
        )
    except OsteonError as fault:
        print(fault)
        return 1
    print(f"{asked.out}: {card.name}, version {card.version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
