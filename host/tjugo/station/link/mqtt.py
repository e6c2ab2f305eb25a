"""The station's MQTT connection: commands from the outbox to collectors, answers to the
database."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import aiomqtt

from tjugo.errors import TjugoError, Unavailable
from tjugo.rate import Bucket
from tjugo.station.link import records, state, views, wire
from tjugo.station.link.broker import Broker, why_not
from tjugo.station.link.client import Client, connection
from tjugo.station.link.exchange import Exchange
from tjugo.station.link.limits import LOG_PERIOD_S, OncePer
from tjugo.station.link.tasks import end_if_cancelled, together
from tjugo.station.station import Station
from tjugo.station.storage.moments import iso

log = logging.getLogger(__name__)

POLL_S = 0.5
RECONNECT_S = 1.0
ACKS_S = 0.1  # answers that arrive within this time share a commit
REPORTS_S = 1.0  # readings: one commit in this time
_WATCH_S = 10.0  # how often collectors that another process registered, and expiry, are looked up
LOG_BURST = 10  # ends of connections that are logged at once; then one in LOG_PERIOD_S
_SAVE_S = 5.0  # how often counters are written for other processes; the state at once


class MqttLink:
    """The link to the broker; `await run()` for the lifetime of the station.

    Sales of other processes are found in the database. Reconnects indefinitely. connected,
    problem: the present state; `tjugo.station.link.views` shows it in any process. monotonic: a
    clock in seconds that is never set.
    """

    def __init__(
        self,
        station: Station,
        broker: Broker,
        poll_s: float = POLL_S,
        reports_s: float = REPORTS_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.station = station
        self.broker = broker
        self.connected = False
        self.problem: str | None = None
        self.exchange = Exchange(station.tenant_id, station.clock, station.randbelow)
        self._poll_s = poll_s
        self._reports_s = reports_s
        self._now_s = monotonic
        self._arrived = asyncio.Event()
        self._seldom = OncePer(LOG_PERIOD_S)
        self._lines = Bucket(1 / LOG_PERIOD_S, LOG_BURST)
        self._state: tuple[str, str | None] | None = None
        self._since: str | None = None
        self._next_s = {"watch": 0.0, "save": 0.0, "reports": 0.0}

    async def run(self) -> None:
        """Connect, exchange messages and reconnect until cancelled."""
        while True:
            try:
                with state.hold(self.station.state_dir):
                    await self._hold()
            except TjugoError as error:
                end_if_cancelled()
                self._note(error.message)
            await asyncio.sleep(RECONNECT_S)

    async def _hold(self) -> None:
        """Run sessions while this process holds the link's lock."""
        while True:
            end_if_cancelled()
            await self._save()
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError, TjugoError) as error:
                end_if_cancelled()
                self._note(why_not(self.broker, error))
            except Exception as error:
                # A fault of this program in one session must not end all deliveries.
                end_if_cancelled()
                if self._seldom.due("fault", self._now_s()) is not None:
                    log.exception("the MQTT link failed")
                self._note(f"The MQTT link failed: {type(error).__name__}.")
            finally:
                self.connected = False
            await self._save()
            await asyncio.sleep(RECONNECT_S)

    def _note(self, problem: str) -> None:
        if problem != self.problem and self._lines.take(self._now_s()):
            log.warning("%s", problem)
        self.problem = problem

    async def _session(self) -> None:
        exchange, now_s = self.exchange, self._now_s
        async with connection(
            self.broker,
            lambda topic: exchange.unusable(topic, now_s()),
            lambda: exchange.overflow(now_s()),
        ) as client:
            end_if_cancelled()
            jobs = await asyncio.to_thread(records.open_jobs, self.station)
            collectors = await asyncio.to_thread(records.collectors, self.station)
            exchange.connected(jobs, collectors, now_s())
            # Receiving begins first: it is what notices the end of the connection.
            await together(self._receive(client), self._send(client), self._record(client))

    async def _subscribe(self, client: Client) -> None:
        for topic in wire.subscriptions(self.station.tenant_id):
            granted = [_code(one) for one in await client.subscribe(topic, qos=1)]
            if len(granted) != 1 or granted[0] >= 0x80:
                raise TjugoError(f"The MQTT broker {self.broker.name} refuses {topic}.")
        self.connected, self.problem = True, None
        await self._save()

    async def _send(self, client: Client) -> None:
        await self._subscribe(client)
        while True:
            await _publish(client, self.station.tenant_id, await self.outgoing())
            await self._save()
            await asyncio.sleep(self._poll_s)

    async def outgoing(self) -> list[wire.Message]:
        """Return the messages that are due, recorded as sent."""
        station, exchange = self.station, self.exchange
        if self._due("watch", _WATCH_S):
            exchange.watch(await asyncio.to_thread(records.collectors, station), self._now_s())
            exchange.schedule.drop(await asyncio.to_thread(records.expire, station))
        exchange.schedule.add(await asyncio.to_thread(records.open_jobs, station, True))
        due = exchange.schedule.due(self._now_s())
        cancelled = await asyncio.to_thread(records.mark_sent, station, due)
        exchange.schedule.drop(cancelled)
        due = [job for job in due if job.ref not in cancelled]
        return exchange.commands(due, self._now_s()) + exchange.echoes(self._now_s())

    async def _receive(self, client: Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            self.exchange.receive(str(message.topic), payload, self._now_s())
            self._arrived.set()

    async def _record(self, client: Client) -> None:
        while True:
            waits = self.exchange.inbox.acks or self.exchange.inbox.reports
            if not waits:
                await self._arrived.wait()
            self._arrived.clear()
            await asyncio.sleep(ACKS_S)
            await _publish(client, self.station.tenant_id, await self.record())

    async def record(self) -> list[wire.Message]:
        """Record what has arrived, in few transactions; return the messages to answer with."""
        station, exchange, answers = self.station, self.exchange, []
        if acks := exchange.inbox.take_acks():
            taken = await asyncio.to_thread(records.each, station, records.acks, acks)
            for answered in taken:
                answers += exchange.answered(answered, self._now_s())
        if exchange.inbox.reports and self._due("reports", self._reports_s):
            reports = exchange.inbox.take_reports()
            try:
                found = await asyncio.to_thread(records.each, station, records.reports, reports)
            except Unavailable as error:
                # Readings can wait, deliveries continue: the station is busy, or the disk is full.
                exchange.inbox.put_back(reports)
                self._warn(error.message)
            else:
                for judged in found:
                    exchange.judged(judged, self._now_s())
        return answers

    def _due(self, name: str, period_s: float) -> bool:
        """Return whether the period since the last time has passed; if so, begin a new one."""
        now_s = self._now_s()
        if now_s < self._next_s[name]:
            return False
        self._next_s[name] = now_s + period_s
        return True

    async def _save(self) -> None:
        """Write the state for other processes: at once if it changed, otherwise periodically."""
        name = views.CONNECTED if self.connected else views.FAILED
        if not self.connected and self.problem is None:
            name = views.CONNECTING
        now = (name, self.problem)
        if now != self._state:
            self._state, self._since = now, self.station.clock().isoformat()
        elif not self._due("save", _SAVE_S):
            return
        try:
            await asyncio.to_thread(state.save, self.station.state_dir, self._content(name))
        except Unavailable as error:
            self._warn(error.message)

    def _warn(self, text: str) -> None:
        if self._seldom.due("database or disk", self._now_s()) is not None:
            log.warning("%s", text)

    def _content(self, name: str) -> dict[str, Any]:
        liveness, exchange = self.exchange.liveness, self.exchange
        collectors = {
            collector: {
                "reachable": peer.reachable,
                "echo_at": iso(peer.echo_at),
                "missed": peer.missed,
                "counters": asdict(exchange.counts(collector)),
            }
            for collector, peer in liveness.peers()
        }
        return {
            "broker": self.broker.name,
            "state": name,
            "problem": self.problem,
            "since": self._since,
            "collectors": collectors,
            "counters": asdict(exchange.totals),
        }


def _code(granted: Any) -> int:
    """Return a return code of SUBACK as a number; paho gives a number or an object."""
    code = getattr(granted, "value", granted)
    return code if isinstance(code, int) else 0


async def _publish(client: Client, tenant_id: int, messages: Sequence[wire.Message]) -> None:
    for message in messages:
        await client.publish(message.topic(tenant_id), message.payload, qos=1)
