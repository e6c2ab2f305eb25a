"""The verbs of TokenBackend in software, and the terms of vending keys."""

from datetime import date

import pytest
from station_kit import drn

from sts_portable import dkga, token, vendor
from tjugo.errors import TjugoError, Unavailable
from tjugo.key_register import MeterConfig, VendingKey
from tjugo.station.keys import backend as backends
from tjugo.station.keys import ring
from tjugo.station.keys.backend import CreditRequest, SoftBackend

VK04, VK02 = "a0" * 20, "ab" * 8
TID = 6_700_000
EA07, EA11 = MeterConfig(drn(1)), MeterConfig(drn(2), ea=11)
DES = MeterConfig(drn(3), sgc=123456, dkga="02")


def backend(**terms):
    return SoftBackend(
        [
            VendingKey(vk=VK04, **terms),
            VendingKey(sgc=123456, dkga="02", vk=VK02),
            VendingKey(sgc=777, krn=2, bdt=35, vk="17" * 20),
            VendingKey(sgc=778, krn=2, ken=120, vk="18" * 20),
            VendingKey(sgc=779, kt=1, vk="19" * 20),
        ]
    )


def key_of(m, vk=VK04):
    return dkga.decoder_key(
        m.dkga, bytes.fromhex(vk), m.pan, m.kt, m.sgc, m.ti, m.krn, m.bdt, m.ea
    )


@pytest.mark.parametrize("m", [EA07, EA11])
def test_a_batch_is_the_tokens_one_by_one(m):
    store = backend()
    wanted = [CreditRequest(m, 0, 100 + n, TID + n, n) for n in range(16)]
    wanted += [CreditRequest(m, 4, -180224, TID + 90, 0), CreditRequest(m, 2, 5, TID + 91, 15)]
    made = store.issue_credit_tokens(wanted)
    assert made == [store.issue_credit_token(*one) for one in wanted]
    assert made[:1] == [vendor.credit(key_of(m), m.ea, TID, 0, 100)]
    assert made[16] == vendor.currency(key_of(m), m.ea, TID + 90, -180224)
    found = store.verify_token(m, made[3])
    assert (found.tid, found.cls, found.subclass) == (TID + 3, 0, 0)


def test_one_refusal_leaves_the_others_of_a_batch():
    store = backend(ken=85)
    wanted = [
        CreditRequest(EA07, 0, 10, 85 << 16, 1),  # KEN of the key: fits
        CreditRequest(EA07, 0, 10, 86 << 16, 1),
        CreditRequest(MeterConfig(drn(1), sgc=5), 0, 10, TID, 1),
        CreditRequest(DES, 0, 99_999_999, TID, 1),
        CreditRequest(DES, 0, 10, TID, 1),
        CreditRequest(MeterConfig(drn(1), sgc=779, kt=1), 0, 10, TID, 1),
    ]
    made = store.issue_credit_tokens(wanted)
    codes = [one.code if isinstance(one, TjugoError) else "" for one in made]
    assert codes == [
        "",
        "key_expired",
        "vending_key_missing",
        "token_refused",
        "",
        "key_is_default",
    ]


def day(text, minute=0):
    return (date.fromisoformat(text) - date(2014, 1, 1)).days * 1440 + minute


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (day("2026-11-19", 1439), "key_not_active"),
        (day("2026-11-20", 2), None),
        (day("2026-11-26", 1439), None),
        (day("2026-11-27", 0), "key_ended"),
    ],
)
def test_no_token_outside_the_days_of_a_key(number, code):
    store = backend(active_from="2026-11-20", issue_until="2026-11-26")
    acts = (
        lambda: store.issue_credit_token(EA07, 0, 10, number, 3),
        lambda: store.issue_mse_token(EA07, 5, {}, number, 3),
        lambda: store.issue_key_change_tokens(
            EA07, MeterConfig(drn(1), sgc=778, krn=2, ken=110), number
        ),
        lambda: store.issue_key_change_tokens(DES, MeterConfig(drn(3)), number),
    )
    for act in acts:
        if code is None:
            assert act()
        else:
            with pytest.raises(TjugoError) as caught:
                act()
            assert caught.value.code == code


@pytest.mark.parametrize(
    ("subclass", "values", "name"),
    [
        (0, {"mpl": 20_000}, "mpl"),
        (1, {"register": 0xFFFF}, "register"),
        (2, {"rate": 7}, "rate"),
        (5, {}, None),
        (6, {"mppul": 500}, "mppul"),
        (7, {"factor": 3}, "factor"),
        (10, {"index": 63, "flag": 2, "state": 1}, "state"),
    ],
)
def test_management_tokens(subclass, values, name):
    store = backend()
    made = store.issue_mse_token(EA11, subclass, values, TID, 5)
    assert made == vendor.management(key_of(EA11), 11, subclass, TID, 5, **values)
    found = store.verify_token(EA11, made)
    assert (found.cls, found.subclass, found.tid) == (2, subclass, TID)
    if name and name not in ("mpl", "mppul"):  # those are in the coded form
        assert found.field(name) == values[name]


