"""The same network, fitted and certified again on its own films: a release after a change of rules.

    python benchmarks/repack_release.py osteon-1 split.parquet osteon-1.osteon [VERSION]

Where `osteon recalibrate` makes a hospital's release of somebody else's, this makes a release
again: name, scope, notes, training films, licence and network stay. Calibrator, findings and
colours are fitted anew on the tune films, and the guards are this version's; both promises and all
numbers are of the test films. Films that were left out since the release was made, such as torn
ones, are simply not in the manifest; one that the network learnt from must not be in its tune or
test split, which a release cannot know. Ends with 0 where it was written, 1 where it could not be.
"""

import sys
from pathlib import Path

from osteon.collection.manifest import Manifest, read_manifest
from osteon.errors import OsteonError
from osteon.inference.answering import Answerer, Evidence
from osteon.inference.bundled import locate_release
from osteon.inference.guards import build_guards
from osteon.inference.network import Network, open_session
from osteon.jobs.certifying import Promises, calibrate_and_certify
from osteon.jobs.detecting import measure_detection
from osteon.jobs.labelled import check_splits
from osteon.jobs.locating import fit_evidence, measure_places
from osteon.jobs.measuring import MeasuredFilms, choose_rows, measure_films
from osteon.jobs.packing import build_self_test, publish
from osteon.jobs.runs import describe_versions, is_drawn
from osteon.radiographs.isolation import ChildPool
from osteon.release import NetworkCard, Release, ReleaseCard, read_release
from osteon.terms import Progress, no_progress


def repack(
    release: Release,
    manifest: Manifest,
    out: Path,
    *,
    version: str | None = None,
    progress: Progress = no_progress,
) -> ReleaseCard:
    """Write the release again, and return its card.

    Args:
        release: As it was.
        manifest: Its own films, with their splits.
        out: The new file.
        version: Of the new release; None is the old one's.
        progress: Told after each film.
    """
    check_splits(manifest, where="manifest")
    old = release.card
    network = _open_network(release)
    tune, test = _read_both(network, old, manifest, progress)
    how, points = old.preparation, old.operating_points
    promises = Promises(
        sensitivity=points.high_sensitivity.at_least,
        specificity=points.high_specificity.at_least,
        confidence=points.high_sensitivity.confidence,
    )
    certificate = calibrate_and_certify(tune, test, promises)
    evidence = fit_evidence(tune, certificate.calibrator, how, method=old.evidence.method)
    found = measure_places(
        test, certificate.calibrator, certificate.points, how=how, settings=evidence
    )
    found += measure_detection(test, certificate.calibrator, how=how, settings=evidence)
    card = old.model_copy(
        update={
            "version": version or old.version,
            "calibrator": certificate.calibrator,
            "operating_points": certificate.points,
            "evidence": evidence,
            "guards": build_guards(old.guards.on_inverted),
            "tuned_on": tune.describe(),
            "tested_on": test.describe(),
            "metrics": certificate.metrics + found,
            "software": describe_versions(),
            "members": {},
        }
    )
    card, _ = publish(
        card,
        release.model,
        build_self_test(network, how),
        out,
        reliability=certificate.reliability,
        is_drawn=is_drawn(manifest),
    )
    return card


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
) -> tuple[MeasuredFilms, MeasuredFilms]:
    """Read tune, with evidence, and test, as `osteon export` does."""
    guards, method = build_guards(old.guards.on_inverted), old.evidence.method
    asked: tuple[tuple[str, Evidence], ...] = (
        ("tune", method),
        ("test", "none" if method == "occlusion" else method),
    )
    with ChildPool() as pool:
        tune, test = (
            measure_films(
                Answerer(network, guards, pool, evidence=evidence),
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
    match arguments:
        case [release, manifest, out, *version] if len(version) < 2:
            pass
        case _:
            print(__doc__)
            return 2
    try:
        card = repack(
            read_release(locate_release(Path(release))),
            read_manifest(Path(manifest)),
            Path(out),
            version=version[0] if version else None,
        )
    except OsteonError as fault:
        print(fault)
        return 1
    print(f"{out}: {card.name}, version {card.version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
