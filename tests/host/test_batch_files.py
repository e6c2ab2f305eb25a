"""`tjugo sts batch`: rows, tokens, errors per row, and no other files."""

import csv
import json
import random
import re
import stat

import pytest
from examples import examples
from explain_kit import GAS, KEY02, PAN, VK02, VK04
from hypothesis import given, settings
from hypothesis import strategies as st
from station_kit import drn

from sts_portable import pan, token, vendor
from sts_portable.decoder import Decoder, TidStore
from tjugo.commands import main as cli
from tjugo.errors import TjugoError
from tjugo.key_register import VendingKey
from tjugo.sts import batch, bulk
from tjugo.sts.explain.key import DecoderKey, KeyQuestion

KEYS = {
    "keys": [
        {"sgc": "123456", "kt": 2, "krn": 1, "ken": 255, "bdt": "14", "dkga": "02", "vk": VK02},
        {"sgc": "123457", "kt": 2, "krn": 1, "ken": 255, "bdt": "14", "dkga": "04", "vk": VK04},
        {
            "sgc": "123457",
            "kt": 2,
            "krn": 2,
            "ken": 255,
            "bdt": "35",
            "dkga": "04",
            "vk": "5a" * 20,
        },
        {"sgc": "123459", "kt": 2, "krn": 1, "ken": 0, "bdt": "14", "dkga": "04", "vk": VK04},
    ]
}
MINUTE = 6780240  # 2026-11-22 12:00, base date 2014


def now(bdt):
    return {"14": MINUTE, "35": 7, "93": 16_000_000}[bdt]


