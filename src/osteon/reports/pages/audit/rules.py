"""What the audit's rules mean, in words for a person who reads films and not code."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleText:
    """One rule, explained.

    Attributes:
        title: A heading.
        meaning: What the rule found, in a sentence or two.
        why: Why it matters, in a sentence or two.
    """

    title: str
    meaning: str
    why: str


EXPLANATIONS: Final[Mapping[str, RuleText]] = MappingProxyType(
    {
        "copies-across-splits": RuleText(
            title="Copies on both sides of a split",
            meaning="Copies of one picture are in more than one of the parts that a collection "
            "is divided into: the training films a model learns from, the tune films (others say "
            "validation) it is tuned on, and the test films it is judged by.",
            why="A model that has seen a picture during training can recognise it again. Its "
            "result on such films says how well it remembers, not how well it would read a new "
            "patient's film.",
        ),
        "patient-across-splits": RuleText(
            title="One patient on both sides of a split",
            meaning="Different films of one patient are in more than one part of the collection.",
            why="Two films of one injury are alike enough to be recognised, so results on the "
            "second are better than they would be for a new patient.",
        ),
        "same-picture-two-labels": RuleText(
            title="One picture, two labels",
            meaning="Copies of one picture are labelled once with a fracture and once without.",
            why="One of the labels must be wrong. A model cannot learn from it, and whatever it "
            "answers counts as a mistake.",
        ),
        "copy-in-other-collection": RuleText(
            title="Films that another collection holds too",
            meaning="The same picture is here and in the collection that this one was compared "
            "with, as it was or turned, mirrored, resized or changed in contrast.",
            why="A model that was trained on the one and tested on the other has seen these films "
            "before: the test is not external.",
        ),
        "same-picture": RuleText(
            title="Near-copies",
            meaning="The same film is in the collection more than once: turned, mirrored, "
            "enlarged, cropped, with other contrast, or with black and white swapped.",
            why="Copies add weight and not knowledge: the collection is smaller than it looks, "
            "and confidence intervals that count copies as patients are too narrow.",
        ),
        "identical-pixels": RuleText(
            title="The same picture in several files",
            meaning="Files that differ as files hold the same picture, grey value for grey value, "
            "for example as PNG and as TIFF.",
            why="They are one film, counted more than once.",
        ),
        "identical-files": RuleText(
            title="Identical files",
            meaning="Files that are the same to the last byte, under different names.",
            why="They are one film, counted more than once.",
        ),
        "shortcut": RuleText(
            title="The label can be guessed without looking at bone",
            meaning="A small model that was shown only outward properties, such as the size of "
            "the file, the width of the picture or its mean brightness, and never the anatomy, "
            "tells the two classes apart.",
            why="Networks find such shortcuts too. A good result on this collection may then owe "
            "nothing to fractures and not hold anywhere else.",
        ),
        "burned-in-text": RuleText(
            title="Letters and markers in the picture",
            meaning="Letters, figures or markers are part of the picture itself.",
            why="They may carry a name or a date, which must not be passed on. Where they are "
            "more frequent in one class, a model can read the marker in place of the bone.",
        ),
        "outlier": RuleText(
            title="Perhaps not a bone radiograph",
            meaning="As far as a program can tell, these are something else: a colour photograph, "
            "a slice of a CT or MRI, a drawing, several pictures in one, or an empty film.",
            why="Nothing about fractures is learnt from them, and a test film that is no "
            "radiograph tests nothing.",
        ),
        "label-contradicts-folder": RuleText(
            title="Folder and table disagree",
            meaning="The film lies in the folder of one class, and the collection's table puts it "
            "in the other.",
            why="One of the two labels is wrong.",
        ),
        "annotation-size-mismatch": RuleText(
            title="Annotation made for another size",
            meaning="The annotation says that the film has other dimensions than it has.",
            why="Its marks were drawn on another picture, perhaps turned or resized, and may point "
            "at the wrong place.",
        ),
        "box-outside-film": RuleText(
            title="Marks that leave the film",
            meaning="A mark around a fracture reaches beyond the film's edge.",
            why="Nobody sees a fracture outside a film: the mark is misplaced.",
        ),
        "box-on-negative": RuleText(
            title="A fracture marked on a film without one",
            meaning="The film is labelled as having no fracture, yet a fracture is marked on it.",
            why="The label or the mark is wrong.",
        ),
        "no-box-on-positive": RuleText(
            title="Fractures that nobody marked",
            meaning="The collection marks most of its fractures, but not those on these films.",
            why="Where a model is taught to point at fractures, a missing mark teaches it that "
            "there is none.",
        ),
        "truncated": RuleText(
            title="Films that were cut short",
            meaning="The file ends before the picture does; a part of the film is missing.",
            why="Most programs fill the missing part with grey without a word, and a model then "
            "learns from a film that nobody made.",
        ),
        "torn": RuleText(
            title="Films of which a part is made up",
            meaning="The file is whole, but from some line on it shows one small pattern or one "
            "grey over and over: a part of the film was lost before the file was saved, and a "
            "program filled the gap. The marked part of each picture is not the film's own.",
            why="Nobody sees a fracture in the missing part. A model learns a pattern that no "
            "patient has, and a result counts films that nobody could read.",
        ),
        "changed-since-import": RuleText(
            title="Films that are no longer what was imported",
            meaning="The file is gone, has other content than when the collection was imported, or "
            "cannot be opened any more.",
            why="The audit speaks of the films that it could look at; nothing is known of these.",
        ),
        "unreadable": RuleText(
            title="Films that will not open",
            meaning="The file cannot be opened as a picture.",
            why="It counts in a published number of films, and yet nobody can look at it.",
        ),
    }
)
"""By rule, in the order in which a page shows them: what spoils a result most comes first."""


def explain_rule(rule: str, explanations: Mapping[str, RuleText] = EXPLANATIONS) -> RuleText:
    """Return a rule's explanation; a rule that nobody explained is shown under its own name.

    Args:
        rule: Its stable name.
        explanations: By rule.
    """
    unexplained = RuleText(
        title=rule, meaning="See the advice below, and the evidence in audit.json.", why=""
    )
    return explanations.get(rule, unexplained)


def order_rules(rules: Mapping[str, object]) -> list[str]:
    """Return rules in the order of a page: the explained ones first, the others by name.

    Args:
        rules: By name; only the names count.
    """
    known = [rule for rule in EXPLANATIONS if rule in rules]
    return known + sorted(set(rules) - set(known))
