"""Topics and messages of the uplink by their tables: made, read, and null where unknown."""

import json

from meterbus import codes, registers, status_bits
from uplink import codec, descriptions, kinds, messages, topics

DRN = "12345678903"
STATE = {row[messages.NAME]: row for row in messages.STATE}
READ = {"energy_wh": 4000000000, "credit": -5, "power_w": 2000, "control_state": 1}
READ.update({"token_result": 13, "sequence": 70000, "status": 2, "drn": DRN, "krn": 2})
READ.update(
    {"power_fail_count": 3, "sgc": 123457, "ken": 255, "ti": 7, "kt": 2, "open_reasons": 4}
)


def polled(**changes):
    """Return the values that a poll reads of a meter, through the bytes of its registers."""
    values = dict(READ)
    values.update(changes)
    data = bytearray(2 * registers.STATE_COUNT)
    registers.fill(
        registers.STATE_START, registers.STATE_COUNT, lambda name: values.get(name, 0), data
    )
    return registers.decode(registers.STATE_START, data)


def error_of(function, *args):
    try:
        function(*args)
    except codec.MessageError as error:
        return str(error)
    raise AssertionError("taken: %r" % (args,))


def test_topics_of_a_collector():
    names = topics.Topics(1, "c1")
    assert names.status == "tjugo/v1/1/c1/status"
    assert names.about == "tjugo/v1/1/c1/about"
    assert names.echo == "tjugo/v1/1/c1/echo"
    assert names.echo_reply == "tjugo/v1/1/c1/echo/reply"
    assert names.commands == "tjugo/v1/1/c1/+/cmd"
    assert names.ack(DRN) == "tjugo/v1/1/c1/%s/ack" % DRN
    assert names.state(DRN) == "tjugo/v1/1/c1/%s/state" % DRN
    assert names.command_drn("tjugo/v1/1/c1/5/cmd") == "5"
    others = ("", "c1", "2/c1/5/cmd", "1/c2/5/cmd", "1/c1/5/ack", "1/c1/5/6/cmd", "1/c1/cmd")
    for other in others:
        assert names.command_drn("tjugo/v1/" + other) is None, other


def test_every_topic_is_read_as_it_was_made():
    for row in topics.ROWS:
        name = row[topics.NAME]
        drn = DRN if "<drn>" in row[topics.PATTERN] else ""
        topic = topics.build(name, 7, "north-2", drn)
        assert topics.parse(topic) == (name, 7, "north-2", drn)
        assert row[topics.MESSAGE] in messages.MESSAGES
        version2 = topic.replace("/v1/", "/v2/")
        assert topics.parse(version2) is None
    up = topics.filters(topics.UP, 1)
    assert up[0] == "tjugo/v1/1/+/status" and up[-1] == "tjugo/v1/1/+/+/state"
    assert topics.filters(topics.DOWN, 3, "c1") == ["tjugo/v1/3/c1/echo", "tjugo/v1/3/c1/+/cmd"]


def test_topics_that_are_none():
    for tenant in ("", "0", "01", "x", "-1", "+1", "1" * 10, "\u0661"):
        assert topics.parse("tjugo/v1/%s/c1/status" % tenant) is None, tenant
    for tail in ("", "/c1", "/c1/x", "//status", "/c1/5x/ack", "/c1/echo/x", "/c1//ack", "/c1/5/"):
        assert topics.parse("tjugo/v1/1" + tail) is None, tail


def test_reading():
    assert json.loads(codec.reading(polled(), True, 1700000000)) == {
        "at": 1700000000,
        "online": True,
        "fault": None,
        "crash": None,
        "energy_wh": 4000000000,
        "credit_wh": -50,
        "power_w": 2000,
        "control_state": 1,
        "open_reasons": 4,
        "token_result": 13,
        "sequence": 70000,
        "power_fail_count": 3,
        "power_limit_w": 0,
        "krn": 2,
        "kt": 2,
        "ti": 7,
        "sgc": 123457,
        "ken": 255,
        "cover_open": False,
        "relay_closed": True,
        "not_configured": False,
        "ledger_fault": False,
        "relay_fault": False,
        "safe_mode": False,
        "crashed": False,
        "tamper": False,
        "low_credit": False,
        "malignant_load": False,
        "metering_fault": False,
    }


def test_every_bit_of_the_status_is_a_field():
    for row in status_bits.STATUS:
        state = json.loads(codec.reading(polled(status=row[0]), True, None))
        assert [name for name in state if state[name] is True and name != "online"] == [row[1]]


def test_every_register_of_a_poll_is_in_a_field():
    sources = {row[messages.SOURCE] for row in messages.STATE}
    for row in registers.ROWS:
        at = row[registers.ADDRESS] - registers.STATE_START
        if 0 <= at < registers.STATE_COUNT and row[registers.NAME] != "drn":
            assert row[registers.NAME] in sources, row


