"""The meter's face: entry against a model, the table of all languages, the card of short codes."""

import ast
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent / "portable"))

from meter_rig import meter

from drivers.display_layout import plain
from meter.face import keys as face_keys
from meter.face import words as face_words
from meter.face.entry import Entry
from meterbus import codes, descriptions
from tjugo import face_docs
from tjugo.commands.main import group
from tjugo.device import setting_names, targets

WIDTH = 16
LANGUAGES = face_docs.NAMES


class Model:
    """An entry as a list of (time, key) since the last clear, evaluated anew each time."""

    def __init__(self):
        self.now = 0
        self.keys = []

    def digits(self):
        shown, last_at, backspace_at, refused = "", None, None, False
        for at, key in [*self.keys, (self.now, None)]:
            if last_at is not None:
                patience = 30000 if len(shown) == 20 else 20000
                if at - last_at >= patience:
                    shown, refused = "", False
            if key is None:
                break
            quick = backspace_at is not None and at - backspace_at < 500
            refused = False
            if key == "#":
                shown = ""
            elif key == "*":
                shown = "" if quick else shown[:-1]
            elif len(shown) == 20:
                refused = True
            else:
                shown += key
            backspace_at = at if key == "*" else None
            last_at = at
        return shown, refused


KEYS = st.sampled_from(["7", "7", "*", "*", "*", "#", "12345", "678*"])
PAUSES = st.sampled_from([0, 20, 480, 499, 500, 19999, 20000, 29999, 30000, 10**9])
TOKENS = st.text("0123456789", min_size=15, max_size=22)
TWICE = st.tuples(st.just("123*"), st.sampled_from([0, 480, 499, 500, 501]), st.just("*"))
STEPS = st.lists(st.one_of(KEYS, KEYS, TOKENS, PAUSES, TWICE), max_size=40)


@settings(max_examples=examples(300), deadline=None)
@given(STEPS)
def test_an_entry_is_as_its_model(steps):
    entry, model = Entry(), Model()
    flat = [part for step in steps for part in (step if isinstance(step, tuple) else (step,))]
    for step in flat:
        if isinstance(step, int):
            entry.tick(60 * step, step)  # supply time runs faster and does not matter
            model.now += step
        else:
            for key in step:
                before = model.digits()[0]
                entered = entry.key(key)
                model.keys.append((model.now, key))
                assert entered == ((before or None) if key == "#" else None)
        assert (entry.digits, entry.refused) == model.digits()


@pytest.fixture(scope="module")
def words():
    return face_docs.words()


def test_the_generated_files_are_up_to_date(tmp_path, monkeypatch):
    done = CliRunner().invoke(face_docs.main, ["--check"])
    assert (done.exit_code, done.output) == (0, "")
    made = face_docs.generated()
    path, text = next(iter(made.items()))
    copy = tmp_path / path.name
    copy.write_text("old")
    monkeypatch.setattr(face_docs, "REPO", tmp_path)
    monkeypatch.setattr(face_docs, "generated", lambda: {copy: text})
    assert CliRunner().invoke(face_docs.main, ["--check"]).exit_code == 1
    assert copy.read_text() == "old"
    assert CliRunner().invoke(face_docs.main).exit_code == 0
    assert copy.read_text() == text


def test_every_language_is_complete(words):
    assert tuple(LANGUAGES) == face_words.LANGUAGES
    for english, texts in words.items():
        assert list(texts) == list(LANGUAGES)
        assert all(texts.values()), english
        assert len({text.count("%d") for text in texts.values()}) == 1, english


def test_every_text_fits_and_can_be_displayed_without_accents(words):
    for texts in words.values():
        for text in texts.values():
            assert len(text.replace("%d", "1280")) <= WIDTH, text
            assert len(plain(text)) == len(text) and "?" not in plain(text), text
            assert text == text.strip() and not set(text) & set("\t\n")


