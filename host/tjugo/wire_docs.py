"""The tables of docs/wire.md and a JSON Schema, generated from `uplink` and `meterbus.codes`.

`python -m tjugo.wire_docs` writes docs/wire.md and docs/uplink.schema.json; `--check` writes
nothing and ends with status 1 if one of them is out of date.
"""

import json
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from meterbus import codes, parameter_names, parameters, status_bits
from meterbus import descriptions as bus_descriptions
from tjugo.errors import TjugoError
from tjugo.generated import bring_up_to_date
from tjugo.toolchain.tools import REPO
from uplink import descriptions, kinds, messages, topics

PAGE = REPO / "docs" / "wire.md"
SCHEMA = REPO / "docs" / "uplink.schema.json"
_BEGIN = "<!-- {}: made by python -m tjugo.wire_docs -->"
_END = "<!-- end -->"
_KINDS: dict[str, tuple[str, Any, str]] = dict(kinds.KINDS)
_JSON_TYPES = {kinds.BOOL: "boolean", kinds.INTEGER: "integer"}


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _code(text: object) -> str:
    return f"`{text}`" if text else ""


def _source(row: tuple[Any, ...]) -> str:
    register, argument = row[messages.SOURCE], row[messages.ARGUMENT]
    if not register:
        return ""
    if row[messages.KIND] == "bool":
        return f"`{register}` bit {argument.bit_length() - 1}"
    return f"`{register}`" + (f" × {argument}" if argument != 1 else "")


def _topics() -> str:
    rows = [
        (
            _code(row[topics.PATTERN]),
            row[topics.DIRECTION],
            "yes" if row[topics.RETAINED] else "no",
            row[topics.QOS],
            _code(row[topics.MESSAGE]),
            descriptions.TOPICS[str(row[topics.NAME])],
        )
        for row in topics.ROWS
    ]
    return _table(("topic", "direction", "retained", "QoS", "message", "meaning"), rows)


def _parts() -> str:
    rows = [(_code(part), *found) for part, found in descriptions.PARTS.items()]
    return _table(("part", "values", "meaning"), rows)


def _described(message: str, row: tuple[Any, ...]) -> tuple[str, str]:
    """Return (unit, meaning) of a field."""
    unit, meaning = descriptions.FIELDS[message][row[messages.NAME]]
    return unit, meaning


def _message(name: str) -> str:
    rows = [
        (
            _code(row[messages.NAME]),
            row[messages.KIND],
            unit,
            descriptions.NULLS.get(row[messages.NULL], row[messages.NULL]),
            _source(row),
            meaning,
        )
        for row in messages.MESSAGES[name]
        for unit, meaning in (_described(name, row),)
    ]
    return _table(("field", "type", "unit", "null", "register", "meaning"), rows)


def _kinds() -> str:
    rows = []
    for kind, (form, limits, words) in _KINDS.items():
        rows.append((kind, " or ".join(map(_code, limits)) if form == kinds.CHOICE else words))
    return _table(("type", "values"), rows)


def _status() -> str:
    ordered = sorted(status_bits.STATUS, key=lambda row: int(row[0]))
    rows = [
        (bit.bit_length() - 1, _code(name), bus_descriptions.STATUS[name]) for bit, name in ordered
    ]
    return _table(("bit", "name", "meaning"), rows)


def _reasons() -> str:
    ordered = sorted(codes.REASONS, key=lambda row: int(row[0]))
    rows = [(row[0].bit_length() - 1, _code(row[1]), *row[2:]) for row in ordered]
    return _table(("bit", "name", "control_state", "on the display"), rows)


def _events() -> str:
    rows = [(row[0], _code(row[1]), row[-1]) for row in bus_descriptions.EVENTS]
    return _table(("code", "name", "meaning"), rows)


def _flags() -> str:
    rows = [
        (bit.bit_length() - 1, _code(name), meaning)
        for bit, name, meaning in bus_descriptions.PROFILE_FLAGS
    ]
    return _table(("bit", "name", "meaning"), rows)


def _parameters() -> str:
    rows = []
    for row in (*parameters.ROWS, *parameters.MONEY):
        number, _, _, default, *limits = row
        name, span = _code(parameter_names.full_name(row)), " to ".join(map(str, limits))
        rows.append((number, name, default, span))
    return _table(("number", "setting", "default", "range"), sorted(rows))


