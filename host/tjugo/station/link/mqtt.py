"""The station's MQTT connection: outbox to collectors, their answers to the database."""

import asyncio
import logging
import time

import aiomqtt

from tjugo.errors import TjugoError
from tjugo.station.delivery import service as delivery
from tjugo.station.link import wire
from tjugo.station.station import Station

log = logging.getLogger(__name__)

ACTOR = "mqtt"
POLL_S = 0.5
RECONNECT_S = 1.0


class MqttLink:
    """`await run()` for as long as the station lives. Sales of other processes are found by asking
    the database twice a second; connection losses are mended without end.

    connected, problem: for whoever shows the state.
    """

    def __init__(self, station: Station, host: str, port: int, poll_s: float = POLL_S) -> None:
        self.station = station
        self.host = host
        self.port = port
        self.connected = False
        self.problem: str | None = None
        self._poll_s = poll_s
        self._schedule = delivery.Schedule()

    async def run(self) -> None:
        """Connects, works, connects again. Ends by cancellation only."""
        while True:
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError) as error:
                self._note(f"No connection to the MQTT broker {self.host}:{self.port}: {error}.")
            except TjugoError as error:
                self._note(error.message)
            except Exception as error:
                # A fault in one message must not end all deliveries.
                log.exception("the MQTT link failed")
                self._note(f"The MQTT link failed: {error!r}.")
            finally:
                self.connected = False
            await asyncio.sleep(RECONNECT_S)

    def _note(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("%s", problem)
        self.problem = problem

    async def _session(self) -> None:
        async with aiomqtt.Client(self.host, self.port) as client:
            for topic in wire.subscriptions(self.station.tenant_id):
                await client.subscribe(topic, qos=1)
            self._schedule = delivery.Schedule()
            self._schedule.add(await asyncio.to_thread(self._open_jobs))
            self.connected, self.problem = True, None
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._send(client))
                    tasks.create_task(self._receive(client))
            except ExceptionGroup as group:
                raise group.exceptions[0] from group

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            new = await asyncio.to_thread(self._open_jobs, True)
            self._schedule.add(new)
            due = self._schedule.due(time.monotonic())
            if due:
                await asyncio.to_thread(self._mark_sent, due)
            for job in due:
                self._schedule.sent(job, time.monotonic())
                await self._publish(client, job.command())
            await asyncio.sleep(self._poll_s)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            incoming = wire.parse(str(message.topic), payload, self.station.tenant_id)
            if incoming is None:
                log.warning("cannot understand a message on %s", message.topic)
                continue
            answers = await asyncio.to_thread(self._take, incoming)
            self._plan(incoming)
            for answer in answers:
                await self._publish(client, answer)

    def _open_jobs(self, only_new: bool = False) -> list[delivery.Job]:
        with self.station.view() as view:
            return delivery.open_jobs(view, only_new)

    def _mark_sent(self, jobs: list[delivery.Job]) -> None:
        with self.station.work(ACTOR) as work:
            delivery.mark_sent(work, jobs)

    def _take(self, incoming: wire.Incoming) -> list[wire.Message]:
        with self.station.work(ACTOR) as work:
            return delivery.take(work, incoming)

    def _plan(self, incoming: wire.Incoming) -> None:
        now_s = time.monotonic()
        if isinstance(incoming, wire.Ack):
            self._schedule.answered(incoming, now_s)
        elif isinstance(incoming, wire.CollectorStatus) and incoming.online:
            self._schedule.collector_online(incoming.collector_id, now_s)

    async def _publish(self, client: aiomqtt.Client, message: wire.Message) -> None:
        await client.publish(message.topic(self.station.tenant_id), message.payload, qos=1)