def test_words_that_customers_take_for_something_else(words):
    assert plain(words["Locked"]["sv"]) == "Sparrad", 'without its accent, "Låst" is a load'
    assert words["Restorations"]["fr"] == "Rétablissements", '"remises" are discounts'
    for language, text in words["Silent"].items():
        assert text != words["Off"][language], "an alarm is not switched as a supply is"
    accusing = [text for texts in words.values() for text in texts.values() if "raud" in text]
    assert not accusing, "on the customer's own page"


def test_texts_that_share_a_line_leave_room(words):
    assert all(len(text) <= 7 for text in words["Credit"].values()), "a line has the credit too"
    for hint in ("#enter", "20 max"):
        assert all(len(text) <= 6 for text in words[hint].values())
    assert all(text[0] == "#" for text in words["#enter"].values()), "displays know it by this"
    assert not any(text[0] == "#" for text in words["20 max"].values())
    for text in words["On"].values():
        assert len(text) + len(" 100000 W") <= WIDTH


# Literals that look like texts and are not displayed.
NOT_SHOWN = {"Tjugo", "Tjugo prepaid meter", "Forbidden", "Order"}


def texts_of(path: Path) -> set[str]:
    """Return the string literals of a file that are English words, without docstrings."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    }
    return {text for text in found if re.fullmatch(r"[A-Z][a-z]+( [a-z]+| %d)*", text)}


def test_every_text_of_the_firmware_is_in_the_table(repo, words):
    sources = sorted((repo / "firmware" / "meter").rglob("*.py"))
    shown = {text for path in sources for text in texts_of(path)}
    shown |= {row[3] for row in codes.REASONS} | {row[2] for row in codes.TAMPER}
    shown |= {row[1] for one in meter(malignant={}).features for row in getattr(one, "CODES", ())}
    shown = {text for text in shown - NOT_SHOWN if re.search("[a-z]", text)}
    assert len(shown) > 40
    assert shown - set(words) == set()
    assert set(words) - shown <= {"#enter", "20 max", "20 digits"}, "rows that nothing uses"


def test_a_text_that_is_missing_is_found(tmp_path):
    source = tmp_path / "new.py"
    source.write_text('"""Not this."""\nshow("Fresh text", "12 kWh")\nx = "name"\n')
    assert texts_of(source) == {"Fresh text"}


def test_settings_that_a_meter_takes_are_not_refused(repo):
    text = (repo / "boards" / "common" / "face.py").read_text()
    for name in setting_names._DISPLAYS:
        assert name in text
    assert set(face_docs.NUMBERINGS) == set(face_keys.NUMBERINGS)
    text = (repo / "boards" / "common" / "metering_parts.py").read_text()
    for name in setting_names.PARTS[1:]:
        assert f'"{name}": _' in text


def test_a_meter_gets_every_language(repo):
    board = targets.target("rp2040_pico_w")
    found = targets.modules(board, "meter")
    assert {f"meter.face.words_{name}" for name in LANGUAGES if name != "en"} <= set(found)
    assert {"drivers.ssd1306", "drivers.sh1106", "drivers.tm1637", "drivers.buttons"} <= set(found)
    assert not any("words_" in name for name in targets.modules(board, "collector"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_has_every_code_in_the_language(language, words):
    done = CliRunner().invoke(group, ["meter", "card", "--language", language])
    assert done.exit_code == 0, done.output
    assert "@page" in done.output and f'lang="{language}"' in done.output
    for number, label, _ in descriptions.CODES:
        if number != "800":
            text = words[label][language] if label in words else label
            assert f"<td>{number}</td>" in done.output and f"<td>{text}</td>" in done.output


def test_the_card_of_another_numbering(tmp_path):
    path = tmp_path / "card.html"
    done = CliRunner().invoke(group, ["meter", "card", "--numbering", "itron", "--out", str(path)])
    assert done.exit_code == 0, done.output
    card = path.read_text()
    assert "<td>09, 47</td><td>Power</td>" in card and "Supply group" not in card
    done = CliRunner().invoke(group, ["meter", "card", "--numbering", "none"])
    assert done.exit_code == 2