def _files() -> str:
    rows = []
    for number, name, entries, form, order, _ in bus_descriptions.FILES:
        words = struct.calcsize(form) // 2
        rows.append((number, name, entries, words, entries * words, order))
    return _table(("file", "name", "entries", "registers of one", "in all", "order"), rows)


def _entry(number: int) -> str:
    (fields,) = (row[-1] for row in bus_descriptions.FILES if row[0] == number)
    return _table(("field", "meaning"), ((_code(name), meaning) for name, meaning in fields))


def tables() -> dict[str, str]:
    """Return the tables of the page in Markdown, by the names in their markers."""
    made = {"topics": _topics(), "parts of a topic": _parts(), "types": _kinds()}
    made |= {f"message {name}": _message(name) for name in messages.MESSAGES}
    return (
        made
        | {
            "reasons": _reasons(),
            "status bits": _status(),
            "events": _events(),
            "parameters": _parameters(),
            "files": _files(),
            "profile flags": _flags(),
        }
        | {
            f"file {row[1]}": _entry(row[0])
            for row in bus_descriptions.FILES
            if row[0] != bus_descriptions.FILE_MONTHS
        }
    )


def _property(message: str, row: tuple[Any, ...]) -> dict[str, Any]:
    form, limits, _ = _KINDS[row[messages.KIND]]
    nullable = row[messages.NULL] != messages.NEVER
    name = _JSON_TYPES.get(form, "string")
    made: dict[str, Any] = {"type": [name, "null"] if nullable else name}
    if form == kinds.INTEGER:
        made |= {"minimum": limits[0], "maximum": limits[1]}
    elif form == kinds.TEXT:
        made |= {"maxLength": limits}
    elif form == kinds.DIGITS:
        made |= {"pattern": f"^[0-9]{{{limits}}}$"}
    elif form == kinds.HEX:
        made |= {"pattern": f"^[0-9a-f]{{{limits}}}$"}
    elif form == kinds.BYTES:
        made |= {"pattern": f"^([0-9a-f]{{2}}){{{limits[0]},{limits[1]}}}$"}
    elif form == kinds.CHOICE:
        made |= {"enum": [*limits, *([None] if nullable else [])]}
    unit, meaning = _described(message, row)
    return {**made, "description": meaning + (f" ({unit})" if unit else "")}


def schema() -> dict[str, Any]:
    """Return the JSON Schema: a definition for each message that is JSON, and for the collector's
    id in a topic."""
    definitions: dict[str, Any] = {
        "collector": {
            "type": "string",
            "pattern": descriptions.ID_PATTERN,
            "description": "`<collector>` in a topic",
        }
    }
    for name, rows in messages.MESSAGES.items():
        if name == "status":
            continue
        definitions[name] = {
            "type": "object",
            "properties": {row[messages.NAME]: _property(name, row) for row in rows},
            "required": [
                row[messages.NAME] for row in rows if row[messages.NULL] != messages.LEFT_OUT
            ],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tjugo uplink, version 1",
        "description": "Messages by the topics of docs/wire.md; `status` is a bare word.",
        "$defs": definitions,
    }


def generated() -> dict[Path, str]:
    """Return every generated file with its content. Raise TjugoError if a marker is missing."""
    text = PAGE.read_text()
    for name, rows in tables().items():
        begin = _BEGIN.format(name)
        before, found, rest = text.partition(begin)
        _, end, after = rest.partition(_END)
        if not found or not end:
            raise TjugoError(f"{PAGE.name}: the lines {begin!r} and {_END!r} are missing.")
        text = f"{before}{begin}\n{rows}\n{_END}{after}"
    return {PAGE: text, SCHEMA: json.dumps(schema(), indent=1) + "\n"}


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing.")
def main(check: bool) -> None:
    """Write or check the files."""
    try:
        old = bring_up_to_date(generated(), check)
    except (TjugoError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    for path in old:
        print(f"{'out of date' if check else 'wrote'}: {path.relative_to(REPO)}")
    sys.exit(1 if old and check else 0)


if __name__ == "__main__":
    main()
