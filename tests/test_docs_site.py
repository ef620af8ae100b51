"""The documentation site: what is generated for it is whole. `make docs` builds it."""

import re
import sys
from importlib import import_module
from types import ModuleType

import pytest
import typer

import osteon
from osteon.cli.app import app
from tests.documents import ROOT

SITE = ROOT / "docs" / "_site"


def load(name: str) -> ModuleType:
    sys.path.insert(0, str(SITE))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(SITE))


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    return load("reference")


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    pytest.importorskip("mkdocs", reason="the site needs osteon[docs]")
    return load("hooks")


def test_the_reference_has_every_command_and_option(reference):
    """What Typer knows of the command line is on the page, whole sentences in its list."""
    page = reference.describe_commands()
    group = typer.main.get_command(app)
    context = group.make_context("osteon", [], resilient_parsing=True)
    names = group.list_commands(context)
    assert len(names) == len(app.registered_commands) > 15
    for name in names:
        section = page.partition(f"\n## `osteon {name}`\n")[2].partition("\n## ")[0]
        assert section, name
        options = [
            o for p in group.get_command(context, name).params for o in p.opts if o[0] == "-"
        ]
        assert not [option for option in options if f"`{option}" not in section.replace(", ", "`")]
        assert f"* [`osteon {name}`](#osteon-{name}): " in page
    assert not re.search(r"^\* \[`osteon .*\.\.\.$", page, re.MULTILINE)


def test_the_reference_has_every_public_name(reference):
    """Every name of `osteon`, and each record in what they return, is on the page with words."""
    page = reference.describe_python()
    for name in set(osteon.__all__) - {"__version__", "errors"}:
        assert f"heading: osteon.{name}\n" in page
    records = reference.find_records()
    assert {"AuditResult", "TrainingReport", "ReleaseCard", "Metrics"} <= {
        r.__name__ for r in records
    }
    assert all(f"::: {record.__module__}.{record.__name__}\n" in page for record in records)
    assert all((record.__doc__ or "").strip() for record in records)


def test_a_public_name_is_not_forgotten(reference, monkeypatch):
    """A new public name breaks the build until it has its place."""
    monkeypatch.setattr(osteon, "__all__", [*osteon.__all__, "new"])
    with pytest.raises(ValueError, match="new"):
        reference.describe_python()


@pytest.mark.parametrize(
    ("target", "source", "uri", "leads_to"),
    [
        ("docs/films.md", "README.md", "index.md", "films.md"),
        ("docs/results/guards.md#a", "README.md", "index.md", "results/guards.md#a"),
        ("../decisions/0025-x.md", "docs/results/a.md", "results/a.md", "../decisions/0025-x.md"),
        ("../README.md", "docs/films.md", "films.md", "index.md"),
        ("../SECURITY.md", "docs/architecture.md", "architecture.md", "security.md"),
        ("#walks", "docs/architecture.md", "architecture.md", "#walks"),
        ("https://doi.org/1", "README.md", "index.md", "https://doi.org/1"),
        (
            "../examples/tour.ipynb",
            "docs/films.md",
            "films.md",
            "https://github.com/osteon/osteon/blob/main/examples/tour.ipynb",
        ),
        ("docs/decisions", "README.md", "index.md", "decisions.md"),
        (
            "../benchmarks",
            "docs/a.md",
            "a.md",
            "https://github.com/osteon/osteon/tree/main/benchmarks",
        ),
    ],
)
def test_links_of_the_repository_hold_on_the_site(hooks, target, source, uri, leads_to):
    """A link goes to the site's page of what it names, or to the repository."""
    known = {"films.md", "results/guards.md", "decisions/0025-x.md", "results/a.md"}
    assert hooks.find_target(target, source, uri, known) == leads_to


def test_a_link_that_leads_nowhere_breaks_the_build(hooks):
    """A file that is gone is found while the site is built."""
    with pytest.raises(Exception, match=r"docs/films.md: a link leads nowhere: ../gone.py"):
        hooks.find_target("../gone.py", "docs/films.md", "films.md", set())


def test_every_decision_is_listed(hooks):
    """The list of decisions has each record once, the newest first."""
    listed = re.findall(r"\(decisions/([^)]*)\)", hooks.list_decisions())
    assert listed == sorted((p.name for p in (ROOT / "docs/decisions").glob("*.md")), reverse=True)
