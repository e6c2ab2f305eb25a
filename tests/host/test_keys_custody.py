"""Key files for import by two people, and recovery shares."""

import hmac
import itertools
import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from keys_kit import KEY, PASSPHRASE, cheap, sealed_station  # noqa: F401
from station_kit import NOON, see

from tjugo import key_file, sealed_keys
from tjugo.errors import TjugoError
from tjugo.key_register import VendingKey
from tjugo.private_file import create_private
from tjugo.station.audit import chain
from tjugo.station.keys import service, shares, store, transfer
from tjugo.station.keys.holders import Holder

KEYS = [
    VendingKey(sgc=654321, dkga="02", vk="0123456789abcdef", limit_tenths=5000),
    VendingKey(sgc=77, vk="a0" * 20, active_from="2026-01-01", issue_until="2027-12-31"),
]
ONE, TWO = bytes(range(32)), bytes(range(100, 132))
pytestmark = pytest.mark.usefixtures("cheap")


@pytest.fixture
def file(tmp_path):
    (tmp_path / "import.json").write_text(transfer.make(KEYS, "KMC 1", NOON, [ONE, TWO]))
    return tmp_path / "import.json"


def test_two_components_open_a_key_file(file):
    text = file.read_text()
    assert not any(key.vk in text for key in KEYS)
    found = transfer.read(file)
    assert found.open([ONE, TWO]) == KEYS
    for wrong in ([TWO, TWO], [ONE, ONE], [ONE, bytes(32)], [bytes(32), TWO]):
        with pytest.raises(TjugoError, match="components"):
            found.open(wrong)


def cmac(key):
    mac = CMAC(AES(key))
    mac.update(bytes(16))
    return mac.finalize()


def test_a_file_made_by_the_words_of_the_document(tmp_path):
    """docs/keys.md alone: another program makes the file, with another library."""
    header = {
        "form": "tjugo-key-transfer",
        "version": 1,
        "from": "Clés São Tomé",
        "made_at": "2026-11-26T12:00:00Z",
        "components": [cmac(one)[:3].hex().upper() for one in (ONE, TWO)],
    }
    row = {"sgc": "000077", "kt": 2, "krn": 1, "ken": 255, "bdt": "14", "dkga": "04"}
    vk = bytes.fromhex("a0" * 20)
    kcv = hmac.digest(vk, bytes(8), "sha256")[:3].hex().upper()
    row |= {"sample": False, "issue_until": "2027-12-31", "kcv": kcv}
    key = bytes(a ^ b for a, b in zip(ONE, TWO, strict=True))
    nonce = bytes(range(12))
    head = json.dumps([header, row], sort_keys=True).encode()
    sealed = AESGCM(key).encrypt(nonce, vk, head)
    row["encrypted"] = (nonce + sealed[-16:] + sealed[:-16]).hex()
    (tmp_path / "x").write_text(json.dumps({**header, "keys": [row]}))
    found = transfer.read(tmp_path / "x")
    assert found.components == tuple(transfer.component_check(one) for one in (ONE, TWO))
    assert [one.vk for one in found.open([ONE, TWO])] == [vk.hex()]


def test_a_component_is_checked_before_it_is_used(file):
    one, _two = transfer.read(file).components
    typed = " ".join(ONE.hex().upper()[at : at + 8] for at in range(0, 64, 8))
    assert transfer.component(typed, one) == ONE
    for wrong in (typed[:-1], typed[:-1] + "0", TWO.hex(), "", typed + "00"):
        with pytest.raises(TjugoError) as caught:
            transfer.component(wrong, one)
        assert caught.value.code == "key_file_invalid"
        assert not wrong or wrong not in caught.value.message


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"limit_tenths": 50_000}, "was changed"),
        ({"issue_until": "2037-12-31"}, "was changed"),
        ({"sample": True}, "was changed"),
        ({"encrypted": "00" * 40}, "was changed"),
        ({"kcv": "12"}, "not a key file"),
        ({"encrypted": "x"}, "not a key file"),
        ({"vk": "00"}, "not a key file"),
    ],
)
def test_a_changed_key_file(file, change, sentence):
    content = json.loads(file.read_text())
    content["keys"][0] |= change
    file.write_text(json.dumps(content))
    with pytest.raises(TjugoError, match=sentence):
        transfer.read(file).open([ONE, TWO])


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"form": "tjugo-key-transfer", "version": 1}', "[" * 100_000]
)
def test_a_file_that_is_none(tmp_path, content):
    (tmp_path / "x").write_text(content)
    with pytest.raises(TjugoError, match="not a key file for import"):
        transfer.read(tmp_path / "x")


