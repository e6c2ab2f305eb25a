"""The MQTT client without I/O: packets by hand, random cuts, garbage, time."""

from net import mqtt

CONNACK = b"\x20\x02\x00\x00"


def error_of(call, *args):
    """Return the text of the MqttError that a call ends with; fail if there is none."""
    try:
        call(*args)
    except mqtt.MqttError as error:
        return str(error)
    raise AssertionError("no MqttError")


def connected(**options):
    client = mqtt.Client("c1", **options)
    client.connect()
    assert client.receive(CONNACK) == [(mqtt.CONNECTED,)]
    return client


def message(topic, payload, pid=0, retained=False):
    """Return a PUBLISH as a broker sends it."""
    body = bytes((len(topic) >> 8, len(topic) & 0xFF)) + topic
    if pid:
        body += bytes((pid >> 8, pid & 0xFF))
    body += payload
    size = len(body)
    assert size < 16384
    length = bytes((size,)) if size < 128 else bytes((size & 0x7F | 0x80, size >> 7))
    return bytes((0x30 | (2 if pid else 0) | (1 if retained else 0),)) + length + body


def generator(state):
    """Return a small linear congruential generator: the same numbers on every runtime."""

    def below(limit):
        nonlocal state
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        return (state >> 8) % limit

    return below


def test_connect_without_options():
    client = mqtt.Client("c1", keepalive_s=60)
    assert client.connect() == b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02c1"
    assert client.state == "connecting"


def test_connect_with_will_and_password():
    will = ("sts/c1/status", "offline")
    client = mqtt.Client("c1", user="u", password="pw", will=will, keepalive_s=10)
    assert client.connect() == (
        b"\x10\x2d\x00\x04MQTT\x04\xee\x00\x0a\x00\x02c1"
        b"\x00\x0dsts/c1/status\x00\x07offline\x00\x01u\x00\x02pw"
    )


def test_every_refusal_has_a_sentence():
    said = []
    for code in (1, 2, 3, 4, 5, 6, 255):
        client = mqtt.Client("c1")
        client.connect()
        said.append(error_of(client.receive, bytes((0x20, 2, 0, code))))
    assert said[3] == "wrong user name or password"
    assert said[6] == "the broker refuses: code 255"
    assert len(set(said)) == 7


def test_publish_qos_0_and_1():
    client = connected()
    assert client.publish("a/b", "hi", qos=0) == b"\x30\x07\x00\x03a/bhi"
    assert client.awaiting == 0
    assert client.publish("a/b", b"hi", retain=True) == b"\x33\x09\x00\x03a/b\x00\x01hi"
    assert client.awaiting == 1
    assert client.receive(b"\x40\x02\x00\x02") == []  # of another packet id
    assert client.awaiting == 1
    assert client.receive(b"\x40\x02\x00\x01") == [(mqtt.PUBLISHED, 1)]
    assert client.awaiting == 0


def test_long_publish_has_a_long_length():
    packet = connected().publish("t", bytes(300), qos=0)
    assert packet[:3] == b"\x30\xaf\x02"
    assert len(packet) == 3 + 303


def test_only_one_publish_in_flight():
    client = connected()
    client.publish("a", "1")
    try:
        client.publish("a", "2")
    except ValueError:
        return
    raise AssertionError("a second publish in flight")


def test_packet_ids_pass_65535_and_skip_0():
    client = connected()
    client._last_id = 65533  # as after so many: to publish them takes a board eight seconds
    seen = []
    for _ in range(4):
        client.publish("a", "")
        pid = client.awaiting
        client.receive(bytes((0x40, 2, pid >> 8, pid & 0xFF)))
        seen.append(pid)
    assert seen == [65534, 65535, 1, 2]


def test_subscribe_granted_and_refused():
    client = connected()
    assert client.subscribe("sts/c1/+/cmd") == b"\x82\x11\x00\x01\x00\x0csts/c1/+/cmd\x01"
    assert client.receive(b"\x90\x03\x00\x01\x01") == [(mqtt.SUBSCRIBED, 1)]
    client = connected()
    client.subscribe("sts/c1/+/cmd")
    assert "subscription" in error_of(client.receive, b"\x90\x03\x00\x01\x80")


def test_message_is_acknowledged_by_the_application_only():
    client = connected()
    events = client.receive(message(b"a/cmd", b"{}", 7))
    assert events == [(mqtt.MESSAGE, "a/cmd", b"{}", 7, False)]
    assert client.puback(7) == b"\x40\x02\x00\x07"
    events = client.receive(message(b"a/cmd", b"", retained=True))
    assert events == [(mqtt.MESSAGE, "a/cmd", b"", 0, True)]


