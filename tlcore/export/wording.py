"""Writes what a README says of a model, in the words of its task and its modality."""

from __future__ import annotations

from dataclasses import asdict
from string import Template

from tlcore.contract import Contract
from tlcore.export.item_exports import item_exports
from tlcore.export.script_parts import shipped
from tlcore.items import Field
from tlcore.markup import markdown
from tlcore.modalities import find_modality


def words(contract: Contract) -> dict[str, str]:
    """Give the words for a model, by the gaps of the texts that have them."""
    noun, item = find_modality(contract.modality).noun, item_exports(contract.modality)
    known = {"one": noun.one, "many": noun.many, "answer": _answer(contract)}
    of_task = {name: Template(text).substitute(known) for name, text in asdict(shipped(contract.task).words).items()}
    first, second = item.example
    return {
        **of_task,
        "one": noun.one,
        "many": noun.many,
        "Many": noun.many.capitalize(),
        "first": first,
        "second": second,
        "type": item.type,
        "decoder": f"{item.decoder}.py",
        "optional": " ".join(f"For {use} also install `{name}`." for name, use in item.optional.items()),
    }


def _answer(contract: Contract) -> str:
    if contract.classes:
        return ", ".join(map(markdown, contract.classes))
    name = markdown(contract.value_name) or "a number"
    said = contract.unit and contract.unit not in contract.value_name
    return f"{name} in {markdown(contract.unit)}" if said else name


def inputs(contract: Contract) -> str:
    """Name the inputs of a graph with their shapes, for a README."""
    holds = item_exports(contract.modality).input
    types = " and ".join(dict.fromkeys(each.dtype for each in contract.inputs))
    return ", ".join(filter(None, [_named("input", contract.inputs, contract), types, holds]))


def outputs(contract: Contract) -> str:
    """Name the outputs of a graph with their shapes, for a README."""
    return _named("output", contract.outputs, contract)


def _named(what: str, fields: tuple[Field, ...], contract: Contract) -> str:
    return f"{what}{'s' if len(fields) > 1 else ''} {' and '.join(_shown(each, contract) for each in fields)}"


def _shown(each: Field, contract: Contract) -> str:
    """Name an array with its shape; as many as there are classes are called so."""
    shape = (
        ["classes"] if each.name == "probabilities" else ["any" if length < 0 else str(length) for length in each.shape]
    )
    return f"`{each.name}` ({', '.join(['n', *shape])})"
