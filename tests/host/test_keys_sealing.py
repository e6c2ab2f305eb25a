"""The sealed key file: what opens it, what is bound to what, and a crash at each step."""

import json
import os
import stat

import pytest
from keys_kit import KEY, PASSPHRASE, cheap  # noqa: F401

from tjugo import encryption, key_file, private_file, sealed_keys
from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.key_register import RegisteredKey, VendingKey, check_value
from tjugo.private_file import create_private
from tjugo.station.keys import store
from tjugo.station.keys.backend import SoftBackend

VK02, VK04 = "0123456789abcdef", "a0" * 20
KEYS = (
    VendingKey(sgc=654321, dkga="02", vk=VK02, limit_tenths=5000),
    VendingKey(vk=VK04, active_from="2026-01-01", issue_until="2027-12-31"),
)
pytestmark = pytest.mark.usefixtures("cheap")


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "vending_keys.json"
    SoftBackend.create_sample(found)
    store.add_keys(found, KEYS[:1])
    return found


def seal_new(path, *secrets):
    create_private(path, sealed_keys.seal(KEYS, secrets).text())


@pytest.mark.parametrize("secret", [PASSPHRASE, KEY])
def test_each_secret_opens_the_keys(tmp_path, secret):
    seal_new(tmp_path / "keys", PASSPHRASE, KEY)
    assert tuple(key_file.load_keys(tmp_path / "keys", secret)) == KEYS
    with pytest.raises(Unavailable) as caught:
        key_file.load_keys(tmp_path / "keys")
    assert caught.value.code == "keys_locked"


@pytest.mark.parametrize("secret", ["", "Correct horse battery", bytes(32), KEY[::-1]])
def test_another_secret_does_not(tmp_path, secret):
    seal_new(tmp_path / "keys", PASSPHRASE, KEY)
    found = key_file.read(tmp_path / "keys").sealed
    assert found is not None and found.data_key(secret) is None


def test_a_passphrase_is_the_same_however_it_is_typed(tmp_path):
    seal_new(tmp_path / "keys", "schlüssel über")
    assert key_file.load_keys(tmp_path / "keys", " schlu\u0308ssel u\u0308ber ")


def test_a_short_passphrase_is_refused():
    with pytest.raises(TjugoError, match="at least 8"):
        sealed_keys.seal(KEYS, ["seven77"])


def test_the_file_has_the_register_and_no_secret(tmp_path):
    seal_new(tmp_path / "keys", PASSPHRASE)
    text = (tmp_path / "keys").read_text()
    assert VK02 not in text and VK04 not in text
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600
    assert key_file.read(tmp_path / "keys").registers == tuple(key.registered() for key in KEYS)


def test_the_costs_in_the_file_decide(tmp_path, monkeypatch):
    seal_new(tmp_path / "keys", PASSPHRASE)
    monkeypatch.setattr(encryption, "COSTS", {**encryption.COSTS, "time_cost": 2})
    assert key_file.load_keys(tmp_path / "keys", PASSPHRASE)


@pytest.mark.parametrize(
    ("field", "value"),
    [("limit_tenths", 50_000), ("sgc", "123457"), ("ken", 85), ("kcv", "000000"), ("krn", 2)],
)
def test_a_changed_register_opens_nothing(tmp_path, field, value):
    seal_new(tmp_path / "keys", PASSPHRASE)
    content = json.loads((tmp_path / "keys").read_text())
    content["keys"][0][field] = value
    (tmp_path / "keys").write_text(json.dumps(content))
    with pytest.raises(Unavailable, match="does not open"):
        key_file.load_keys(tmp_path / "keys", PASSPHRASE)


