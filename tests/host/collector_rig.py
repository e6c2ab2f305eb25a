"""Shared parts of the collector's tests: meters on a pty, brokers, the station's side, the
process.

Everything is real but the meters: the collector's own MicroPython process, a broker, paho's
client.
"""

import asyncio
import getpass
import json
import logging
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from amqtt.broker import Broker
from ports import free_port
from transitions import MachineError

from meterbus.server import Server

REPO = Path(__file__).resolve().parents[2]
sys.path.append(str(REPO / "tests" / "host" / "portable"))

from check_collector_faults import Partial  # noqa: E402, F401
from check_collector_poller import Meter  # noqa: E402

DRNS = ("12345678903", "11111111111")
DEADLINE_S = 60
SHUTDOWN_S = 10


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until `condition` returns a true value and return it. Fail after a minute."""
    end = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen in time"
        time.sleep(0.02)
    return found


class Bus(threading.Thread):
    """Two meters on one pty: addresses 1 and 2.

    `deaf`: addresses that do not answer. `replies`: {address: the reply instead}.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.meters = {address: Meter(drn) for address, drn in enumerate(DRNS, 1)}
        self.deaf: set[int] = set()
        self.replies: dict[int, bytes] = {}
        self.requests = 0
        self._halt, self._wake = os.pipe()
        self.start()

    def run(self) -> None:
        servers = {address: Server(address, meter) for address, meter in self.meters.items()}
        while True:
            ready = select.select([self.master, self._halt], [], [], 0.01)[0]
            if self._halt in ready:
                return
            if not ready:
                for server in servers.values():
                    server.gap()
                continue
            data = os.read(self.master, 256)
            self.requests += 1
            for address, server in servers.items():
                reply = server.receive(data)
                if reply is not None and address not in self.deaf:
                    answer = self.replies.get(address, reply)
                    # The others hear it, and the silence after it, before the next request.
                    for other in servers.values():
                        if other is not server:
                            other.receive(answer)
                        other.gap()
                    os.write(self.master, answer)

    def close(self) -> None:
        os.write(self._wake, b".")
        self.join()
        for descriptor in (self.master, self.slave, self._halt, self._wake):
            os.close(descriptor)