def test_longer_than_kept_is_passed_over_and_still_acknowledged():
    client = connected(max_packet=64)
    stream = message(b"a/cmd", bytes(5000), 9) + message(b"a/cmd", b"next", 10)
    events = []
    for at in range(0, len(stream), 100):
        events += client.receive(stream[at : at + 100])
    assert events == [
        (mqtt.MESSAGE, "a/cmd", None, 9, False),
        (mqtt.MESSAGE, "a/cmd", b"next", 10, False),
    ]
    for size in range(58, 70):  # the packet id is kept, cut in two, and passed over
        stream = message(b"t" * size, b"x", 0x0203) + message(b"a", b"b", 4)
        for cut in (1, 7, 64, 200):
            events = []
            for at in range(0, len(stream), cut):
                events += client.receive(stream[at : at + cut])
            topic = "t" * size if size <= 60 else ""
            payload = b"x" if size < 60 else None
            assert events == [
                (mqtt.MESSAGE, topic, payload, 0x0203, False),
                (mqtt.MESSAGE, "a", b"b", 4, False),
            ]


def test_any_cut_gives_the_same_events():
    client = connected(max_packet=128)
    client.publish("a", "")
    stream = (
        message(b"sts/c1/1/cmd", b'{"id": 1}', 1)
        + b"\xd0\x00"
        + message(b"x", bytes(range(256)), 2, True)
        + b"\x40\x02\x00\x01"
        + message("zähler".encode(), b"", 0)
    )
    whole = client.receive(stream)
    assert len(whole) == 4
    below = generator(1)
    for _ in range(200):
        client = connected(max_packet=128)
        client.publish("a", "")
        events = []
        at = 0
        while at < len(stream):
            size = 1 + below(40)
            events += client.receive(stream[at : at + size])
            at += size
        assert events == whole
    return whole[0]


def test_malformed_packets():
    bad = (
        b"\x00",  # reserved type
        b"\x10\x00",  # a client's packet
        b"\x50\x02\x00\x01",  # QoS 2 is never asked for
        b"\x34\x05\x00\x01a\x00\x01",  # publish with QoS 2
        b"\x36\x05\x00\x01a\x00\x01",  # QoS 3
        b"\x41\x02\x00\x01",  # flags
        b"\x40\x03\x00\x01\x00",  # too long
        b"\x40\x01\x00",  # too short
        b"\xd0\x01\x00",
        b"\x30\xff\xff\xff\xff\x01",  # length of five bytes
        b"\x30\x00",  # no topic
        b"\x30\x01\x00",
        b"\x30\x02\x00\x00",  # empty topic
        b"\x30\x03\x00\x05a",  # topic longer than the packet
        b"\x32\x03\x00\x01a",  # no packet id
        b"\x32\x05\x00\x01a\x00\x00",  # packet id 0
        b"\x30\x03\x00\x01+",  # wildcard
        b"\x30\x03\x00\x01\x00",
        b"\x30\x04\x00\x02\xc3\x28",  # not UTF-8
        CONNACK,  # a second one
    )
    for packet in bad:
        error_of(connected().receive, packet)
    client = mqtt.Client("c1")
    error_of(client.receive, CONNACK)  # not asked
    client.connect()
    error_of(client.receive, b"\xd0\x00")  # before CONNACK
    client.connect()
    error_of(client.receive, b"\x20\x02\x01\x00")  # a session we did not ask for
    assert client.connect()
    assert client.receive(CONNACK) == [(mqtt.CONNECTED,)]


def test_garbage_is_mqtt_error_or_nothing():
    below = generator(20240229)
    heads = b"\x20\x30\x31\x32\x33\x40\x90\xd0"
    errors = 0
    for _ in range(3000):
        client = mqtt.Client("c1", max_packet=48)
        client.connect()
        if below(8):
            client.receive(CONNACK)
        try:
            for _ in range(4):
                data = bytearray(below(256) for _ in range(1 + below(24)))
                if below(2):
                    data[0] = heads[below(len(heads))]
                if below(2) and len(data) > 1:
                    data[1] = below(len(data) + 4)
                client.receive(data)
        except mqtt.MqttError:
            errors += 1
    assert errors > 1000
    return errors


def test_keepalive():
    client = connected(keepalive_s=10)
    assert client.tick(4999) == b""
    assert client.tick(1) == b"\xc0\x00"
    assert client.tick(5000) == b""  # one ping at a time
    assert client.receive(b"\xd0\x00") == []
    assert client.tick(5000) == b"\xc0\x00"
    client.receive(b"\xd0\x00")
    client.tick(4000)
    client.publish("a", "", qos=0)  # counts as a sign of life
    assert client.tick(4999) == b""


def test_a_silent_broker_is_given_up():
    client = mqtt.Client("c1")
    client.connect()
    client.tick(15000)
    error_of(client.tick, 1)

    client = connected(keepalive_s=10)
    client.tick(5000)
    client.receive(message(b"a", b""))  # not the answer to a ping
    error_of(client.tick, 15001)

    client = connected()
    client.publish("a", "")
    error_of(client.tick, 15001)
    client = connected()
    client.publish("a", "")
    client.receive(b"\x40\x02\x00\x01")
    assert client.tick(20000) == b""


def test_a_new_connection_starts_clean():
    client = connected()
    client.publish("a", "")
    client.receive(b"\x30\x7f\x00")  # half a packet
    assert client.disconnect() == b"\xe0\x00"
    assert client.tick(100000) == b""
    client.connect()
    assert client.awaiting == 0
    assert client.receive(CONNACK) == [(mqtt.CONNECTED,)]
    assert client.tick(15001) == b""
