"""Languages, results in words, the scroll list, buttons, other makers' codes, sounds and light."""

from heap_rig import heap_lock, heap_unlock
from meter_rig import FIRST_TID, KEY, meter, press, reading, shown, token

from drivers import display_layout
from meter.face import keys, panel, signals, words
from meterbus import codes, short_codes
from sts_portable import results, vendor

TICK_MS = 20


def test_the_kinds_are_those_of_the_displays():
    for kind in ("STATE", "ENTRY", "MESSAGE", "VALUE", "ALARM"):
        assert getattr(panel, kind) == getattr(display_layout, kind)


def test_the_items_change_only_with_what_they_show():
    device = meter()
    items = device.display()
    assert (items.kind, items.label, items.value) == (panel.STATE, "Credit", "0.00 kWh")
    assert (items.status, items.detail) == ("Off", "No credit")
    serial = items.serial
    heap_lock()
    try:
        for _ in range(5):
            same = device.display()
    finally:
        heap_unlock()
    assert same is items and items.serial == serial
    for change, kind, value in (
        (lambda: press(device, "12345"), panel.ENTRY, "12345"),
        (lambda: press(device, "*"), panel.ENTRY, "1234"),
        (lambda: device.elapsed(0, 20000), panel.STATE, "0.00 kWh"),
        (lambda: press(device, "804#"), panel.VALUE, "00000000000"),
        (lambda: press(device, "804#"), panel.VALUE, "00000000000"),
        (lambda: press(device, "*"), panel.STATE, "0.00 kWh"),
        (lambda: device.enter_token(token(10)), panel.MESSAGE, "+1.0 kWh"),
        (lambda: press(device, "*"), panel.STATE, "1.00 kWh"),
    ):
        change()
        serial = items.serial
        device.display()
        assert items.serial != serial
        assert (items.kind, items.value) == (kind, value), (items.kind, items.value)
        assert items.progress == (len(value) if kind == panel.ENTRY else 0)
        assert items.result == (results.ACCEPT if kind == panel.MESSAGE else -1)
        serial = items.serial
        device.display()
        assert items.serial == serial


def test_the_state_follows_everything_that_it_shows():
    device = meter()
    device.enter_token(token(200))
    press(device, "*")
    device.sensed(reading(230000, None, 600), 0, True)
    items = device.display()
    for change, status, detail in (
        (lambda: None, "On", "60 W"),
        (lambda: device.sensed(reading(), 0, True), "On", "---"),
        (lambda: setattr(device.supply, "relay_failed", True), "Relay fault", ""),
        (lambda: setattr(device.supply, "reasons", codes.SAFE_MODE), "Off", "Safe mode"),
        (lambda: setattr(device.supply, "reasons", codes.LEDGER_FAULT), "Off", "Memory fault"),
    ):
        change()
        device.display()
        assert (items.status, items.detail) == (status, detail)
    device.pulses(20)
    assert device.display().value == "19.98 kWh"


def test_a_21st_digit_changes_the_hint_only():
    device = meter()
    press(device, "12345678901234567890")
    items = device.display()
    assert (items.status, items.progress) == ("#enter", 20)
    press(device, "1")
    device.display()
    assert (items.status, items.value) == ("20 max", "12345678901234567890")
    assert device.signals.buzzer
    device.elapsed(0, 29999)
    device.display()
    assert items.kind == panel.ENTRY
    device.elapsed(0, 1)
    device.display()
    assert items.kind == panel.STATE


def test_every_result_has_words_of_its_own_and_the_standard_s_name():
    for result in range(results.NONE, results.FOURTH_KCT + 1):
        label, value = panel.result_words(result, "")
        assert 0 < len(label) <= 16
        assert value == ("" if result == results.ACCEPT else results.name(result))
        assert panel.result_words(result, "effect or cause") == (label, "effect or cause")
    assert panel.result_words(results.LOCKOUT_ERROR, "") == ("Locked", "LockoutError")
    assert panel.result_words(99, "") == ("Not taken", "Result99")
    labels = [panel.result_words(r, "")[0] for r in range(results.FOURTH_KCT + 1)]
    assert len(set(labels)) == len(labels) - 3, "only the four sections share theirs"


def test_a_lock_out_is_displayed_with_its_seconds():
    for language, line in (("en", "Wait 1280 s"), ("sw", "Subiri sek. 1280")):
        device = meter(language=language)
        device.lockout.wrong[0] = 10
        device.enter_token(token(10, 1, bytes(8)))
        assert device.enter_token(token(10, 1)) == results.LOCKOUT_ERROR
        assert device.display().value == line
        assert device.display().result == results.LOCKOUT_ERROR


