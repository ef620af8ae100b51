"""What a person does next: lines that can be pasted, with the real names of files."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from osteon.cli.words import say

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.release.card import Independence


_CLEAN: Final = "-clean"


def name_clean(manifest: Path) -> Path:
    """Return where the cleaned manifest goes, in the lines of `show_audit_steps`."""
    return manifest.with_name(f"{manifest.stem}{_CLEAN}{manifest.suffix}")


def name_split(manifest: Path) -> Path:
    """Return where the split manifest goes."""
    stem = manifest.stem.removesuffix(_CLEAN)
    return manifest.with_name(f"{stem}-split{manifest.suffix}")


def name_run(manifest: Path) -> Path:
    """Return where a training on a manifest goes."""
    return Path("runs") / manifest.stem.removesuffix(_CLEAN)


def name_audit(manifest: Path) -> Path:
    """Return where the audit goes."""
    return manifest.with_name(f"{manifest.stem}-audit")


def quote(path: Path) -> str:
    """Return a path as a shell and a command take it.

    Example:
        >>> quote(Path("my films")), quote(Path("-a.png"))
        ("'my films'", './-a.png')
    """
    return shlex.quote(_spell(path))


def spell_films(films: Path | None) -> str:
    """Return the option that says where films lie, where it was given, with a space before it."""
    return "" if films is None else f" --films {quote(films)}"


def retype(context: typer.Context, **changes: Path) -> str:
    """Return the command that was typed, with all its options, and some of them changed.

    Args:
        context: Of the command.
        changes: Names of its arguments and options, and what stands there instead.
    """
    words = ["osteon", str(context.info_name)]
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        is_typed = source is not None and source.name == "COMMANDLINE"
        if not is_typed and name not in changes:
            continue
        value = changes.get(name, context.params[name])
        values = [_spell(one) for one in (value if isinstance(value, list) else [value])]
        if parameter.param_type_name == "argument":
            words += values
        elif getattr(parameter, "is_flag", False):
            words.append(parameter.opts[0])
        else:
            words += [word for one in values for word in (parameter.opts[0], one)]
    return shlex.join(words)


def show_audit_steps(
    console: "Console",
    known: "Independence",
    manifest: Path,
    *then: str,
    films: Path | None = None,
) -> None:
    """Print how to look for copies; nothing where that was done.

    Args:
        console: Where to.
        known: Of the films' independence.
        manifest: That was used.
        then: Commands to run with the cleaned manifest, `name_clean(manifest)`.
        films: Where its films lie, if not where it says.
    """
    if known.copies_looked_for:
        return
    audit, there = name_audit(manifest), spell_films(films)
    say(
        console,
        f"Next: osteon audit {quote(manifest)}{there} -o {quote(audit)}",
        f"      osteon clean {quote(manifest)}{there} --audit {quote(audit)} "
        f"-o {quote(name_clean(manifest))}",
        *(f"      {line}" for line in then),
    )


def _spell(value: object) -> str:
    """Return a value as a command takes it; a file whose name begins with a dash is no option."""
    if not isinstance(value, Path):
        return str(value)
    path = value.as_posix()
    return f"./{path}" if path.startswith("-") and path != "-" else path
