"""Sections that every model card has, whatever the task: licence, input, training data and training.

It knows what is known of a run, and words. It does not know how a card is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlcore.markup import markdown
from tlcore.report.card_text import of_table
from tlcore.report.document import Table, Text
from tlcore.report.facts import RunFacts
from tlcore.report.sections import training


def origin(facts: RunFacts) -> str:
    """What the model was made from, and under which licences."""
    licence = facts.backbone.licence if facts.backbone else "not known"
    return (
        f"It is {facts.backbone_title}, pretrained on ImageNet (licence of those weights: {licence}), with a head of "
        f"its own. The licence of the {facts.noun.many} is not known to Graft, which wrote this card; whoever "
        "publishes the model chooses one that both allow, and puts it in place of `unknown` above."
    )


def use(facts: RunFacts, gives: str, code: str) -> Iterator[str]:
    """What the model takes and `gives`, and the `code` that loads it."""
    takes, becomes = facts.modality.takes(facts.contract.input)
    yield f"The model takes {takes} and gives {gives}. Its own preprocessing is inside. {becomes}"
    yield code.format(inputs=inputs(facts))


def inputs(facts: RunFacts) -> str:
    """Write the arrays that a model takes as Python: its one array, or a dictionary of them."""
    names = [field.name for field in facts.modality.spec(facts.contract.input)]
    return names[0] if len(names) == 1 else "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"


def data(facts: RunFacts) -> Iterator[str]:
    """Which items there were."""
    for block in training.data(facts):
        if isinstance(block, Table):
            yield from of_table(block)
        elif isinstance(block, Text):
            yield markdown(block.text)


def made(facts: RunFacts) -> Iterator[str]:
    """How the model was trained."""
    for block in training.making(facts):
        if isinstance(block, Table) and block.name == "settings":
            yield from of_table(block)
        elif isinstance(block, Text) and block.tone == "plain" and not block.text.endswith(":"):
            yield markdown(block.text)