@pytest.fixture
def make(tmp_path):
    """Return a function that makes a batch of text: (rows, wrong) and the rows written."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(KEYS))
    keys.chmod(0o600)

    def make(text, **options):
        source, target = tmp_path / "in.csv", tmp_path / "out.csv"
        source.write_text(text)
        delimiter = options.pop("delimiter", ",")
        counts = batch.run(source, target, batch.read_keys(keys), now, lambda n: 5, **options)
        with target.open(newline="") as file:
            return counts, list(csv.DictReader(file, delimiter=delimiter))

    return make


def key(number=1, **register) -> DecoderKey:
    found = {key["krn"]: key for key in KEYS["keys"][1:3]}[register.get("krn", 1)]
    question = KeyQuestion(vk=found["vk"], drn=drn(number), bdt=found["bdt"], **register)
    answer = question.answer()
    assert answer is not None
    return answer


def digits(row, number=1):
    assert row["error"] == ""
    assert re.fullmatch(r"(\d{4} ){4}\d{4}", row[f"token_{number}"])
    return row[f"token_{number}"].replace(" ", "")


def test_a_credit_is_a_row_with_a_meter_and_an_amount(make):
    counts, (row,) = make(f"ref,drn,units\nA 1,{drn(1)},20.5\n")
    found = token.decode(digits(row), key().key)
    assert counts == (1, 0)
    assert (found.tid, found.value, found.field("rnd")) == (MINUTE, 205, 5)
    assert (row["ref"], row["tid"]) == ("A 1", str(MINUTE))


def test_the_published_gas_token(make):
    text = f"pan,vk,dkga,bdt,sgc,token,units,tid\n{PAN},{VK02},02,93,123456,0/2,182044,7528984\n"
    _, (row,) = make(text)
    assert digits(row) == GAS
    assert VK02 not in str(row) and "vk" not in row


KINDS = [
    ("0/1", "1.5", "", lambda t: (t.cls, t.subclass, t.value) == (0, 1, 15)),
    ("credit", "3", "", lambda t: (t.subclass, t.value) == (0, 30)),
    ("0/4", "-12.5", "", lambda t: t.value >> 19 == 1),
    ("2/0", "", "mpl=2000", lambda t: t.value == 2000),
    ("2/1", "", "register=0xFFFF", lambda t: t.value == 0xFFFF),
    ("2/5", "", "", lambda t: t.subclass == 5 and t.tid == MINUTE),
    ("2/10", "", "index=63 flag=2 state=1", lambda t: t.field("flag") == 2 and t.value == 1),
    ("2/10", "", "index=0 data=123", lambda t: (t.field("index"), t.value) == (0, 123)),
    ("2/15", "", "value=7", lambda t: t.value == 7),
    ("2/4", "", "kenlo=3 ti=9 nk=a1b2c3d4", lambda t: t.field("nk").hex() == "a1b2c3d4"),
    ("1/0", "", "test=5", lambda t: t.field("control") == 16),
    ("1/2", "", "index=63", lambda t: t.field("index") == 63),
    ("1/1", "", "control=0x10 mfr=1234", lambda t: t.field("mfr") == 1234),
]


@pytest.mark.parametrize("algorithm", [7, 11])
@pytest.mark.parametrize(("kind", "units", "fields", "right"), KINDS, ids=[k[0] for k in KINDS])
def test_any_token(make, algorithm, kind, units, fields, right):
    text = f"drn,ea,token,units,fields\n{drn(1)},{algorithm:02d},{kind},{units},{fields}\n"
    _, (row,) = make(text)
    found = token.decode(digits(row), key(ea=algorithm).key, algorithm)
    assert right(found)
    assert row["tid"] == ("" if found.tid is None else str(MINUTE))


@pytest.mark.parametrize(("algorithm", "parts"), [(7, 2), (11, 4)])
def test_a_key_change_is_taken_by_a_meter(make, algorithm, parts):
    head = "drn,ea,token,new_krn,new_ti,ro\n"
    _, (row,) = make(f"{head}{drn(1)},{algorithm},key-change,2,07,1\n")
    old, new = key(ea=algorithm), key(ea=algorithm, krn=2, ti=7)
    state = old.state()
    meter = Decoder(state, TidStore())
    for number in range(parts, 0, -1):
        meter.commit(meter.check(digits(row, number))[1])
    assert (state.key, state.krn, state.ti) == (new.key, 2, 7)
    assert [row[f"token_{n}"] for n in range(parts + 1, 5)] == [""] * (4 - parts)


def test_a_base_date_that_goes_back_is_named(make):
    """The present minute is outside base date 93; that is not the reason."""
    head = "drn,vk,token,new_bdt,ro,time\n"
    _, (row,) = make(f"{head}{drn(1)},{VK04},key-change,93,1,2026-11-22\n")
    assert row["error"].startswith("The base date goes back from 14 to 93: ")


@pytest.mark.parametrize("numpy", [True, False])
def test_a_key_that_expires_soon_is_named(make, numpy):
    """KEN 103 ends with minute 0x67FFFF = 6815743, 25 days after now; the new key counts too."""
    head = "drn,vk,token,units,ken,new_ti,new_ken\n"
    one, two = f"{drn(1)},{VK04}", f"{drn(2)},{VK04}"
    soon = "The key expires after 2026-12-17 03:43: its key expiry number is 103."
    text = f"{head}{one},credit,1,103,,\n{one},credit,1,,,\n{one},2/5,,103,,\n"
    text += f"{one},key-change,,,7,103\n{one},key-change,,103,7,255\n{two},credit,x,103,,\n"
    warned = []
    counts, made = make(text, numpy=numpy, warn=warned.append)
    assert counts == (6, 1) and warned == [3]
    assert [row["warning"] for row in made] == [soon, "", soon, soon, "", ""]
    assert all(row["token_1"] for row in made[:5])


KEY_CHANGES = [  # new_krn, new_ti, new_ken, ro: what is wrong
    ("", "", "", "", "The new key is the key that the meter has."),
    ("", "", "", "1", "The new key is the key that the meter has."),
    ("", "07", "102", "", "The key expired: TID 6780240 lies beyond its key expiry number 102."),
    (
        "2",
        "",
        "",
        "",
        "Base date 14 to 35 needs the rollover bit: every later token would be old.",
    ),
    ("", "07", "", "1", "The rollover bit needs a later base date than 14: it erases the used"),
]


@pytest.mark.parametrize(("krn", "ti", "ken", "ro", "sentence"), KEY_CHANGES)
def test_a_key_change_that_would_do_harm_is_refused(make, krn, ti, ken, ro, sentence):
    head = "drn,token,new_krn,new_ti,new_ken,ro\n"
    _, (row,) = make(f"{head}{drn(1)},key-change,{krn},{ti},{ken},{ro}\n")
    assert row["error"].startswith(sentence)
    assert row["token_1"] == ""


def test_another_tariff_index_keeps_the_rows_own_vending_key(make):
    head = "drn,vk,token,new_ti\n"
    _, (row,) = make(f"{head}{drn(1)},{'5a' * 20},key-change,2\n")
    given = {"vk": "5a" * 20, "drn": drn(1)}
    old, new = KeyQuestion(**given).answer(), KeyQuestion(**given, ti=2).answer()
    now = {"minute": MINUTE, "bdt": "14", "old_bdt": "14"}
    expected = vendor.key_change(old.key, 7, new.key, 2, 1, 2, 255, 0, 123457, **now)
    assert [digits(row, 1), digits(row, 2)] == expected


def test_a_key_change_to_a_key_in_hex(make):
    head = "key,drn,token,new_key,new_sgc,kct3\n"
    _, (row,) = make(f"{head}{KEY02.key.hex()},,key-change,0123456789abcdef,654321,1\n")
    new = bytes.fromhex("0123456789abcdef")
    now = {"minute": MINUTE, "bdt": "14", "old_bdt": "14"}
    expected = vendor.key_change(KEY02.key, 7, new, 2, 1, 1, 255, 0, 654321, True, **now)
    assert [digits(row, n) for n in (1, 2, 3)] == expected
    assert "0123456789abcdef" not in str(row)


def test_tids_of_a_meter_are_never_the_same(make):
    one, two = drn(1), drn(2)
    rows = [
        f"{one},,,",
        f"{one},,,",
        f"{two},,,",
        f"{one},2026-11-22 12:00,,",
        f"{one},2026-11-23 00:01,,",
        f"{one},,,6800000",
        f"{one},,6800005,",
        f"{one},,,",
        f"{one},2026-11-22 11:00,,",
    ]
    text = "drn,time,tid,last_tid,units\n" + "".join(f"{row},1\n" for row in rows)
    _, made = make(text)
    assert [row["tid"] for row in made] == [
        *("6780240", "6780241", "6780240", "6780242", "6780962", "6800001"),
        *("6800005", "6800006", "6800007"),
    ]


def test_a_tid_given_twice_is_refused(make):
    text = f"drn,tid,units\n{drn(1)},77,1\n{drn(1)},77,1\n{drn(2)},77,1\n"
    counts, made = make(text)
    assert counts == (3, 1)
    assert made[1]["error"] == "TID 77 is used for this meter by a row above."


BAD_CELLS = [
    ("drn=01000000010", "Meter number 01000000010 has a wrong check digit"),
    ("drn=", "Deriving a key needs the meter"),
    ("sgc=123460", "There is no vending key for SGC 123460, KT 2, KRN 1."),
    ("sgc=x", "SGC must be 0 to 999999."),
    ("dkga=02", "The vending key has dkga 04."),
    ("vk=secret", "The vending key must be in hex digits."),
    ("key=ab", "EA07 needs a decoder key of 16 digits."),
    ("ea=8", "EA must be 07, 09 or 11."),
    ("token=3/0", "token must be credit, key-change or class/subclass, not '3/0'."),
    ("token=2/32", "token must be credit, key-change or class/subclass, not '2/32'."),
    ("token=0/9", "Credit has the subclasses 0 to 7."),
    ("token=2/12", ""),
    ("token=2/1", ""),
    ("units=", "The amount is missing: write a number such as 20 or 7.5."),
    ("units=0", "The amount is 0: there is nothing to credit."),
    ("units=0.0", "The amount is 0: there is nothing to credit."),
    ("units=1.25", "The amount may have at most 1 decimal place."),
    ("units=1820162.5", "Amount 18201625 is outside 0 to 18201624."),
    ("tid=0", "tid must be a number from 1 to 16777215, not '0'."),
    ("rnd=16", "rnd must be a number from 0 to 15, not '16'."),
    ("time=noon", "A time is written 2026-11-22 12:00, not 'noon'."),
    ("time=2013-01-01", "Minute -525600 is outside the base date's range"),
    ("sgc=123459", "The key expired"),
]


@pytest.mark.parametrize("numpy", [True, False])
@pytest.mark.parametrize(("cell", "sentence"), BAD_CELLS, ids=[cell[0] for cell in BAD_CELLS])
def test_what_is_wrong_with_a_row(make, cell, sentence, numpy):
    """Check that the error is in its row and the tokens of the other rows are made."""
    name, _, value = cell.partition("=")
    columns = {"drn": drn(1), "units": "20", name: value}
    good = {**dict.fromkeys(columns, ""), "drn": drn(2), "units": "1"}
    lines = [good, columns, good]
    text = ",".join(columns) + "\n" + "".join(",".join(row.values()) + "\n" for row in lines)
    (_, wrong), made = make(text, numpy=numpy)
    assert digits(made[0]) and digits(made[2])
    assert wrong == bool(sentence)
    assert made[1]["error"].startswith(sentence)
    assert "secret" not in made[1]["error"]
    assert bool(made[1]["token_1"]) == (not sentence)


BAD_FIELDS = [
    ("2/0", "mpl", "fields are written name=number, with spaces between."),
    ("2/0", "mpl=x", "Field mpl must be a number, not 'x'."),
    ("2/0", "rate=1", "A 2/0 token has no field 'rate' to be given."),
    ("2/2", "rate=65536", "Rate 65536 does not fit 16 bits."),
    ("2/3", "nk=zz", "The key section must be in hex digits."),
    ("2/3", "nk=aabb", "A key section has 4 bytes, not 2."),
    ("1/2", "control=1", "A 1/2 token has no field 'control' to be given."),
    ("1/3", "", "Class 1 subclass 3 is reserved."),
    ("2/0", "tid=5", "A 2/0 token has no field 'tid' to be given."),
    ("2/0", "key=5", "A 2/0 token has no field 'key' to be given."),
    ("1/0", "test=1 control=1", "Give the test or the control field, not both."),
    ("1/0", "test=99", "Test 99 is outside 0 to 36."),
]


@pytest.mark.parametrize(("kind", "fields", "sentence"), BAD_FIELDS)
def test_what_is_wrong_with_fields(make, kind, fields, sentence):
    _, (row,) = make(f"drn,token,fields\n{drn(1)},{kind},{fields}\n")
    assert row["error"] == sentence


def test_a_quote_that_a_later_row_closes_is_an_error_of_the_row(make):
    text = f'drn,units,ref\n{drn(1)},1,"C1\n{drn(2)},2,C2"\n{drn(3)},3,C3\n'
    (_, wrong), made = make(text)
    assert (wrong, len(made)) == (1, 2)
    assert "a quote is not closed" in made[0]["error"] and made[0]["token_1"] == ""
    assert digits(made[1])


def test_a_quote_that_is_never_closed_is_named_with_its_line(make):
    text = f'drn,units,ref\n{drn(1)},1,C1\n{drn(2)},2,"C2\n{drn(3)},3,C3\n'
    with pytest.raises(TjugoError, match=r"line 3: .* Is a quote not closed\?"):
        make(text)


CELLS = {
    "drn": ["", drn(1), drn(2), "1", "x", "é" * 11],
    "pan": ["", "", PAN, PAN[:-1] + "0"],
    "key": ["", "", "", KEY02.key.hex(), "ab" * 16, "?"],
    "vk": ["", "", VK02, VK04, "0"],
    "dkga": ["", "01", "02", "03", "04", "05"],
    "variant": ["", "xor-vk", "pan-given", "none"],
    "ea": ["", "07", "9", "11", "12"],
    "kt": ["", "0", "1", "2", "3", "4"],
    "sgc": ["", "123456", "-1"],
    "bdt": ["", "93", "14", "35", "99"],
    "ken": ["", "0", "256"],
    "token": ["", "credit", "key-change", *(f"{c}/{s}" for c in range(4) for s in range(18))],
    "units": ["", "0", "20", "-1.5", "1e9", "9" * 30, "999999999999", "0.00001"],
    "tid": ["", "", "1", "16777215", "16777216"],
    "time": ["", "2026-11-22", "1970-01-01", "9999-12-31 23:59", "0001-01-01T00:00+14:00"],
    "last_tid": ["", "16777215", "7"],
    "rnd": ["", "0", "15", "16"],
    "fields": [
        "",
        "mpl=1",
        "nk=aabbccdd krn=1",
        "kt=3",
        "sgc=5",
        "test=0",
        "cls=1",
        "mpl=" + "9" * 99,
    ],
    "new_key": ["", "ab" * 8, "ab" * 16],
    "new_krn": ["", "2", "9"],
    "ro": ["", "1"],
    "kct3": ["", "1"],
}


@given(
    st.lists(st.fixed_dictionaries({n: st.sampled_from(v) for n, v in CELLS.items()}), max_size=6)
)
@settings(max_examples=examples(100))
def test_no_row_stops_a_batch(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("rows")
    source, target = folder / "in.csv", folder / "out.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(CELLS))
        writer.writeheader()
        writer.writerows(rows)
    keys = {(int(k["sgc"]), k["kt"], k["krn"]): VendingKey(**k) for k in KEYS["keys"]}
    total, wrong = batch.run(source, target, keys, now, lambda n: 5)
    with target.open(encoding="utf-8", newline="") as file:
        made = list(csv.DictReader(file))
    assert total == len(made) == sum(1 for row in rows if any(row.values()))
    assert wrong == sum(1 for row in made if row["error"])
    assert all(bool(row["error"]) != bool(row["token_1"]) for row in made)


def test_numpy_and_the_portable_code_write_the_same_file(make, tmp_path):
    assert bulk.available(), "numpy is not installed"
    rng = random.Random(9)
    lines = ["drn,ea,sgc,token,units,tid,rnd,ti"]
    for n in range(600):
        kind = rng.choice(["0/0", "0/0", "0/3", "2/1", "0/5"])
        ea, sgc = rng.choice([("7", "123457"), ("7", "123456"), ("11", "123457")])
        amount = rng.choice(["1", "19.9", "99999.9", "2000000"])
        lines.append(f"{drn(n)},{ea},{sgc},{kind},{amount},{n + 2},{n % 16},{n % 3}")
    text = "\n".join(lines)
    counts, _ = make(text, numpy=False)
    portable = (tmp_path / "out.csv").read_bytes()
    assert make(text, numpy=True)[0] == counts
    assert (tmp_path / "out.csv").read_bytes() == portable
    assert 0 < counts[1] < 600


@pytest.mark.parametrize("delimiter", ",;\t")
def test_commas_semicolons_and_tabs(make, tmp_path, delimiter):
    text = f'\ufeff"drn", units ,note\r\n\r\n"{drn(1)}", 20 ,"two, ""words""; and\tmore"\r\n'
    source = text if delimiter == "," else text.replace(",", delimiter)
    (tmp_path / "in.csv").write_bytes(source.encode())
    batch.run(tmp_path / "in.csv", tmp_path / "out.csv", keys_of(tmp_path), now, lambda n: 5)
    with (tmp_path / "out.csv").open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter=delimiter)
    assert digits(row) and row["units"] == "20" and '"words"' in row["note"]


def keys_of(folder):
    return batch.read_keys(folder / "keys.json")


def test_its_own_result_can_be_fed_again(make, tmp_path):
    make(f"drn,units\n{drn(1)},20\n{drn(2)},x\n")
    again = (tmp_path / "out.csv").read_text().replace(",x,", ",7,")
    counts, made = make(again)
    assert counts == (2, 0) and [row["tid"] for row in made] == [str(MINUTE)] * 2


FILES = [
    ("", "has no heading"),
    ("\n", "has no heading"),
    (",,\n", "has no heading"),
    ("sep=;\n", "has no heading"),
    ("drn,,units\n", "column 2 has no name"),
    ("drn,amount\n", "has a column 'amount', which is not one of a batch."),
    ("drn,drn\n", "has two columns 'drn'."),
    ('drn,units\n"1,2\n', "line "),
    ("drn\n\udcff\n", "is not a CSV file in UTF-8."),
]


@pytest.mark.parametrize(("text", "sentence"), FILES, ids=range(len(FILES)))
def test_what_is_no_batch(make, tmp_path, text, sentence):
    (tmp_path / "in.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "out.csv").write_text("from before")
    with pytest.raises(TjugoError) as refused:
        batch.run(tmp_path / "in.csv", tmp_path / "out.csv", keys_of(tmp_path), now, lambda n: 5)
    assert sentence in refused.value.message and refused.value.status == 2
    assert (tmp_path / "out.csv").read_text() == "from before"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv", "keys.json"}


def test_a_row_that_is_too_long(make):
    _counts, made = make(f"drn,units\n{drn(1)},1,2\n")
    assert made[0]["error"] == "The row has more cells than the heading."


def test_a_row_padded_by_a_spreadsheet(make):
    (rows, wrong), made = make(f"drn,units,,\n{drn(1)},1,,\n{drn(1)},1\n,,,\n")
    assert (rows, wrong) == (2, 0)
    assert list(made[0])[:3] == ["drn", "units", "tid"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("sep", ["", "sep=;\r\n"], ids=["without", "sep"])
def test_what_a_spreadsheet_wrote_it_can_read_again(make, tmp_path, mark, sep):
    make(f"drn\n{drn(1)}\n")  # for the keys
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    text = f"{sep}drn;units;note\r\n{drn(1)};20;\xe9, a\r\n"
    source.write_bytes(mark + text.encode())
    assert batch.run(source, target, keys_of(tmp_path), now, lambda n: 5) == (1, 0)
    written = target.read_bytes()
    assert written.startswith(mark + sep.encode() + b"drn;units;note;tid;read_as;token_1")
    assert "\xe9, a;".encode() in written
    # ... and OUT.csv is a batch again.
    assert batch.run(target, source, keys_of(tmp_path), now, lambda n: 5) == (1, 0)
    assert source.read_bytes() == written


def test_a_line_that_names_the_delimiter_wins_over_the_heading(make, tmp_path):
    make(f"drn\n{drn(1)}\n")
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"sep=\t\ndrn\tunits\n{drn(1)}\t20\n")
    assert batch.run(source, target, keys_of(tmp_path), now, lambda n: 5) == (1, 0)


def run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        cli.main(["sts", "batch", *map(str, words)])
    output = capsys.readouterr()
    assert output.out == ""
    return ended.value.code, output.err


def test_the_command(make, tmp_path, capsys):
    make(f"drn,units\n{drn(1)},20\n")
    source, target = tmp_path / "in.csv", tmp_path / "new.csv"
    words = (source, target, "--keys", tmp_path / "keys.json", "--state", tmp_path)
    status, output = run(capsys, *words, "--time", "2026-11-22T12:00")
    assert status == 0 and f"1 rows, 1 made, 0 with an error: {target}" in output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert str(MINUTE) in target.read_text()
    source.write_text(f"drn,units\n{drn(1)},20\n{drn(1)},x\n")
    status, output = run(capsys, *words, "--portable")
    assert status == 1 and "2 rows, 1 made, 1 with an error" in output
    assert "warning" not in output
    source.write_text(f"drn,vk,ken,units\n{drn(1)},{VK04},103,20\n")
    status, output = run(capsys, *words, "--time", "2026-11-22T12:00")
    assert status == 0 and "1 rows with a warning: their keys expire soon." in output


def test_the_command_refuses(make, tmp_path, capsys):
    make(f"drn,units\n{drn(1)},20\n")
    source, target = tmp_path / "in.csv", tmp_path / "new.csv"
    refused = [
        ((source, source), "IN.csv and OUT.csv are the same file."),
        ((tmp_path / "none.csv", target), f"{tmp_path / 'none.csv'} cannot be read"),
        (
            (source, tmp_path / "no" / "out.csv"),
            f"{tmp_path / 'no' / 'out.csv'} cannot be written",
        ),
        ((source, target, "--keys", source), f"{source} is not a vending"),
        ((source, target, "--time", "noon"), "A time is written 2026-11-22 12:00"),
    ]
    for words, sentence in refused:
        status, output = run(capsys, *words, "--state", tmp_path)
        assert status in (1, 2) and sentence in output, output
        assert not target.exists()


LONG = "0012345678903"  # without its zeros the valid DRN of another meter


def test_a_lost_zero_makes_no_other_meters_token(make):
    one_lost = pan.with_check("010000000001")
    text = f"drn,units\n{LONG},20\n{LONG.lstrip('0')},20\n{one_lost[1:]},20\n"
    counts, rows = make(text)
    assert counts == (3, 1)
    assert rows[0]["token_1"] and rows[0]["read_as"] == ""
    assert rows[1]["token_1"] == "" and rows[1]["error"] == (
        f"12345678903 can be the meter 12345678903 or {LONG}: write all its digits."
    )
    assert rows[2]["read_as"] == one_lost
    assert token.decode(digits(rows[2]), _key_of(one_lost)).value == 200


def test_a_short_number_among_its_like_is_read_as_printed(make):
    _, rows = make(f"drn,units\n{drn(1)[1:]},20\n{drn(2)},20\n")
    assert [row["read_as"] for row in rows] == [drn(1), ""]
    assert token.decode(digits(rows[0]), key().key).value == 200


def _key_of(number):
    return KeyQuestion(vk=VK04, drn=number, bdt="14").answer().key


@pytest.mark.parametrize(
    ("delimiter", "units", "value"),
    [
        (";", "12,5", 125),
        (";", "12.5", 125),
        ("\t", "12,5", 125),
        (",", "1.500", 15),
        (",", '"12,5"', None),
        (";", "1.500", None),
        (";", "1,500", None),
        ("\t", "5_0", None),
    ],
)
def test_decimal_commas(make, delimiter, units, value):
    text = f"drn,units\n{drn(1)},".replace(",", delimiter) + units + "\n"
    _, (row,) = make(text, delimiter=delimiter)
    if value is None:
        assert row["token_1"] == "" and "write" in row["error"]
    else:
        assert token.decode(digits(row), key().key).value == value
