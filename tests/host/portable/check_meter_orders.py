"""Orders of the station on the bus: who may give them, that each is carried out once, each kind.

The expected MACs were computed with Python's hmac; the test in test_orders_wire.py computes them
anew.
"""

from binascii import hexlify, unhexlify

from meter_rig import KEY, reading, token
from orders_rig import FEATURES, NOW, Line, order, proof

from meter import orders as feature
from meterbus import client, codes, frame, orders, parameter_names, parameters
from sts_portable import results

# (key, DRN, sequence, expires, kind, body, order, result, proof)
VECTORS = (
    ("e653341f9d5bf36f", "00000000000", 1790000000, 0, 1, "", 1),
    ("0123456789abcdef" * 2, "0600727000009", 4294967295, 1790086400, 4, "01021388", 2),
)


def pairs_of(**named):
    """Return the body of an order to change these settings, malignant__mode for malignant.mode."""
    pairs = []
    for name in sorted(named):
        row = parameter_names.find(name.replace("__", "."), "money" in name)
        pairs.append((row[parameters.NUMBER], named[name]))
    return orders.body(pairs)


def change(sequence, **named):
    return order(sequence, orders.SETTINGS, pairs_of(**named))


def closed(line):
    """Return whether the supply is closed."""
    line.second()
    return line.meter.supply.reasons & ~codes.NO_CREDIT == 0


def test_the_format():
    data = order(7, orders.CLOSE)
    assert len(data) == orders.MIN_BYTES and orders.head(data) == (7, 0, orders.CLOSE)
    assert len(orders.registers(data)) == 2 + len(data) + 1
    for value in (0, 1, 255, 256, 65535, 10**14, (1 << 64) - 1):
        assert orders.pairs(orders.body([(3, value), (255, 1)])) == {3: value, 255: 1}
    for wrong in ("", "01", "0100", "010100" * 2, "0109" + "00" * 9, "01020a", "01ff00"):
        try:
            orders.pairs(unhexlify(wrong))
        except ValueError:
            continue
        raise AssertionError(wrong)
    longest = [(row[0], row[5]) for row in parameters.ROWS]
    assert orders.MIN_BYTES + len(orders.body(longest)) <= orders.MAX_BYTES


def test_open_and_close():
    line = Line()
    line.meter.enter_token(token(200))
    assert line.answer() == frame.SERVER_DEVICE_FAILURE
    assert line.give(order(5, orders.OPEN)) == orders.DONE
    assert line.meter.supply.control_state() == codes.DISCONNECTED
    assert not closed(line) and line.meter.supply.text() == "By utility"
    assert line.give(order(6, orders.CLOSE)) == orders.DONE
    assert line.meter.supply.reasons == codes.KEY_AWAITED  # control mode 6: the customer's key
    line.meter.key("#")
    assert closed(line) and line.meter.supply.control_state() == codes.CONNECTED


def test_the_control_mode_is_honoured():
    line = Line(control_mode=7)
    line.meter.enter_token(token(200))
    assert line.give(order(5, orders.OPEN)) == orders.DONE
    assert line.give(order(6, orders.CLOSE)) == orders.DONE and closed(line)
    line = None
    line = Line(control_mode=0)
    assert line.give(order(5, orders.OPEN)) == orders.MODE and closed(line)


def test_no_order_gives_credit_or_overrides_a_fault():
    line = Line()
    assert line.give(order(5, orders.CLOSE)) == orders.DONE
    assert line.meter.supply.reasons & codes.NO_CREDIT


def test_an_order_is_carried_out_once_and_answered_again():
    line = Line(control_mode=7)
    first, second = order(5, orders.OPEN), order(6, orders.CLOSE)
    assert line.give(first) == orders.DONE
    sequence = line.meter.events.sequence
    assert line.give(first) == orders.DONE
    assert line.meter.events.sequence == sequence
    assert line.give(second) == orders.DONE
    assert line.give(first) == orders.OLD and line.meter.supply.remote is False
    assert line.give(order(4, orders.OPEN)) == orders.OLD
    line.start()
    assert line.answer() == frame.SERVER_DEVICE_FAILURE
    assert line.give(first) == orders.OLD
    writes = line.memory.writes
    assert line.give(second) == orders.DONE and line.memory.writes == writes
    assert line.meter.supply.remote is False


