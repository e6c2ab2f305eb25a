"""docs/wire.md and docs/uplink.schema.json are generated from the tables of the uplink."""

import json
import re

import pytest
from click.testing import CliRunner

from tjugo import wire_docs
from uplink import codec, descriptions, messages, topics


def run(*arguments):
    return CliRunner().invoke(wire_docs.main, arguments)


def test_the_documents_are_up_to_date():
    done = run("--check")
    assert (done.exit_code, done.output) == (0, "")


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Copy both documents to a separate folder."""
    for name in ("PAGE", "SCHEMA"):
        path = tmp_path / "docs" / getattr(wire_docs, name).name
        path.parent.mkdir(exist_ok=True)
        path.write_text(getattr(wire_docs, name).read_text())
        monkeypatch.setattr(wire_docs, name, path)
    monkeypatch.setattr(wire_docs, "REPO", tmp_path)
    return tmp_path / "docs"


def test_a_new_field_is_found_missing_and_written(copies, monkeypatch):
    volts = ("voltage_mv", "u32", messages.UNREAD, "voltage", 1)
    monkeypatch.setitem(messages.MESSAGES, "state", (*messages.STATE, volts))
    monkeypatch.setitem(descriptions.FIELDS["state"], "voltage_mv", ("mV", "voltage"))
    done = run("--check")
    assert done.exit_code == 1
    assert done.output.count("out of date: docs/") == 2
    assert run().exit_code == run("--check").exit_code == 0
    row = "| `voltage_mv` | u32 | mV | if it was not read | `voltage` | voltage |"
    assert row in (copies / "wire.md").read_text()
    made = json.loads((copies / "uplink.schema.json").read_text())
    assert made["$defs"]["state"]["properties"]["voltage_mv"]["maximum"] == 0xFFFFFFFF


def test_a_page_without_the_marker_is_left_alone(copies):
    page = copies / "wire.md"
    page.write_text(page.read_text().replace("<!-- topics:", "<!-- tropics:"))
    before = page.read_text()
    done = run()
    assert done.exit_code == 1 and "are missing" in done.output
    assert page.read_text() == before


def test_the_schema_holds_what_is_encoded():
    definitions = wire_docs.schema()["$defs"]
    collector = definitions.pop("collector")["pattern"]
    for text in ("c1", "north-1", "C_" * 16, "north.1", "c" * 33, "", "a/b", "\u00e5"):
        assert bool(re.search(collector, text)) == topics.is_collector(text), text
    for name, message in definitions.items():
        fields = json.loads(codec.encode(name, {}))
        assert list(fields) == message["required"]
        for field in fields:
            nullable = "null" in message["properties"][field]["type"]
            (rule,) = (row[messages.NULL] for row in messages.MESSAGES[name] if row[0] == field)
            assert nullable == (rule != messages.NEVER), field
    cmd = definitions["cmd"]["properties"]
    assert re.match(cmd["token"]["pattern"], "1" * 20)
    assert not re.match(cmd["token"]["pattern"], "1" * 21)
    assert definitions["ack"]["properties"]["state"]["enum"][-1] == "unknown"


def test_every_topic_and_field_is_described():
    assert list(descriptions.TOPICS) == [row[topics.NAME] for row in topics.ROWS]
    fields = {
        name: [row[messages.NAME] for row in rows] for name, rows in messages.MESSAGES.items()
    }
    assert {name: list(described) for name, described in descriptions.FIELDS.items()} == fields


def test_every_topic_is_on_the_page():
    text = wire_docs.PAGE.read_text()
    for row in topics.ROWS:
        assert f"| `{row[topics.PATTERN]}` |" in text
        parts = re.findall("<.*?>", str(row[topics.PATTERN]))
        assert set(parts) <= set(descriptions.PARTS)
    for part in descriptions.PARTS:
        assert f"| `{part}` |" in text