def test_the_wrong_token_that_locks_tells_the_wait_and_the_seconds_count_down():
    device = meter()
    for number in range(3):
        press(device, token(10, number, bytes(8)) + "#")
        assert shown(device) == ("Wrong token", "CRCError")
    press(device, token(10, 3, bytes(8)) + "#")
    for label in ("Wrong token", "Locked"):
        assert shown(device) == (label, "Wait 10 s")
        device.elapsed(0, 1000)
        assert shown(device) == (label, "Wait 9 s")
        device.elapsed(0, 8999)
        assert shown(device) == (label, "Wait 1 s")
        device.elapsed(0, 1)
        assert shown(device)[0] == "Credit   0.00kWh"  # and not "Wait 0 s"
        press(device, token(10, 4, bytes(8)) + "#")  # 20 s
        device.elapsed(0, 10000)
        press(device, token(10, 5) + "#")
    press(device, "999#")
    device.elapsed(0, 1000)
    assert shown(device) == ("Unknown code", "999")  # nothing of it is left


def _lines_of_state(device):
    """Return what the second line has within 20 seconds, in order."""
    found = []
    for _ in range(40):
        line = shown(device)[1]
        if line not in found:
            found.append(line)
        assert shown(device)[0].startswith("Credit "), "the credit is always there"
        device.elapsed(500, 500)
    return found


def test_the_state_has_alarms_in_turn_with_the_supply():
    device = meter()
    device.enter_token(token(200, 1))
    press(device, "*")
    device.sensed(reading(w_x10=0), codes.MAGNET, True)
    device.relay_command(20)
    device.elapsed(0, 1000)
    assert _lines_of_state(device) == ["On           0 W", "Tamper", "Magnet"]
    clear = vendor.management(KEY, 7, 5, FIRST_TID + 9, 0, pad=0)
    device.sensed(reading(w_x10=0), 0, True)
    assert device.enter_token(clear) == results.ACCEPT
    press(device, "*")
    device.elapsed(0, 12000)
    assert _lines_of_state(device) == ["On           0 W"]
    device = meter(tamper_opens=codes.MAGNET)
    device.enter_token(token(200, 1))
    press(device, "*")
    device.sensed(reading(), codes.MAGNET, False)
    device.elapsed(0, 1000)
    assert _lines_of_state(device) == ["Off Tamper", "Magnet"]


def test_each_kind_of_tampering_in_turn_in_each_language():
    every = sum([row[0] for row in codes.TAMPER])
    for language in words.LANGUAGES:
        device = meter(language=language)
        device.enter_token(token(200, 1))
        device.tamper.latched = every
        text = device.words.text
        kinds = [text(row[2]) for row in codes.TAMPER]
        press(device, "*")
        found = []
        for _ in range(60):
            if device.display().status not in found:
                found.append(device.display().status)
            device.elapsed(500, 500)
        assert [one for one in found if one in kinds] == kinds, language
        assert text("Tamper") in found
        press(device, "818#")
        found = []
        for _ in range(30):
            assert device.display().label == text("Tamper")
            value = device.display().value
            assert len(value) <= 16
            if value not in found:
                found.append(value)
            device.elapsed(500, 500)
        assert sorted(found) == sorted(kinds), language
        device.tamper.latched = codes.MAGNET
        press(device, "818#")
        device.elapsed(9000, 9000)
        assert device.display().value == text("Magnet")
        device = None


def test_an_overload_that_waits_for_a_key_says_so():
    device = meter(overload_w=1000, overload_trips=2)
    device.enter_token(token(200, 1))
    press(device, "*")
    for lines, bits in (
        (["Off Overload"], codes.OVERLOAD),
        (["Off Overload", "Press #"], codes.OVERLOAD | codes.KEY_AWAITED),
    ):
        device.sensed(reading(w_x10=20000), 0, True)
        device.elapsed(31000, 31000)
        assert device.supply.reasons == bits
        device.sensed(reading(w_x10=0), 0, False)
        assert _lines_of_state(device) == lines
        device.elapsed(120000, 0)
    device.elapsed(0, 12000)
    press(device, "#")
    assert device.supply.reasons == 0


def test_a_reason_that_has_no_room_beside_the_word_off_takes_turns_with_it():
    device = meter(language="fr")
    device.supply.order(False)
    device.elapsed(0, 100)
    assert _lines_of_state(device) == ["Par le service", "Coupe"]