def test_a_tampered_order_does_nothing():
    line = Line()
    good = order(5, orders.OPEN)
    before = line.meter.orders.sequence
    for at in range(len(good)):
        line.second(10)
        bad = bytearray(good)
        bad[at] ^= 1
        assert line.write(bytes(bad)) == 0
        line.view.work()
        result, _, found = line.answer()
        assert (result, found) == (orders.WRONG_MAC, bytes(8))
    line.second(10)
    for other in (order(5, orders.OPEN, key=bytes(8)), order(5, orders.OPEN, drn="11111111111")):
        assert line.write(other) == 0
        line.view.work()
        assert line.answer()[0] == orders.WRONG_MAC
        line.second(10)
    # What another key derivation of the same key signs is no order.
    answer = good[:-8] + proof(good, orders.DONE)
    assert line.write(answer) == 0
    line.view.work()
    assert line.answer()[0] == orders.WRONG_MAC
    assert line.meter.orders.sequence == before and not line.meter.supply.remote
    line.second(10)
    assert line.give(good) == orders.DONE


def test_guessing_is_slow_and_wears_nothing_out():
    line = Line()
    wrong = order(5, orders.OPEN, key=bytes(8))
    writes, taken = line.memory.writes, 0
    for _ in range(3000):
        if line.write(wrong) == 0:
            taken += 1
            line.view.work()
        line.second()
    assert 300 <= taken <= 310
    assert line.memory.writes - writes < 2 * (40 + 3000 // 120) + 10
    line.second(10)
    assert line.give(order(5, orders.OPEN)) == orders.DONE
    assert line.write(wrong) == 0  # a genuine one ends the row


def test_what_is_no_order_is_refused_at_once():
    line = Line()

    def code(start, values):
        return line.ask(client.write_request(1, start, values)).exception

    data = orders.registers(order(5, orders.OPEN))
    for wrong in (data + b"\0\0", data[:-2], b"\0\0" + data[2:], b"\0\xff" + bytes(256 - 16)):
        assert code(orders.START, wrong[:246]) == frame.ILLEGAL_DATA_VALUE
    assert code(orders.START + 1, data) == frame.ILLEGAL_DATA_ADDRESS
    assert line.write(order(5, orders.OPEN)) == 0
    assert line.write(order(6, orders.OPEN)) == frame.SERVER_DEVICE_BUSY
    assert line.answer() == frame.SERVER_DEVICE_BUSY
    request = client.read_request(1, 3, orders.ANSWER_START, 6)
    line.view.work()
    assert line.ask(request).exception == frame.ILLEGAL_DATA_ADDRESS
    to_all = client.write_request(0, orders.START, orders.registers(order(9, orders.CLOSE)))
    assert line.server.receive(to_all) is None
    line.view.work()
    assert line.meter.orders.sequence == 5
    core = Line(features="full", key="00")
    assert core.write(order(5, orders.OPEN)) == frame.SERVER_DEVICE_FAILURE


def test_an_order_expires_if_the_time_is_known():
    line = Line(control_mode=7, unix=NOW)
    assert line.give(order(5, orders.OPEN, expires=NOW - 1)) == orders.EXPIRED
    line.unix = NOW - 10
    assert line.give(order(5, orders.OPEN, expires=NOW - 1)) == orders.EXPIRED  # its answer
    assert line.give(order(6, orders.OPEN, expires=NOW - 1)) == orders.DONE
    line.unix = None
    assert line.give(order(7, orders.CLOSE, expires=1)) == orders.DONE


def test_an_unknown_kind_or_body():
    line = Line()
    assert line.give(order(5, 99)) == orders.FUNCTION
    assert line.give(order(6, orders.SETTINGS)) == orders.FORMAT
    assert line.give(order(7, orders.SETTINGS, b"\x01\x05\x01")) == orders.FORMAT
    assert line.give(order(8, orders.SETTINGS, orders.body([(250, 1)]))) == orders.FUNCTION
    assert line.give(order(9, orders.PRICES, orders.body([(1, 5)]))) == orders.FUNCTION
    assert line.board.saves == 0


def test_settings_are_all_changed_and_used_at_once():
    line = Line(malignant={"mode": 0, "low_w_1": 500})
    named = {"overload_w": 3000, "overload_delay_s": 5, "over_voltage_v": 260}
    named["malignant__mode"], named["malignant__high_w_2"] = 2, 1500
    assert line.give(change(5, **named)) == orders.DONE
    one = line.meter
    assert one.limiter.threshold_w() == 3000 and one.limiter.values[1] == 5
    assert one.voltage.values[0] == 260 and one.malignant.mode == 2
    given = line.board.given
    assert (given["overload_w"], given["overload_delay_s"], given["over_voltage_v"]) == (
        3000,
        5,
        260,
    )
    assert given["malignant"] == {"mode": 2, "low_w_1": 500, "high_w_2": 1500}
    assert given["key"] == "e653341f9d5bf36f"
    one.sensed(reading(230000, 20000, 40000, 5000), 0, True)
    line.second(6)
    assert one.supply.reasons & codes.OVERLOAD
    values = [getattr(one, feature).values for feature in FEATURES]
    one = None
    line.start()
    assert not line.meter.settings.wrong
    assert values == [getattr(line.meter, feature).values for feature in FEATURES]


def test_a_value_out_of_range_changes_nothing():
    line = Line(malignant={"mode": 0}, low_credit_wh=4000)
    values = [getattr(line.meter, feature).values for feature in FEATURES]
    before, sequence = line.board.settings(), 4
    for row in parameters.ROWS:
        name = parameter_names.full_name(row).replace(".", "__")
        for value in (row[parameters.HIGHEST] + 1, row[parameters.LOWEST] - 1):
            if value >= 0:
                sequence += 1
                named = {"overload_w": 3000, name: value}
                assert line.give(change(sequence, **named)) == orders.RANGE, name
    for named in (
        {"under_voltage_v": 230, "over_voltage_v": 220},
        {"over_voltage_v": 100},  # with the default of the other one
        {"low_credit_wh": 500},
        {"over_voltage_v": 235, "under_voltage_v": 225, "voltage_hysteresis_v": 50},
        {"lower_credit_wh": 4001},
        {"malignant__low_w_3": 900, "malignant__high_w_3": 800},
    ):
        sequence += 1
        assert line.give(change(sequence, **named)) == orders.RANGE, named
    assert line.board.settings() == before and line.board.saves == 0
    assert values == [getattr(line.meter, feature).values for feature in FEATURES]
    assert line.give(change(sequence, overload_w=3000)) == orders.RANGE  # the answer again


def test_the_ranges_are_those_with_which_a_meter_starts():
    """A meter with a value at the limit starts, and is not configured with one beyond it."""
    for row in parameters.ROWS:
        for value, usable in (
            (row[parameters.LOWEST], True),
            (row[parameters.HIGHEST], True),
            (row[parameters.HIGHEST] + 1, False),
            (row[parameters.LOWEST] - 1, False),
        ):
            name, given = row[parameters.NAME], {}
            if row[parameters.FEATURE] == parameters.MALIGNANT:
                given[parameters.MALIGNANT] = {name: value}
                if usable and name[:3] == "low":
                    given[parameters.MALIGNANT]["high" + name[3:]] = 65535
            else:
                given[name] = value
            line = None
            line = Line(**given)
            assert (line.meter.settings.wrong == "") == usable, (name, value)


def test_a_feature_that_is_not_there():
    line = Line()
    assert line.give(change(5, malignant__mode=2)) == orders.FUNCTION
    line.meter.orders.board = None
    assert line.write(change(6, overload_w=1)) == 0
    line.view.work()
    assert line.answer() == frame.SERVER_DEVICE_FAILURE  # it cannot store settings


def test_restore():
    line = Line(overload_w=1000, overload_delay_s=1, overload_trips=1, malignant={"mode": 2})
    line.meter.enter_token(token(200))
    line.meter.sensed(reading(230000, 20000, 40000, 5000), 0, True)
    line.second(3)
    line.meter.sensed(reading(230000, 0, 0, 5000), 0, False)
    malignant = line.meter.malignant
    malignant.open = malignant.locked = True
    line.meter.changed()
    line.second()
    both = codes.OVERLOAD | codes.MALIGNANT_LOCKED
    assert line.meter.supply.reasons & both == both
    line.start()
    assert line.give(order(5, orders.RESTORE)) == orders.DONE
    assert not line.meter.supply.reasons & both
    assert line.give(order(6, orders.RESTORE)) == orders.DONE  # nothing to restore


def test_a_ledger_that_cannot_be_written_carries_out_nothing():
    line = Line()
    line.memory.broken = True
    assert line.write(order(5, orders.OPEN)) == 0
    line.view.work()
    assert line.answer() == frame.SERVER_DEVICE_FAILURE
    assert line.meter.orders.sequence == 0 and not line.meter.supply.remote
    line.memory.broken = False
    line.start()
    assert line.give(order(5, orders.OPEN)) == orders.DONE


class NoHeap:
    """In the place of runtime.overlay: there is no room to load what carries an order out."""

    @staticmethod
    def alone(*_args):
        raise MemoryError


def test_without_heap_there_is_no_answer_until_it_is_written_again():
    line = Line()
    loader, feature.overlay = feature.overlay, NoHeap
    try:
        assert line.write(order(5, orders.OPEN)) == 0
        line.view.work()
    finally:
        feature.overlay = loader
    assert line.answer() == frame.SERVER_DEVICE_FAILURE and not line.meter.supply.remote
    assert line.give(order(5, orders.OPEN)) == orders.DONE


def test_settings_that_cannot_be_stored_are_not_used():
    line = Line()
    line.board.full = True
    assert line.write(change(5, overload_w=3000)) == 0
    line.view.work()
    assert line.answer() == frame.SERVER_DEVICE_FAILURE
    assert line.meter.limiter.threshold_w() == 0
    line.board.full = False
    assert line.give(change(5, overload_w=3000)) == orders.DONE
    line.board.given = {}
    assert line.write(change(6, overload_w=1)) == 0
    line.view.work()
    assert line.answer() == frame.SERVER_DEVICE_FAILURE and line.board.given == {}


def test_events_and_tokens_beside_orders():
    line = Line()
    line.meter.enter_token(token(200))
    assert line.give(change(5, overload_w=70000)) == orders.DONE
    assert line.meter.events.entry(line.meter.events.sequence)[1:] == (35, orders.SETTINGS)
    assert line.give(change(6, overload_w=100001)) == orders.RANGE
    assert line.meter.events.entry(line.meter.events.sequence)[1:] == (36, orders.RANGE)
    assert line.meter.enter_token(token(200)) == results.USED_ERROR


def test_the_record():
    line = Line()
    assert line.give(order(0x01020304, orders.OPEN)) == orders.DONE
    buf = bytearray(16)
    (row,) = line.meter.orders.records
    assert row[:2] == (20, 1) and row[2](buf, 0) == 5
    assert hexlify(bytes(buf[:5])) == b"0102030401"


def test_an_order_from_before_a_lost_ledger_is_old():
    line = Line()
    line.meter.ledger.reset_at = 1000
    assert line.give(order(1000, orders.OPEN)) == orders.OLD
    assert line.give(order(1001, orders.OPEN)) == orders.DONE


def test_the_vectors():
    answers = []
    for key, drn, sequence, expires, kind, body, result in VECTORS:
        data = order(sequence, kind, unhexlify(body), expires, unhexlify(key), drn)
        found = proof(data, result, unhexlify(key), drn)
        answers.append(str(hexlify(data), "ascii") + " " + str(hexlify(found), "ascii"))
    assert KEY == unhexlify(VECTORS[0][0])
    assert answers == EXPECTED, answers
    return answers


EXPECTED = [
    "6ab13b8000000000014cbfecb4cd3e9eb0 77c88e19dd4f6127",
    "ffffffff6ab28d0004010213882953f0f638c2d29b 0158620c5d6d9144",
]
