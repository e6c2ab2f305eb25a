"""An order over the whole chain: station, MQTT broker, the collector's own process in MicroPython,
RS-485 on a pty, the meter's firmware, and its proof back; with a man on the wire who forges it."""

import asyncio
import contextlib
import os
import select
import sys
from datetime import UTC, datetime
from pathlib import Path

from collector_rig import Bus, Collector
from station_kit import COLLECTOR, do, drn, new_station, see

sys.path.append(str(Path(__file__).parent / "portable"))

from meter_rig import Memory
from orders_rig import Board
from test_orders_station import Liar

from meter.busview import BusView
from meter.core import Meter
from meterbus import codes
from meterbus.server import Server
from tjugo.bench.broker import EmbeddedBroker
from tjugo.station.link.broker import Broker
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.orders import service, views
from tjugo.station.registry.meters import config_of

DEADLINE_S = 30


class Wire(Bus):
    """The meter's firmware at address 1 of a pty, and a man on the wire."""

    def __init__(self, station, man):
        config = see(station, config_of, drn(1))
        key = {name: getattr(config, name) for name in ("ea", "kt", "krn", "sgc", "ti", "ken")}
        secret = station.backend.decoder_key(config).hex()
        given = {"drn": drn(1), "address": 1, "features": "full", "control_mode": 7}
        self.board = Board({**given, **key, "key": secret})
        self.meter = Meter(self.board.settings(), Memory())
        self.meter.orders.board = self.board
        self.view = BusView(self.meter)
        self.man = man
        super().__init__()

    def run(self):
        server = Server(1, self.view)
        while True:
            ready = select.select([self.master, self._halt], [], [], 0.005)[0]
            if self._halt in ready:
                return
            if not ready:
                server.gap()
                self.view.work()
                continue
            data = os.read(self.master, 256)
            reply = self.man.answer(data) if len(data) > 7 else None
            reply = reply or server.receive(data)
            if reply is not None:
                os.write(self.master, bytes(reply))


@contextlib.asynccontextmanager
async def linked(station, wire, micropython, folder):
    """Run a broker, the station's link and a collector at the wire."""
    async with EmbeddedBroker() as broker:
        collector = Collector(micropython, folder, wire.path, {"port": broker.port})
        collector.settings |= {"id": COLLECTOR, "meters": [{"address": 1, "drn": drn(1)}]}
        link = MqttLink(station, Broker(broker.host, broker.port), poll_s=0.05)
        task = asyncio.create_task(link.run())
        collector.start()
        try:
            yield collector
        finally:
            task.cancel()
            await asyncio.wait([task])
            collector.kill()


async def reached(station, client_id, state):
    """Return an order once it is in a state."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found = views.order_view(see(station, service.found, "test", client_id))
            if found.state == state:
                return found
            await asyncio.sleep(0.02)


def test_an_order_from_the_station_to_the_meter_and_its_proof_back(tmp_path, micropython):
    with new_station(tmp_path / "state", lambda: datetime.now(UTC)) as station:
        wire = Wire(station, Liar())
        try:
            asyncio.run(_whole_chain(station, wire, micropython, tmp_path / "flash"))
        finally:
            wire.close()


async def _whole_chain(station, wire, micropython, folder):
    async with linked(station, wire, micropython, folder) as collector:
        do(station, service.ask, "test", "a", drn(1), "open", {})
        found = await reached(station, "a", "done")
        assert found.proved and found.result == 1
        assert wire.meter.supply.control_state() == codes.DISCONNECTED
        values = {"overload_w": 3000, "over_voltage_v": 260}
        do(station, service.ask, "test", "b", drn(1), "settings", values)
        assert (await reached(station, "b", "done")).values == values
        assert wire.meter.limiter.threshold_w() == 3000
        assert wire.board.given["over_voltage_v"] == 260
        # A man on the wire jams the next one, and reports it as done.
        wire.man.here = True
        do(station, service.ask, "test", "c", drn(1), "close", {})
        found = await reached(station, "c", "reported")
        assert not found.proved and "forged" in found.reason
        assert wire.meter.supply.remote  # nothing was done
        collector.kill()  # what it had is on its flash
        wire.man.here = False
        collector.start()
        assert (await reached(station, "c", "done")).proved
        assert not wire.meter.supply.remote