def test_the_texts_are_in_the_language_of_the_setting():
    for language, label, detail in (
        ("en", "Credit", "No credit"),
        ("fr", "Cr\u00e9dit", "Sans cr\u00e9dit"),
        ("pt", "Cr\u00e9dito", "Sem cr\u00e9dito"),
        ("sw", "Salio", "Salio limeisha"),
        ("sv", "Kredit", "Ingen kredit"),
        ("es", "Cr\u00e9dito", "Sin cr\u00e9dito"),
        ("xx", "Credit", "No credit"),
        (5, "Credit", "No credit"),
    ):
        device = meter(language=language)
        items = device.display()
        assert (items.label, items.detail) == (label, detail)
        device.panel.show("No such text", "31.5 kWh")
        assert shown(device) == ("No such text", "31.5 kWh")
    device = meter(language="fr")
    press(device, token(200) + "#" + token(200) + "#")
    assert shown(device) == ("Deja utilise", "UsedError")
    assert device.display().label == "D\u00e9j\u00e0 utilis\u00e9"
    assert shown(meter(language="fr", drn="1")) == ("Non configure", "Verif. drn")


def test_the_scroll_list_of_the_settings_by_itself():
    device = meter(scroll=["804", "801"], scroll_s=5)
    seen = []
    for _ in range(7):
        device.elapsed(0, 4999)
        before = shown(device)[0]
        device.elapsed(0, 1)
        seen.append((before, shown(device)[0]))
    labels = ["Credit   0.00kWh", "Meter number", "Credit"] * 3
    assert seen == [(labels[i], labels[i + 1]) for i in range(7)], seen
    press(device, "12")
    device.elapsed(0, 5000)
    assert shown(device)[0] == "12", "not during an entry"


def test_no_scrolling_by_itself_with_other_settings():
    for scroll_s in (None, 0, -1, 3601, True, "5"):
        device = meter(scroll_s=scroll_s)
        device.elapsed(0, 10000000)
        assert shown(device)[0] == "Credit   0.00kWh"
    for scroll in (None, 5, "801", [801]):
        device = meter(scroll=scroll)
        press(device, "#")
        assert shown(device)[0] == "Credit"


def test_a_button_scrolls_and_its_long_press_has_a_feature():
    device = meter(scroll=["851"])
    press(device, keys.NEXT)
    assert shown(device)[0] == "Total"
    press(device, keys.NEXT)
    assert shown(device)[0] == "Credit   0.00kWh"
    press(device, keys.HOLD)
    assert shown(device) == ("Emergency", "Not supported")

    for given, wanted in (({}, "Not supported"), ({"emergency_wh": 5000}, "5.00 kWh")):
        device = meter(**given)
        press(device, keys.HOLD)
        assert shown(device) == ("Emergency", wanted)
    press(device, keys.HOLD)
    assert shown(device) == ("Emergency", "Used")


def test_other_makers_codes():
    for numbering, code, label in (
        ("landis", "000", "Meter number"),
        ("landis", "002", "Credit"),
        ("landis", "059", "Credit"),
        ("conlog", "078", "Last result"),
        ("itron", "47", "Power"),
        ("itron", "03", "Total"),
    ):
        device = meter(short_codes=numbering)
        press(device, code + "#")
        assert shown(device)[0] == label
        press(device, "801#")
        assert shown(device)[0] == "Credit", "ours are there as well"
        device = meter()
        press(device, code + "#")
        assert shown(device) == ("Unknown code", code)
    device = meter(short_codes="conlog")
    press(device, "#078#")  # as it is printed on that maker's cards
    assert shown(device)[0] == "Last result"
    assert shown(meter(short_codes="nobody"))[0] == "Credit   0.00kWh"


def test_every_alias_is_of_a_code_that_exists():
    device = meter()
    ours = {row[0] for one in device.features for row in getattr(one, "CODES", ())}
    for line in short_codes.TABLE.split("\n"):
        if not line:
            continue
        row = line.split(" ")
        assert row[0] in ours and len(row) == 1 + len(short_codes.NUMBERINGS)
        for column in range(1, len(row)):
            for number in row[column].split(","):
                if number != "-":
                    numbering = short_codes.NUMBERINGS[column - 1]
                    assert short_codes.find(numbering, number) == row[0]
    assert keys.NUMBERINGS == short_codes.NUMBERINGS
    assert short_codes.find("itron", "-1") is None