@pytest.mark.parametrize(
    ("subclass", "values"), [(3, {}), (9, {}), (1, {"mpl": 1}), (2, {"rate": 1 << 16})]
)
def test_management_tokens_that_do_not_exist(subclass, values):
    with pytest.raises(TjugoError) as caught:
        backend().issue_mse_token(EA07, subclass, values, TID, 5)
    assert caught.value.code == "token_refused"


def test_meter_test_tokens_need_no_key():
    store = SoftBackend(None)
    assert store.issue_meter_test_token(0, 0) == "56493153725450313471"
    assert store.issue_meter_test_token(2, 0) == vendor.extended_read(0)
    made = store.issue_meter_test_token(1, 2, 1234)
    assert store.verify_token(EA07, made).field("mfr") == 1234
    with pytest.raises(TjugoError) as caught:
        store.issue_meter_test_token(5, 0)
    assert caught.value.code == "token_refused"


@pytest.mark.parametrize(
    ("old", "new", "kct3", "count"),
    [
        (EA07, MeterConfig(drn(1), sgc=778, krn=2, ken=110, ti=7), False, 2),
        (EA07, MeterConfig(drn(1), sgc=778, krn=2, ken=110, ti=7), True, 3),
        (EA11, MeterConfig(drn(2), sgc=778, krn=2, ken=110, ti=7, ea=11), False, 4),
        (EA07, MeterConfig(drn(1), sgc=777, krn=2, bdt=35), False, 2),
    ],
)
def test_a_key_change_gives_the_meter_the_new_key(old, new, kct3, count):
    store = backend()
    minute = TID if new.bdt == "14" else 1000
    made = store.issue_key_change_tokens(old, new, minute, kct3)
    assert len(made) == count
    sections = [token.decode(one, store.decoder_key(old), old.ea) for one in made]
    key = dict.fromkeys((3, 8, 9, 4), b"")
    for section in sections:
        if not (kct3 and section.subclass == 8):
            key[section.subclass] = bytes(section.field("nk"))
    assert b"".join(key.values()) == store.decoder_key(new)
    assert sections[0].field("ro") == int(old.bdt != new.bdt)
    assert (sections[0].field("krn"), sections[1].field("ti")) == (2, new.ti)


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (EA07, "token_refused"),  # the key that it has
        (MeterConfig(drn(1), sgc=778, krn=2, ken=200), "key_register_invalid"),
        (MeterConfig(drn(1), sgc=9), "vending_key_missing"),
        (MeterConfig(drn(1), sgc=778, krn=2, ken=110, ea=11), "token_refused"),
        (MeterConfig(drn(1), sgc=778, krn=2, ken=90), "key_expired"),
    ],
)
def test_key_changes_that_are_refused(new, code):
    with pytest.raises(TjugoError) as caught:
        backend().issue_key_change_tokens(EA07, new, TID)
    assert caught.value.code == code


def test_the_result_of_a_message_is_given_again(monkeypatch):
    monkeypatch.setattr(backends, "MOST_RESULTS", 2)
    store = backend()
    assert store.fetch_token_result("m1") is None
    one = store.issue_credit_token(EA07, 0, 10, TID, 3, "m1")
    two = store.issue_mse_token(EA07, 5, {}, TID, 3, "m2")
    assert (store.fetch_token_result("m1"), store.fetch_token_result("m2")) == ([one], [two])
    store.issue_meter_test_token(0, 1, 0, "m3")
    assert store.fetch_token_result("m1") is None and store.fetch_token_result("m3")
    assert store.fetch_token_result("") is None


def test_decoder_keys_are_derived_once_and_bounded(monkeypatch):
    calls = []
    derive = ring.derive
    monkeypatch.setattr(ring, "derive", lambda vk, m: calls.append(m) or derive(vk, m))
    monkeypatch.setattr(ring, "MOST_READY", 2)
    store = backend()
    for number in (1, 1, 2, 1, 3, 3, 1):  # 1 is the oldest when 3 comes
        store.issue_credit_token(MeterConfig(drn(number)), 0, 10, TID, 3)
    assert [m.drn for m in calls] == [drn(1), drn(2), drn(3), drn(1)]
    calls.clear()
    keys = {
        store.decoder_key(MeterConfig(drn(1), **register))
        for register in ({"ti": 1}, {"ti": 2}, {"ea": 11}, {"ti": 1, "ken": 80})
    }
    assert len(keys) == 3 and len(calls) >= 3


def test_locked_keys_make_nothing():
    store = SoftBackend(None)
    for act in (
        lambda: store.issue_credit_token(EA07, 0, 10, TID, 3),
        lambda: store.issue_credit_tokens([]),
        lambda: store.issue_mse_token(EA07, 5, {}, TID, 3),
        lambda: store.issue_key_change_tokens(EA07, EA11, TID),
        lambda: store.decoder_key(EA07),
        lambda: store.verify_token(EA07, "0" * 20),
    ):
        with pytest.raises(Unavailable) as caught:
            act()
        assert caught.value.code == "keys_locked"
        assert "supervisor" in caught.value.message
