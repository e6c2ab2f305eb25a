"""Vectors and their keys for the tests of explanations, batches and the lab."""

import json
from pathlib import Path

from tjugo.sts.explain.key import DecoderKey, KeyQuestion

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sts_vectors.json").read_text())
VK02 = "ab" * 8
VK04 = "abababababababab949494949494949401234567"
PAN = "600727000000000009"
GAS = "30887474010690906780"  # with KEY02, base date 93
KEY02 = KeyQuestion(vk=VK02, pan=PAN, dkga="02", sgc=123456, bdt="93").answer()
KEY11 = KeyQuestion(vk=VK04, pan=PAN, ea=11, bdt="93").answer()


def of_kind(*kinds: str) -> list[dict]:
    return [vector for vector in VECTORS if vector["kind"] in kinds]


def key_of(given: dict) -> DecoderKey:
    """Return the key of a vector's derivation inputs, with defaults for missing ones."""
    key = KeyQuestion(
        vk=given["vk"],
        pan=given["pan"],
        dkga=given["dkga"],
        ea=int(given.get("ea", "7")),
        kt=given["kt"],
        krn=given["krn"],
        sgc=int(given["sgc"]),
        ti=int(given["ti"]),
        bdt=given.get("bdt", "93"),
    ).answer()
    assert key is not None
    return key


def facts(step) -> dict[str, str]:
    """Return a step's facts by name, without the spaces between groups."""
    return {fact.name: fact.value.replace(" ", "") for fact in step.facts}


def values(explanation) -> dict[str, str]:
    """Return the fields of the clear block by name."""
    return {field.name: field.value for field in explanation.step("fields").bits.fields}