def heard(device, ms):
    """Return the lengths (on, off, on, ...) of the buzzer in ticks."""
    found = []
    on = False
    length = 0
    for _ in range(ms // TICK_MS):
        if device.signals.buzzer != on:
            found.append(length)
            on = not on
            length = 0
        length += 1
        device.elapsed(0, TICK_MS)
    return found[1:] + [length] if on else found[1:]


def test_a_key_clicks_and_a_result_sounds():
    device = meter()
    press(device, "1")
    assert heard(device, 1000) == [1]
    press(device, "*" + token(10) + "#")
    assert heard(device, 3000) == [5, 5, 20]
    press(device, token(10) + "#")
    assert heard(device, 3000) == [7, 5, 7, 5, 7]
    press(device, "999#")
    assert heard(device, 1000) == [1]
    device = meter(key_click=False)
    press(device, "1")
    assert heard(device, 1000) == []
    device.signals.result(results.SECOND_KCT)
    assert heard(device, 3000) == [5, 5, 20]


def test_low_credit_sounds_every_minute_until_a_key():
    device = meter(key_click=False)
    device.signals.play(signals.LOW_CREDIT)
    assert heard(device, 1000) == [5, 5, 5]
    device.elapsed(0, 58000)
    assert not device.signals.buzzer
    assert heard(device, 3000) == [5, 5, 5]
    device.signals.play(signals.LOW_CREDIT)
    device.elapsed(0, TICK_MS)
    press(device, "1")  # in the middle of a tone
    assert not device.signals.buzzer
    assert heard(device, 200000) == []
    device.signals.play(signals.LOW_CREDIT)
    heard(device, 1000)
    assert device.keys.short_code("812") == ("Alarm", "Silent")
    assert heard(device, 200000) == []


def test_a_sound_between_two_of_an_alarm_does_not_end_it():
    device = meter(key_click=False)
    device.signals.play(signals.LOW_CREDIT)
    heard(device, 1000)
    device.signals.play(signals.REFUSED)
    assert heard(device, 2000) == [7, 5, 7, 5, 7]
    assert heard(device, 61000) == [5, 5, 5]


def test_other_sounds_do_not_postpone_an_alarm():
    """Refused tokens from the bus each ten seconds, for ten minutes."""
    device = meter(key_click=False)
    device.signals.play(signals.LOW_CREDIT)
    found = heard(device, 1000)
    for _ in range(60):
        device.signals.play(signals.REFUSED)
        found += heard(device, 10000)
    low, refused = found.count(5) - 2 * 60, found.count(7)
    assert refused == 3 * 60 and 3 * 10 <= low <= 3 * 11, (low, refused)


def test_an_opened_cover_sounds():
    device = meter()
    device.sensed(reading(), 1, False)
    device.elapsed(0, TICK_MS)
    assert heard(device, 5000)[1:] == [5, 25, 5, 25, 5, 25]
    device.sensed(reading(), 0, False)
    assert heard(device, 5000) == []


def blinks(device, ms):
    """Return how often the light goes on, and the shortest time between two."""
    count = 0
    since = shortest = 1000
    lit = device.signals.led
    for _ in range(ms // TICK_MS):
        device.elapsed(0, TICK_MS)
        since += 1
        if device.signals.led and not lit:
            count += 1
            shortest = min(shortest, since)
            since = 0
        lit = device.signals.led
    assert not lit
    return count, shortest


def test_the_light_blinks_per_pulse_or_at_its_own_constant():
    for constant, imp, pulses, count in (
        (1000, None, 3, 3),
        (1000, 500, 7, 3),
        (1000, 2000, 3, 6),
        (3200, 1000, 32, 10),
        (1000, 0, 2, 2),
        (1000, 10001, 2, 2),
        (1000, True, 2, 2),
    ):
        device = meter(None, constant, led_imp_per_kwh=imp)
        device.elapsed(0, TICK_MS)
        total = 0
        for _ in range(pulses):
            device.pulses(1)
            total += blinks(device, 400)[0]
        assert total == count, (constant, imp, total)


def test_the_rate_of_the_light_is_bounded():
    device = meter()
    device.elapsed(0, TICK_MS)
    device.pulses(1000000000)
    count, shortest = blinks(device, 3000)
    assert count == 10 and shortest * TICK_MS == 80
    device.pulses(0)
    assert blinks(device, 3000)[0] == 0
    device.account.energy_wh = 0xFFFFFFFF
    blinks(device, 3000)
    device.pulses(1)  # the register begins anew
    assert device.account.energy_wh == 0 and blinks(device, 3000)[0] == 0
    device.pulses(1)
    assert blinks(device, 3000)[0] == 1


def test_the_known_bits_of_the_codes_of_the_face():
    for feature in (meter().panel, meter().signals):
        assert all(row[2] == codes.KNOWN_ALWAYS for row in feature.CODES)
