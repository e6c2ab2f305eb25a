"""Shared parts of the tests of engineering tokens: vending keys, a meter that decodes, people."""

from dataclasses import replace
from datetime import UTC, datetime

from proof_kit import mac_of
from station_kit import Clock, drn

from sts_portable import results
from sts_portable.decoder import Decoder, KeyState, TidStore
from tjugo.key_register import VendingKey
from tjugo.station.delivery.jobs import Proof
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.operators import approvals
from tjugo.station.registry.meters import NewMeter, add_meter, config_of, known_meter
from tjugo.station.setup.service import set_up
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.vending import asked, change_steps
from tjugo.station.vending.credit import add_credit

EA07, EA11 = drn(1), drn(2)
KEYS = [
    VendingKey(sgc=123457, krn=1, vk="11" * 20),
    VendingKey(sgc=123457, krn=2, vk="22" * 20),
    VendingKey(sgc=123457, krn=3, vk="33" * 20),
    VendingKey(sgc=123457, krn=5, bdt="35", vk="55" * 20),
    VendingKey(sgc=654321, krn=1, vk="66" * 20),
    VendingKey(sgc=123457, krn=4, ken=90, vk="44" * 20),
    VendingKey(sgc=123457, krn=1, kt=1, vk="99" * 20),
]
IN_2036 = datetime(2036, 6, 1, 12, 0, tzinfo=UTC)


def make_station(folder, clock=None, collector=None, database_url=None):
    """Make a station that can sell, with these vending keys and two meters, EA07 and EA11."""
    backend = SoftBackend(KEYS)
    given = {"clock": clock or Clock(), "backend": backend, "database_url": database_url}
    station = set_up(folder, **given)
    with station.work("test") as work:
        add_meter(work, NewMeter(EA07, collector_id=collector))
        add_meter(work, NewMeter(EA11, ea=11, collector_id=collector))
    return station


class Meter:
    """A meter with the key that the station has for it now."""

    def __init__(self, station, number):
        with station.view() as view:
            config = config_of(view, number)
        key = station.backend.decoder_key(config)
        self.key = KeyState(key, config.ea, config.kt, config.krn, config.sgc, config.ti)
        self.tids = TidStore()
        self.decoder = Decoder(self.key, self.tids)

    def enter(self, digits):
        """Enter a token; return the TokenResult that is displayed."""
        result, token = self.decoder.check(digits)
        return self.decoder.commit(token) if result == results.ACCEPT else result


def signed(station, meter, ack):
    """Return a collector's answer with the proof of a Meter that has just entered the token."""
    with station.view() as view:
        row = view.session.get_one(TokenDelivery, (station.tenant_id, ack.ref))
        digits = (row.token or row.section).digits
    mac = mac_of(meter.key.key, ack.drn, digits, ack.ref, ack.result, 20000, 7)
    return replace(ack, proof=Proof(20000, 7, mac))


def sell(station, number, client_id, tenths=200):
    """Sell credit; return the tokens in the order of entry."""
    with station.work("op:cashier") as work:
        row = asked.recorded(work, "test", client_id, number, {"kind": "sale"})
        meter = known_meter(work, number, lock=True)

        def issue():
            add_credit(work, row, meter, tenths)
            return True

        asked.decide(work, row, issue)
        outcome = asked.outcome_of(work, row)
    return asked.answer(outcome).tokens


def plan(station, number, **changes):
    """Plan a key change that a second person approved."""
    with station.work("op:engineer") as work:
        return change_steps.plan(work, [number], changes)


def decide(station, approval, approve=True, who="op:supervisor", note=""):
    """Decide an approval as another person."""
    with station.work(who) as work:
        approvals.decide(work, approval, approve, note)