class Amqtt:
    """The embedded broker, with its own loop and thread. It keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)

    def start(self) -> None:
        plugin = "amqtt.plugins.authentication.AnonymousAuthPlugin"
        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
            "plugins": {plugin: {"allow_anonymous": True}},
        }
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.broker = self._call(self._create(config))
        self._call(self.broker.start())

    async def _create(self, config: dict[str, Any]) -> Broker:
        return Broker(config)

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE_S)

    async def _end(self) -> None:
        """Shut down; a client that connects meanwhile makes amqtt wait for ever, so its tasks are
        cancelled then."""
        with suppress(TimeoutError, MachineError):
            await asyncio.wait_for(self.broker.shutdown(), SHUTDOWN_S)
        for listener in self.broker._servers.values():  # open still, if the shutdown was cut off
            if listener.instance is not None:
                listener.instance.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def stop(self) -> None:
        self._call(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Mosquitto:
    """Debian's broker, without persistence. `password`: of the user `c1`, None anonymous."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        # Started by root it would become another user, who cannot read the password file.
        lines = [f"user {getpass.getuser()}", f"listener {self.port} 127.0.0.1"]
        lines += ["persistence false", "log_type none"]
        if password is None:
            lines.append("allow_anonymous true")
        else:
            users = folder / "users"
            argv = ["mosquitto_passwd", "-b", "-c", str(users), "c1", password]
            subprocess.run(argv, check=True, capture_output=True)
            lines += ["allow_anonymous false", f"password_file {users}"]
        self._config.write_text("\n".join(lines) + "\n")

    @staticmethod
    def found() -> str | None:
        return shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")

    def start(self) -> None:
        argv = [self.found() or "mosquitto", "-c", str(self._config)]
        self._process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)

        def listening() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        try:
            wait_until(listening, "mosquitto")
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class Station:
    """The other end of MQTT: receives everything under tjugo/v1/1/c1, and sends commands."""

    def __init__(self, port: int) -> None:
        self.acks: list[dict[str, Any]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.status: list[str] = []
        self.about: dict[str, Any] = {}
        self.echoes: list[int] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("tjugo/v1/1/c1/#", 1)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _take(self, _client: Any, _user: Any, message: Any) -> None:
        kind = message.topic.rsplit("/", 1)[1]
        if kind == "status":
            self.status.append(message.payload.decode())
        elif kind == "ack":
            self.acks.append(json.loads(message.payload))
        elif kind == "reply":
            self.echoes.append(json.loads(message.payload)["nonce"])
        elif kind == "about":
            with suppress(ValueError):  # of anyone
                self.about = json.loads(message.payload)
        elif kind == "state":
            self.states[message.topic.split("/")[4]] = json.loads(message.payload)

    def online(self) -> bool:
        return bool(self.status) and self.status[-1] == "online"

    def command(self, payload: Any, drn: str = DRNS[0]) -> None:
        self._client.publish(f"tjugo/v1/1/c1/{drn}/cmd", json.dumps(payload), qos=1)

    def echo(self, nonce: int) -> None:
        """Ask the collector for an echo, and wait for it; asked again every second."""

        def answered() -> bool:
            self._client.publish("tjugo/v1/1/c1/echo", json.dumps({"nonce": nonce}), qos=1)
            end = time.monotonic() + 1
            while nonce not in self.echoes and time.monotonic() < end:
                time.sleep(0.02)
            return nonce in self.echoes

        wait_until(answered, f"the echo {nonce}")

    def ask(self, payload: dict[str, Any], state: str, drn: str = DRNS[0]) -> dict[str, Any]:
        """Command, and wait for the next ack of its ref in `state`."""
        before = len(self.acks)
        self.command(payload, drn)
        return self.wait_ack(payload["ref"], state, before)

    def wait_ack(self, ref: int, state: str, start: int = 0) -> dict[str, Any]:
        def find() -> dict[str, Any] | None:
            for ack in self.acks[start:]:
                if ack["ref"] == ref and ack["state"] == state:
                    return ack
            return None

        return wait_until(find, f"{state} of {ref}")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Collector:
    """The real firmware in its own MicroPython process on the simulated board."""

    def __init__(self, argv: list[str], folder: Path, uart: str, broker: dict[str, Any]) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.settings = {
            "id": "c1",
            "broker": {"host": "127.0.0.1", **broker},
            "meters": [{"address": at, "drn": drn} for at, drn in enumerate(DRNS, 1)],
            "baudrate": 115200,
            "poll_ms": 100,
            "reply_timeout_ms": 100,
            "max_jobs_per_meter": 200,
        }
        self.reports: list[dict[str, Any]] = []
        self.lowest_free = 1 << 30
        # MICROPYPATH replaces sys.path, and asyncio is a frozen module.
        paths = (".frozen", REPO, REPO / "firmware", REPO / "boards" / "simulated")
        self._env = {**os.environ, "TJUGO_UART": uart, "MICROPYPATH": ":".join(map(str, paths))}
        self._argv = [*argv, str(REPO / "boards" / "common" / "collector" / "main.py")]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        (self.folder / "settings.json").write_text(json.dumps(self.settings))
        self.process = subprocess.Popen(
            self._argv,
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout
        for line in process.stdout:
            message = json.loads(line)
            if "report" in message:
                self.reports = [*self.reports[-9:], message["report"]]
            elif "mem" in message:
                self.lowest_free = min(self.lowest_free, message["mem"]["lowest_free"])

    def wait_report(self, condition: Callable[[dict[str, Any]], Any], what: str) -> dict[str, Any]:
        def find() -> dict[str, Any] | None:
            return next((report for report in self.reports if condition(report)), None)

        return wait_until(find, what)

    def jobs(self) -> list[str]:
        """Names of the job files."""
        return sorted(path.name for path in self.folder.glob("jobs/*"))

    def kill(self) -> None:
        """kill -9, and wait for its end."""
        assert self.process
        self.process.kill()
        self._finish()

    def stop(self) -> int:
        """End of input, as the board stops; its exit status."""
        assert self.process and self.process.stdin
        self.process.stdin.close()
        return self._finish()

    def _finish(self) -> int:
        assert self.process
        status = self.process.wait(DEADLINE_S)
        self._reader.join()
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None
        return status