def test_secrets_of_another_file_open_nothing(tmp_path):
    seal_new(tmp_path / "one", PASSPHRASE)
    create_private(tmp_path / "two", sealed_keys.seal(KEYS[::-1], [PASSPHRASE]).text())
    one, two = (json.loads((tmp_path / name).read_text()) for name in ("one", "two"))
    one["secrets"] = two["secrets"]
    (tmp_path / "one").write_text(json.dumps(one))
    with pytest.raises(Unavailable, match="does not open"):
        key_file.load_keys(tmp_path / "one", PASSPHRASE)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 3}, "newer version"),
        ({"version": "2"}, "not a vending key file"),
        ({"form": "other"}, "not a vending key file"),
        ({"secrets": "zz"}, "not a vending key file"),
        ({"locks": [{"kind": "none", "data_key": ""}]}, "not a vending key file"),
        ({"keys": [{"vk": VK02}]}, "not a vending key file"),
    ],
)
def test_other_forms_are_refused(tmp_path, change, sentence):
    seal_new(tmp_path / "keys", PASSPHRASE)
    content = json.loads((tmp_path / "keys").read_text()) | change
    (tmp_path / "keys").write_text(json.dumps(content))
    with pytest.raises(Unavailable, match=sentence):
        key_file.read(tmp_path / "keys")