def test_an_import_is_on_record_with_both_people(tmp_path, file):
    with sealed_station(tmp_path / "s") as station:
        service.unlock(station, "test", KEY)
        found = transfer.read(file)
        keys = found.open([ONE, TWO])
        ada, ben = Holder("ada", True), Holder("ben", False)
        for people in ((ada, Holder(" Ada ", True)), (ada, Holder("", False)), (ada,)):
            with pytest.raises(TjugoError, match="two different people"):
                service.import_keys(station, "test", keys, people, found.source)
        added = service.import_keys(station, "test", keys, (ada, ben), found.source)
        assert added == keys
        assert station.backend.vending_register(77, 2, 1).issue_until == "2027-12-31"
        path = tmp_path / "s" / "vending_keys.json"
        assert set(KEYS) <= set(key_file.load_keys(path, PASSPHRASE))
        events = see(station, lambda view: list(chain.events(view)))
        said = [(e.subject, e.detail) for e in events if e.action == service.EDIT]
        assert said == [
            ("vending keys", "import from KMC 1: component 1 typed by operator ada"),
            (
                "vending keys",
                "import from KMC 1: component 2 typed by ben (not authenticated: no operators)",
            ),
            *[(f"vending key {key.name}", f"import, KCV {key.kcv}") for key in KEYS],
        ]
        assert service.import_keys(station, "test", keys, (ada, ben), found.source) == []
        other = VendingKey(sgc=77, vk="b0" * 20)
        with pytest.raises(TjugoError, match="another vending key"):
            service.import_keys(station, "test", [other], (ada, ben), "KMC 2")
        last = see(station, lambda view: list(chain.events(view)))[-1]
        assert (last.outcome, last.detail) == (chain.REFUSED, "conflict")


@pytest.mark.parametrize(("needed", "of"), [(2, 3), (3, 5), (2, 2), (16, 16)])
def test_any_shares_that_suffice_give_the_key(needed, of):
    sealed = sealed_keys.seal(KEYS, [KEY])
    data_key = sealed.data_key(KEY)
    made = [shares.parse(share.text().upper()) for share in shares.split(data_key, needed, of)]
    for some in itertools.islice(itertools.combinations(made, needed), 20):
        assert shares.combine(some, sealed) == data_key
    with pytest.raises(TjugoError, match=f"{needed} different shares"):
        shares.combine(made[: needed - 1] * needed, sealed)


def test_shares_that_do_not_belong_together():
    sealed = sealed_keys.seal(KEYS, [KEY])
    one, two = (shares.split(sealed.data_key(KEY), 2, 3) for _ in range(2))
    with pytest.raises(TjugoError, match="not of one set"):
        shares.combine([one[0], two[1]], sealed)
    with pytest.raises(TjugoError, match="sealed again"):
        shares.combine(one, sealed_keys.seal(KEYS, [KEY]))
    assert all(share.content != sealed.data_key(KEY) for share in one)


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_mistyped_share(place):
    text = shares.split(bytes(range(32)), 2, 3)[0].text()
    wrong = text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]
    with pytest.raises(TjugoError) as caught:
        shares.parse(wrong)
    assert caught.value.code == "share_invalid" and text not in caught.value.message


@pytest.mark.parametrize(("needed", "of"), [(1, 3), (4, 3), (2, 17), (0, 0)])
def test_impossible_numbers_of_shares(needed, of):
    with pytest.raises(TjugoError, match="At least 2"):
        shares.split(bytes(32), needed, of)


def test_shares_recover_a_station_without_its_secrets(tmp_path):
    path = tmp_path / "vending_keys.json"
    create_private(path, sealed_keys.seal(KEYS, [PASSPHRASE]).text())
    data_key = key_file.read(path).sealed.data_key(PASSPHRASE)
    made = shares.split(data_key, 2, 3)
    store.note_shares(path, made[0].share_set, 2, 3, "2026-11-26")
    store.set_lock(path, "a new passphrase", shares.combine(made[1:], key_file.read(path).sealed))
    assert key_file.load_keys(path, "a new passphrase") == KEYS
    assert key_file.read(path).sealed.shares[0]["needed"] == 2