def test_reading_of_a_meter_never_seen():
    state = json.loads(codec.reading({}, False, None))
    assert state.pop("online") is False
    rows = [row for row in messages.STATE if row[messages.NULL] != messages.LEFT_OUT]
    assert len(state) == len(rows) - 1
    assert set(state.values()) == {None}


def test_a_ledger_at_fault_leaves_nothing_of_it_known():
    bits = messages.bit_of(status_bits.STATUS, "ledger_fault")
    damaged = polled(status=bits, energy_wh=0, credit=0, control_state=0)
    state = json.loads(codec.reading(damaged, True, 5))
    assert (state["online"], state["fault"], state["ledger_fault"]) == (True, "ledger fault", True)
    for name in state:
        if name in STATE and STATE[name][messages.NULL] == messages.LEDGER:
            assert state[name] is None, name
    assert state["energy_wh"] is state["credit_wh"] is state["krn"] is None
    assert (state["control_state"], state["power_w"], state["open_reasons"]) == (0, 2000, 4)


def test_the_safe_application_leaves_most_of_the_status_unknown():
    """Unknown is null, never false: the safe application reads no cover and no ledger."""
    safe = {"status": codes.STATUS_SAFE | codes.STATUS_CRASHED, "control_state": 0}
    safe["open_reasons"] = codes.SAFE_MODE
    state = json.loads(codec.reading(safe, True, 5))
    assert (state["fault"], state["safe_mode"], state["crashed"]) == ("safe mode", True, True)
    assert state["relay_closed"] is False
    unknown = [row[1] for row in status_bits.STATUS if state[row[1]] is None]
    assert unknown == (
        ["cover_open", "not_configured", "ledger_fault", "relay_fault"]
        + ["tamper", "low_credit", "malignant_load", "metering_fault"]
    )
    assert "tamper_kinds" not in state


def test_what_the_ledger_holds_is_unknown_while_it_is_at_fault_unless_it_is_set():
    fault = codes.STATUS_LEDGER_FAULT
    state = json.loads(codec.reading(polled(status=fault), True, 5))
    assert state["tamper"] is state["low_credit"] is state["malignant_load"] is None
    assert state["cover_open"] is False
    state = json.loads(codec.reading(polled(status=fault | codes.STATUS_TAMPER), True, 5))
    assert state["tamper"] is True


def test_kinds_of_tampering():
    state = json.loads(codec.reading(dict(polled(status=128), tamper=9), True, 5))
    assert (state["tamper"], state["tamper_kinds"]) == (True, 9)
    assert descriptions.names_of(codes.TAMPER, 9) == ["meter_cover", "reverse"]


def test_only_what_was_read_is_known():
    """A meter that can give its status only: it is online, and the fault is named."""
    some = {"status": 9, "control_state": 0, "open_reasons": 4}
    state = json.loads(codec.reading(some, True, 5))
    assert (state["fault"], state["cover_open"], state["open_reasons"]) == (
        "ledger fault",
        True,
        4,
    )
    assert state["energy_wh"] is state["power_w"] is None


def test_the_fault_is_the_one_that_is_given_or_the_gravest_of_the_status():
    for status, fault in (
        (0, None),
        (3, None),
        (64, None),
        (16, "relay fault"),
        (20, "not configured"),
    ):
        state = json.loads(codec.reading(polled(status=status), True, 5))
        assert state["fault"] == fault
    state = json.loads(codec.reading(polled(status=63), True, 5))
    assert state["fault"] == "safe mode"
    state = json.loads(codec.reading(polled(status=16), False, 5, "no answer", "OSError: 5"))
    assert (state["fault"], state["crash"]) == ("no answer", "OSError: 5")


def test_names_of_bits():
    assert descriptions.names_of(codes.REASONS, 0) == []
    assert sorted(descriptions.names_of(codes.REASONS, 5)) == ["ledger_fault", "no_credit"]
    assert descriptions.names_of((), 0x8001) == ["bit 0", "bit 15"]
    for table in (codes.REASONS, status_bits.STATUS):
        bits = [row[0] for row in table]
        assert len(set(bits)) == len({row[1] for row in table}) == len(table)
        assert not [bit for bit in bits if bit & (bit - 1) or not 0 < bit < 1 << 16]