def test_a_changed_digit_of_a_plain_key_is_found(tmp_path):
    """Another key makes tokens that every meter refuses."""
    path = tmp_path / "keys"
    create_private(path, "")
    for key in KEYS:
        for place in (0, len(key.vk) // 2):
            digit = "5" if key.vk[place] != "5" else "a"
            fields = key.as_json()
            fields["vk"] = f"{key.vk[:place]}{digit}{key.vk[place + 1 :]}"
            path.write_text(json.dumps({"keys": [fields]}))
            with pytest.raises(Unavailable, match="is damaged") as caught:
                key_file.read(path)
            assert key.vk[:8] not in str(caught.value)
            del fields["kcv"]  # as in files of the versions before
            path.write_text(json.dumps({"keys": [fields]}))
            assert key_file.read(path).keys


def test_costs_beyond_the_limits_are_refused(tmp_path):
    seal_new(tmp_path / "keys", PASSPHRASE)
    content = json.loads((tmp_path / "keys").read_text())
    content["locks"][0]["kdf"]["memory_cost"] = 1 << 30
    (tmp_path / "keys").write_text(json.dumps(content))
    with pytest.raises(Unavailable, match="not a vending key file"):
        key_file.read(tmp_path / "keys")


def test_sealing_overwrites_the_plain_bytes(path):
    before = path.read_bytes()
    with path.open("rb") as old:  # the old file, whatever its name becomes
        store.seal(path, [PASSPHRASE])
        after = old.read()
    assert len(after) == len(before) and VK02.encode() not in after and after != before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    keys = key_file.load_keys(path, PASSPHRASE)
    assert KEYS[0] in keys and len(keys) == 3


class Crash(BaseException):
    """The end of the process at this point."""


STEPS = ("hardlink_to", "replace", "overwrite", "unlink")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_the_old_or_the_new_file(path, monkeypatch, step, after):
    old = key_file.load_keys(path)

    def ending(real):
        def crash(*given, **more):
            if after:
                real(*given, **more)
            raise Crash

        return crash

    with monkeypatch.context() as patch:
        if step == "replace":
            patch.setattr(private_file.os, "replace", ending(os.replace))
        elif step == "overwrite":
            patch.setattr(store, "overwrite", ending(store.overwrite))
        else:
            real = getattr(type(path), step)
            patch.setattr(type(path), step, ending(real))
        with pytest.raises(Crash):
            store.seal(path, [PASSPHRASE])
    store.finish(path)
    sealed = key_file.read(path).sealed is not None
    assert key_file.load_keys(path, PASSPHRASE if sealed else None) == old
    assert not store.plain_copy(path).exists()
    if not sealed:
        store.seal(path, [PASSPHRASE])
    for entry in path.parent.iterdir():
        assert VK02.encode() not in entry.read_bytes()


def test_sealing_again_makes_the_old_secret_worthless(path):
    store.seal(path, [PASSPHRASE])
    old = key_file.read(path).sealed
    data_key = old.data_key(PASSPHRASE)
    with pytest.raises(Unavailable):
        store.seal(path, [KEY])  # without what opens it
    store.seal(path, [KEY], data_key)
    new = key_file.read(path).sealed
    assert new.open(data_key) is None and new.data_key(PASSPHRASE) is None
    assert new.open(new.data_key(KEY)) == old.open(data_key)


def test_another_passphrase_keeps_the_key_file(path):
    store.seal(path, [PASSPHRASE, KEY])
    data_key = key_file.read(path).sealed.data_key(KEY)
    store.set_lock(path, "another passphrase", data_key)
    found = key_file.read(path).sealed
    assert found.data_key("another passphrase") == found.data_key(KEY) == data_key
    assert found.data_key(PASSPHRASE) is None


@pytest.mark.parametrize("sealed", [False, True])
def test_keys_are_added_and_changed_once(path, sealed):
    data_key = None
    if sealed:
        store.seal(path, [KEY])
        data_key = key_file.read(path).sealed.data_key(KEY)
    new = VendingKey(sgc=4, vk=VK04)
    store.add_keys(path, [new, new], data_key)
    store.add_keys(path, [new], data_key)
    with pytest.raises(Conflict, match="another vending key of SGC 000004"):
        store.add_keys(path, [VendingKey(sgc=4, vk="bb" * 20)], data_key)
    store.change_key(path, VendingKey(sgc=4, vk=VK04, limit_tenths=7), data_key)
    assert store.find(path, (4, 1, 2), data_key).limit_tenths == 7
    assert len(store.all_keys(path, data_key)) == 4
    assert (key_file.read(path).sealed is None) is not sealed


@pytest.mark.parametrize(
    ("dkga", "vk", "expected"),
    [
        ("02", "0123456789abcdef", "D5D44F"),  # FIPS 81: DES of zero bytes under this key
        ("03", "0123456789abcdeffedcba9876543210", "08D7B4"),
        ("02", "01", ""),
    ],
)
def test_check_values(dkga, vk, expected):
    assert check_value(dkga, bytes.fromhex(vk)) == expected


def test_a_key_that_is_not_that_of_its_check_value():
    with pytest.raises(TjugoError, match="check value"):
        VendingKey(sgc=123456, dkga="02", vk=VK02, kcv="AAAAAA")
    assert VendingKey(sgc=123456, dkga="02", vk=VK02, kcv="d5d44f").kcv == "D5D44F"


@pytest.mark.parametrize(
    "terms",
    [
        {"active_from": "31.12.2026"},
        {"issue_until": 20261231},
        {"active_from": "2027-01-01", "issue_until": "2026-01-01"},
        {"limit_tenths": -1},
        {"limit_tenths": True},
        {"limit_tenths": "5"},
    ],
)
def test_wrong_terms(terms):
    with pytest.raises(TjugoError):
        RegisteredKey(**terms)


def test_a_key_is_not_in_its_repr():
    assert VK04 not in repr(KEYS) and VK04[:16] not in repr(KEYS)


@pytest.mark.parametrize("content", ["", "ab" * 31, "zz" * 32, "ab" * 33, "[" * 64])
def test_a_file_that_is_no_key_file(tmp_path, content):
    create_private(tmp_path / "k", content)
    with pytest.raises(TjugoError, match="64 hex digits") as caught:
        key_file.read_secret_file(tmp_path / "k")
    assert not content or content not in caught.value.message


def test_a_key_file_is_made_once_and_private(tmp_path):
    made = key_file.create_secret_file(tmp_path / "k")
    assert len(made) == 32 and key_file.create_secret_file(tmp_path / "k") == made
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(TjugoError, match="chmod 600"):
        key_file.read_secret_file(tmp_path / "k")


def test_the_secret_of_unattended_service(tmp_path, monkeypatch):
    assert key_file.secret_of_service() is None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert key_file.secret_of_service() is None
    (tmp_path / "tjugo.keys").write_text(KEY.hex())
    (tmp_path / "tjugo.keys").chmod(0o440)  # as systemd's access list makes it look
    assert key_file.secret_of_service() == KEY
    named = tmp_path / "named"
    create_private(named, "ff" * 32)
    monkeypatch.setenv("TJUGO_KEY_FILE", str(named))
    assert key_file.secret_of_service() == b"\xff" * 32
