"""What the bench tells of a meter: alarms and events in words, the load profile as a picture."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from drivers.reading import IMPLAUSIBLE, STUCK
from meterbus import codes, descriptions, status_bits
from sts_portable import results
from tjugo import face_card
from tjugo.bench import appliances, options, words
from tjugo.bench.meters import BadCommand
from tjugo.bench.profile_picture import MOST_SLOTS, draw, slots
from tjugo.device.event_words import sentence
from tjugo.meter_words import TAMPER

SVG = "{http://www.w3.org/2000/svg}"


def test_every_reason_and_tampering_has_words():
    assert set(words.REASONS) == {name for _, name, _, _ in codes.REASONS}
    assert set(TAMPER) == {name for _, name, _ in codes.TAMPER}
    assert set(words.ALARMS) < {name for _, name in status_bits.STATUS}
    every = sum(bit for bit, _, _, _ in codes.REASONS)
    assert words.reasons({"open_reasons": every}) == list(words.REASONS.values())


def test_alarms_in_words():
    report = {"tamper": codes.MAGNET | codes.BYPASS, "status": 0, "lockout_s": 20}
    assert words.alarms(report) == [
        "Tampering: magnet, bypass.",
        "Wrong tokens: the entry is locked for 20 s.",
    ]
    trip = {"open_reasons": codes.MALIGNANT_LOAD, "status": codes.STATUS_MALIGNANT}
    assert words.alarms(trip) == []  # it is the reason why the supply is open
    assert words.alarms(trip | {"open_reasons": 0}) == [words.ALARMS["malignant_load"]]
    unknown = {"tamper": None, "status": None, "lockout_s": None, "open_reasons": None}
    assert words.alarms(unknown) == words.reasons(unknown) == words.alarms({}) == []


def test_every_event_is_a_sentence():
    for code, _, _ in descriptions.EVENTS:
        assert not sentence(code, 1).startswith("Event")
    for code, data, text in (
        (codes.EVENT_TOKEN_REFUSED, results.USED_ERROR, "Token refused (UsedError)"),
        (codes.EVENT_TAMPER, 256 + 4, "Tampering: magnet, while the meter was without power"),
        (codes.EVENT_VOLTAGE_HIGH, 2853, "Over-voltage: 285.3 V"),
        (codes.EVENT_ORDER, 1, "The utility's order: connect"),
        (codes.EVENT_EMERGENCY, 50, "Emergency credit taken: 0.5 kWh"),
        (codes.EVENT_CLOCK_SET, 65535, "Clock set"),
        (codes.EVENT_CLOCK_SET, 90, "Clock set, by 90 s"),
        (99, 7, "Event 99, data 7"),
        (
            codes.EVENT_METERING_FAULT,
            IMPLAUSIBLE,
            "The metering part answers with values that cannot be",
        ),
        (
            codes.EVENT_METERING_FAULT,
            STUCK,
            "The metering part is stuck: what it answers does not follow the load",
        ),
    ):
        assert sentence(code, data) == text
    assert sentence(1, 0, 1) == "The meter started"
    assert sentence(1, 0, 7) == "The meter started (the last of 7 that can be repeated)"
    assert sentence(1, 0, 255).endswith("(the last of 255 or more that can be repeated)")


def test_what_is_plugged_in_adds_up():
    assert appliances.together([]) == [0, 0, 0, 0]
    kettle, motor = appliances.together(["kettle"]), appliances.together(["fridge"])
    assert kettle == [2000, 0, 0, 0] and motor[:2] == [0, 110] and motor[2] > 110
    assert appliances.together(["fridge", "kettle"]) == [2000, 110, motor[2], 0]
    assert appliances.plugged_watts(["kettle", "laptop", "dimmer"]) == 2215
    assert appliances.together(["laptop"])[2] < 0  # it leads


@pytest.mark.parametrize("given", [{}, [], None, {"sauna": True}, {"malignant": 1}])
def test_options_from_outside_are_checked(given):
    with pytest.raises(BadCommand, match="known: malignant, overload"):
        options.checked(given)


def half_hour(number, wh, *flags, hour=6):
    at = datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(minutes=30 * number)
    return {"number": number, "from": at.isoformat(), "wh": wh, "flags": list(flags)}


def timeless(wh):
    return {"number": 1, "from": None, "wh": wh, "flags": ["no_time"]}


def picture(rows, zone="UTC"):
    drawn = draw(slots(rows), ZoneInfo(zone), lambda at: f"{at:%H:%M}")
    return ElementTree.fromstring(drawn.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" '))


def titles(tree):
    return [node.text for node in tree.iter(f"{SVG}title")]


def bars(tree, kind):
    """Return the bars of a kind; those of patterns have no place."""
    found = [one for one in tree.iter(f"{SVG}rect") if kind in one.get("class").split()]
    return [one for one in found if one.get("x")]


def test_an_unknown_half_hour_is_hatched_and_0_is_a_bar():
    tree = picture([half_hour(0, 500), half_hour(1, 0), half_hour(4, 250, "power_failed")])
    assert titles(tree) == [
        "06:00: 500 Wh",
        "06:30: 0 Wh",
        "07:00: unknown: no entry",
        "07:30: unknown: no entry",
        "08:00: 250 Wh; without power for a part of it",
    ]
    assert len(bars(tree, "gap")) == 2
    heights = [float(one.get("height")) for one in bars(tree, "bar")]
    assert heights[0] == 2 * heights[2] and 0 < heights[1] < 3
    assert len(bars(tree, "flagged")) == 1
    assert [one.text for one in tree.iter(f"{SVG}text") if "mark" in one.get("class")] == ["▼"]
    assert "2 of them unknown; the axis ends at 500 Wh" in tree.get("aria-label")


def test_a_remark_is_no_overflow(repo):
    """The bar of a half hour with a remark has another fill than any mark, and is striped."""
    css = (repo / "host/tjugo/web/static/bench.css").read_text()
    (fill,) = re.findall(r"\.records \.bar\.flagged \{ fill: (\S+);", css)
    assert fill == "url(#flagged)"
    tree = picture([half_hour(0, 500, "power_failed"), half_hour(1, 500)])
    assert [one.get("id") for one in tree.iter(f"{SVG}pattern")] == ["gap", "flagged"]
    assert len(bars(tree, "flagged")) == 1 and len(bars(tree, "bar")) == 2
    legend = (repo / "host/tjugo/web/templates/bench_records.html").read_text()
    assert 'class="bar flagged"' in legend


def test_entries_of_one_half_hour_add_up_and_those_without_time_have_no_place():
    rows = [half_hour(0, 100, "clock_set"), timeless(40), half_hour(0, 20, "power_failed")]
    (slot,) = slots(rows)
    assert (slot.wh, slot.flags) == (120, ["clock_set", "power_failed"])
    assert slots([timeless(40)]) == slots([]) == []


def test_the_newest_two_days_are_shown_at_local_time():
    rows = [half_hour(n, n, hour=0) for n in range(0, 300, 2)]
    assert len(slots(rows)) == MOST_SLOTS and slots(rows)[-1].wh == 298
    tree = picture(rows, "Asia/Kolkata")
    times = [one.text for one in tree.iter(f"{SVG}text") if one.get("class") == "time"]
    assert times == ["12:00", "18:00", "00:00", "06:00"] * 2
    dates = [one.text for one in tree.iter(f"{SVG}text") if "date" in one.get("class")]
    assert dates == ["2026-03-05", "2026-03-06", "2026-03-07"]


def test_a_profile_of_nothing_has_an_axis():
    assert "the axis ends at 10 Wh" in picture([half_hour(0, 0)]).get("aria-label")


def test_the_card_is_in_the_customers_language():
    page = face_card.page("fr", "itron")
    assert "<title>Codes courts</title>" in page and '<html lang="fr">' in page
    assert re.search(r"<td>41</td><td>Tension</td>", page)
    assert "<td>801</td>" in face_card.page("sw")
