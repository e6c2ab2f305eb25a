"""A licensee's STA tables: their files, their storage and their use."""

import json
import random
import stat

import pytest
from explain_kit import GAS, KEY02

from sts_portable import ea, sta
from tjugo import sta_tables
from tjugo.commands import main as cli
from tjugo.errors import TjugoError, Unavailable
from tjugo.paths import STA_TABLES
from tjugo.sts.explain import explain_token, rounds

rng = random.Random(55)
OWN = bytes(rng.sample(range(16), 16) + rng.sample(range(16), 16) + rng.sample(range(64), 64))
LISTS = {"S1": list(OWN[:16]), "S2": list(OWN[16:32]), "P": list(OWN[32:])}
SAMPLE = sta_tables.in_use()


@pytest.fixture(autouse=True)
def sample_again():
    yield
    sta.set_tables()


def as_text(lists):
    rows = [f"{name} = {' '.join(map(str, numbers))}" for name, numbers in lists.items()]
    return "# ours\n" + "\n".join(rows).replace(" 15", "  # a comment\n 15") + "\n"


FORMS = {
    "binary": OWN,
    "json": json.dumps(LISTS).encode(),
    "json, small letters": json.dumps({k.lower(): v for k, v in LISTS.items()}).encode(),
    "text": as_text(LISTS).encode(),
    "text with commas": "\n".join(f"{n}: {v}" for n, v in LISTS.items()).encode("utf-8-sig"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_file(form):
    assert sta_tables.parse(FORMS[form]) == OWN


def but(name, numbers):
    return json.dumps({**LISTS, name: numbers}).encode()


WRONG = [
    (b"", "The file of STA tables has no S1."),
    (OWN[:95], "The file of STA tables has"),
    (b"\xff\xfe" * 40, "A binary file of STA tables has exactly 96 bytes."),
    (bytes(96), "STA table S1 is not a permutation of 0 to 15."),
    (OWN[:16] * 2 + OWN[32:95] + OWN[32:33], "STA table P is not a permutation of 0 to 63."),
    (b"{", "The file of STA tables is not correct JSON."),
    (but("S2", [1, 2]), "STA table S2 has 2 entries instead of 16."),
    (but("S1", [*LISTS["S1"][:-1], 16]), "STA table S1 has an entry that is not 0 to 15."),
    (but("S1", [*LISTS["S1"][:-1], "3"]), "STA table S1 has an entry that is not 0 to 15."),
    (but("S1", [True] * 16), "STA table S1 has an entry that is not 0 to 15."),
    (but("P", "none"), "The file of STA tables has no P."),
    (but("S1", [3] * 16), "STA table S1 is not a permutation of 0 to 15."),
    (b"S1 = one two", "The file of STA tables has a word that is no table and no number."),
]


@pytest.mark.parametrize(("content", "sentence"), WRONG, ids=range(len(WRONG)))
def test_what_is_no_file_of_tables(content, sentence):
    with pytest.raises(TjugoError) as refused:
        sta_tables.parse(content)
    assert refused.value.message.startswith(sentence)


def test_load_keeps_them_private_and_use_takes_them(tmp_path):
    file, state = tmp_path / "licence.json", tmp_path / "state"
    file.write_bytes(FORMS["json"])
    before = ea.encrypt(7, bytes(8), bytes(8))
    assert sta_tables.load(file, state) == OWN
    kept = state / STA_TABLES
    assert kept.read_bytes() == OWN and stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sta_tables.in_use() == SAMPLE
    assert sta_tables.use(state) == OWN == sta_tables.in_use()
    assert ea.encrypt(7, bytes(8), bytes(8)) != before
    assert not sta_tables.sample_in_use()
    assert sta_tables.use(tmp_path) == SAMPLE
    assert ea.encrypt(7, bytes(8), bytes(8)) == before


def test_inverses_are_derived():
    sta.set_tables(OWN)
    for _ in range(50):
        key, block = rng.randbytes(8), rng.randbytes(8)
        cipher = ea.encrypt(7, key, block)
        assert ea.decrypt(7, key, cipher) == block
        assert rounds.trace(7, key, block, False).rows[-1][-1] == cipher.hex()
        assert rounds.trace(7, key, cipher, True).rows[-1][-1] == block.hex()


def test_a_file_that_is_refused_changes_nothing(tmp_path):
    (tmp_path / "good").write_bytes(OWN)
    sta_tables.load(tmp_path / "good", tmp_path)
    for name, content in (("bad", bytes(96)), ("long", b"1 " * 9000)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(TjugoError):
            sta_tables.load(tmp_path / name, tmp_path)
    with pytest.raises(TjugoError):
        sta_tables.load(tmp_path / "missing", tmp_path)
    assert sta_tables.kept(tmp_path) == OWN
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["bad", "good", "long", STA_TABLES]


@pytest.mark.parametrize(
    ("content", "mode"), [(OWN[:50], 0o600), (bytes(96), 0o600), (OWN, 0o644)]
)
def test_damaged_or_open_tables_stop_the_work(tmp_path, content, mode):
    """Check that the sample tables are not used instead: their tokens would be refused."""
    path = tmp_path / STA_TABLES
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(Unavailable):
        sta_tables.use(tmp_path)
    assert sta_tables.in_use() == SAMPLE


def run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        cli.main(["sts", "tables", *words])
    output = capsys.readouterr()
    return ended.value.code, output.out + output.err


def test_the_commands(tmp_path, capsys):
    file, state = tmp_path / "own.txt", ("--state", str(tmp_path / "state"))
    file.write_bytes(FORMS["text"])
    assert "The published sample tables" in run(capsys, "show", *state)[1]
    status, output = run(capsys, "load", str(file), *state)
    assert status == 0 and sta_tables.fingerprint(OWN) in output
    status, output = run(capsys, "show", *state)
    assert output == f"A licensee's tables ({sta_tables.fingerprint(OWN)}).\n"
    assert explain_token(GAS, KEY02).result == "CRCError"
    assert run(capsys, "reset", *state)[0] == 0
    assert "No tables" in run(capsys, "reset", *state)[1]
    assert "The published sample tables" in run(capsys, "show", *state)[1]
    assert explain_token(GAS, KEY02).result == "Accept"


def test_a_wrong_file_at_the_command(tmp_path, capsys):
    file = tmp_path / "own.bin"
    file.write_bytes(bytes(96))
    status, output = run(capsys, "load", str(file), "--state", str(tmp_path))
    assert (status, output) == (1, "STA table S1 is not a permutation of 0 to 15.\n")
    assert run(capsys, "load", str(tmp_path / "none"))[0] == 2


def test_explain_uses_them(tmp_path, capsys):
    (tmp_path / STA_TABLES).write_bytes(OWN)
    (tmp_path / STA_TABLES).chmod(0o600)
    key_file = tmp_path / "key"
    key_file.touch(0o600)
    key_file.write_text(KEY02.key.hex())
    with pytest.raises(SystemExit):
        cli.main(["explain", GAS, "--key", f"@{key_file}", "--state", str(tmp_path)])
    said = capsys.readouterr().out
    assert "CRCError" in said and "sample tables" not in said