def test_about_and_echo():
    about = {"version": "0.1.0", "crash": None, "instance": 4294967295}
    assert json.loads(codec.encode("about", about)) == about
    assert codec.instance(codec.encode("about", about)) == 4294967295
    for payload in (None, b"", b"{}", b"7", b'{"instance": "7"}'):
        assert codec.instance(payload) is None
    assert codec.nonce(codec.encode("echo", {"nonce": 4294967295})) == 4294967295
    for payload in (
        b"{}",
        b'{"nonce": -1}',
        b'{"nonce": true}',
        b'{"nonce": "1"}',
        b'{"nonce": 4294967296}',
    ):
        assert "nonce" in error_of(codec.nonce, payload)
    assert "JSON" in error_of(codec.nonce, b"[7]")


def test_a_command():
    token = "01234567890123456789"
    plain = codec.command(codec.encode("cmd", {"ref": 7, "token": token}))
    other = {"expires": None, "forget": None, "again": None, "order": None}
    assert plain == dict(other, ref=7, token=token)
    given = b'{"ref": 4294967295, "token": "%s", "expires": 1800000000}' % token.encode()
    assert codec.command(given)["expires"] == 1800000000
    assert codec.command(b'{"ref": 7, "token": "%s", "expires": null}' % token.encode()) == plain
    assert codec.command(b'{"ref": 7, "forget": true}')["forget"] is True
    order = "0a" * 178
    found = codec.command(b'{"ref": 7, "order": "%s"}' % order.encode())
    assert found == dict(other, ref=7, token=None, order=order)
    for wrong in (order[:-1], order + "00", "0a" * 16, "0A" * 20, "0g" * 20, ""):
        given = b'{"ref": 7, "order": "%s"}' % wrong.encode()
        assert "178 bytes" in error_of(codec.command, given)
    given = b'{"ref": 7, "token": "%s", "order": "%s"}' % (token.encode(), order.encode())
    assert "or an order" in error_of(codec.command, given)
    longest = {"ref": 4294967295, "order": order, "expires": 8589934592, "again": True}
    assert len(json.dumps(longest)) <= codec.MAX_COMMAND
    assert "expires" in error_of(
        codec.command, b'{"ref": 7, "token": "%s", "expires": 1.5}' % token.encode()
    )


def test_an_acknowledgement_holds_what_belongs_to_its_state():
    stored = json.loads(codec.encode("ack", {"ref": 7, "state": kinds.STORED}))
    assert stored == {"ref": 7, "state": "stored"}
    refused = json.loads(codec.encode("ack", {"ref": None, "state": kinds.REFUSED, "why": "x"}))
    assert refused == {"ref": None, "state": "refused", "why": "x"}


def test_values_that_are_not_of_their_kind():
    samples = (None, True, -1, 0, 65536, 1 << 32, 1 << 64, 1.0, "1", "", [], {})
    taken = {
        "bool": (True,),
        "u16": (0,),
        "u32": (0, 65536),
        "s32": (-1, 0, 65536),
        "s64": (-1, 0, 65536, 1 << 32),
        "ref": (65536,),
        "time": (0, 65536, 1 << 32),
        "result": (0,),
        "bits": (0,),
        "text200": ("1", ""),
        "text3": ("1", ""),
        "token": (),
        "mac": (),
        "order": (),
        "connection": (),
        "ack_state": (),
    }
    assert sorted(taken) == sorted(kinds.KINDS)
    for kind in kinds.KINDS:
        found = [value for value in samples if kinds.clean(kind, value) is not None]
        assert [(type(v), v) for v in found] == [(type(v), v) for v in taken[kind]], kind
    assert kinds.clean("text200", "x" * 300) == "x" * 200
    assert kinds.clean("text3", "KESX") == "KES"
    assert kinds.clean("text200", "a\0b") == "a?b"
    assert kinds.clean("mac", "0123456789abcdef") == "0123456789abcdef"
    for mac in ("0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg"):
        assert kinds.clean("mac", mac) is None


def test_garbage_never_raises_but_as_a_message_error():
    state = 7
    texts = (
        b'{"ref": 4294967295, "token": "01234567890123456789", "expires": 1e5, "forget": null}',
        b'{"nonce": [1, {"a": "\\u0041"}], "ref": 12345678901234567890123}',
        b"tjugo/v1/1/collector/12345678903/state",
    )
    for turn in range(3000):
        data = bytearray(texts[turn % 3])
        for _ in range(1 + state % 5):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data[(state >> 8) % len(data)] = (state >> 16) & 0xFF
        cut = bytes(data[: (state >> 12) % (len(data) + 1)])
        topics.parse("".join(chr(c) for c in cut))
        for read in (codec.command, codec.nonce, codec.fields):
            try:
                read(cut)
            except codec.MessageError as error:
                assert str(error)
        try:
            found = codec.fields(cut)
        except codec.MessageError:
            continue
        for name in messages.MESSAGES:
            again = json.loads(codec.encode(name, codec.decode(name, found)))
            assert codec.decode(name, again) == codec.decode(name, found)
