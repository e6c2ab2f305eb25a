"""The real boards' files on MicroPython with a fake chip: import, boot, a token at the key pad."""

import json
import subprocess
from pathlib import Path

import pytest
from ports import free_port

from sts_portable import amount
from tjugo.device import targets
from tjugo.device.mpy import CORTEX_M3, compile_source
from tjugo.device.program import program

HERE = Path(__file__).parent
REPO = HERE.parents[1]
FAKE = REPO / "tests" / "device" / "fake_board"
BOARDS = ("esp32_devkit", "esp32s3_devkit", "rp2040_pico", "rp2040_pico_w", "rp2350_pico2_w")
RADIO = [board for board in BOARDS if board != "rp2040_pico"]
DRN_AT = slice(6, 17)  # in an 18-digit MeterPAN
HEAP = "240k"  # sources compiled on the way, the fakes and the script take more


@pytest.fixture(scope="module")
def sale() -> dict:
    """Return a vector of an electricity credit token for an EA07 meter."""
    vectors = json.loads((HERE / "vectors" / "sts_vectors.json").read_text())
    vectors = vectors["vectors"] if isinstance(vectors, dict) else vectors
    wanted = {"ea": "07", "subclass": 0}
    for vector in vectors:
        inputs = vector["inputs"]
        if vector["kind"] == "token_class0" and wanted.items() <= inputs.items():
            return vector
    raise AssertionError("the vectors have no such token")


def meter_settings(sale: dict) -> dict:
    inputs = sale["inputs"]
    return {
        "address": 1,
        "drn": inputs["pan"][DRN_AT],
        "key": sale["expected"]["decoder_key"],
        **{name: int(inputs[name]) for name in ("sgc", "krn", "kt", "ti")},
    }


@pytest.fixture
def run(micropython, micropython_env, tmp_path):
    """Return run(board, script, *arguments): the script's output, with tmp_path as the flash."""

    def run_script(board: str, script: str | Path, *arguments: str, heap: str = HEAP) -> str:
        folders = (FAKE, ".frozen", REPO, REPO / "firmware", REPO / "boards" / board)
        done = subprocess.run(
            [*micropython, "-X", f"heapsize={heap}", str(FAKE / script), *arguments],
            cwd=tmp_path,
            env={**micropython_env, "MICROPYPATH": ":".join(map(str, folders))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run_script


@pytest.mark.parametrize("board", BOARDS)
def test_meter_boots_and_takes_a_token_at_the_key_pad(run, tmp_path, sale, board):
    (tmp_path / "settings.json").write_text(json.dumps(meter_settings(sale)))
    credit_wh = 100 * amount.decode(sale["inputs"]["amount_field"])
    printed = run(board, "meter_script.py", sale["expected"]["token"], str(credit_wh))
    assert printed.splitlines()[-1] == "done"


COLLECTOR = {
    "id": "c1",
    "broker": {"host": "broker"},
    "meters": [{"address": 1, "drn": "00000000000"}],
    "wifi": {"ssid": "home", "password": "secret"},
}


@pytest.mark.parametrize("board", RADIO)
def test_a_collector_with_a_clock_chip(run, tmp_path, board):
    (tmp_path / "settings.json").write_text(json.dumps({**COLLECTOR, "clock": "ds3231"}))
    assert run(board, "collector_clock_script.py").splitlines()[-1] == "done"


@pytest.mark.parametrize("board", RADIO)
def test_collector_boots(run, tmp_path, board):
    (tmp_path / "settings.json").write_text(json.dumps(COLLECTOR))
    assert run(board, "collector_script.py").splitlines()[-1] == "done"


@pytest.mark.parametrize("board", BOARDS)
def test_metering_parts(run, board):
    printed = run(board, HERE / "run_portable.py", "check_metering_parts")
    assert printed.splitlines()[-1].endswith(" passed, 0 failed"), printed


@pytest.mark.parametrize("board", BOARDS)
def test_a_meter_with_a_wrong_metering_part_reports_it(run, tmp_path, sale, board):
    settings = {**meter_settings(sale), "metering": "pzem004", "report": True}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    printed = run(board, "wrong_part_script.py", "metering")
    assert printed.splitlines()[-1] == "done"


@pytest.mark.parametrize("board", RADIO)
def test_a_meter_with_a_page(run, tmp_path, sale, board):
    port = free_port()
    given = {"page": {"port": port, "address": "127.0.0.1"}}
    given["wifi"] = {"ssid": "home", "password": "secret"}
    (tmp_path / "settings.json").write_text(json.dumps({**meter_settings(sale), **given}))
    printed = run(board, "page_script.py", sale["expected"]["token"], str(port), heap="320k")
    assert printed.splitlines()[-1] == "done"


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("magnet", ["plain", "low", "high"])
def test_covers_and_a_magnet(run, tmp_path, sale, board, magnet):
    wired = {} if magnet == "plain" else {"terminal_cover": True, "magnet": magnet}
    (tmp_path / "settings.json").write_text(json.dumps({**meter_settings(sale), **wired}))
    assert run(board, "tamper_script.py", magnet).splitlines()[-1] == "done"


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("kind", ["sealed", "open", "update"])
def test_the_console_of_a_sealed_meter_is_closed_while_its_cover_is(
    run, tmp_path, sale, board, kind
):
    sealed = {} if kind == "open" else {"sealed": 1}
    (tmp_path / "settings.json").write_text(json.dumps({**meter_settings(sale), **sealed}))
    assert run(board, "seal_script.py", kind).splitlines()[-1] == "done"


def test_no_interrupt_is_permitted_before_the_settings_are_read():
    text = (REPO / "boards" / "common" / "meter" / "main.py").read_text()
    lines = [line for line in text.splitlines()[1:] if line and line[0] != "#"]
    assert lines[0] == "import micropython" and lines[1].startswith("micropython.kbd_intr(-1)")


@pytest.mark.parametrize("board", BOARDS)
def test_a_meter_with_a_clock_chip(run, tmp_path, sale, board):
    settings = {**meter_settings(sale), "clock": "ds3231"}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    assert run(board, "clock_script.py", sale["expected"]["token"]).splitlines()[-1] == "done"


def test_an_unknown_clock_is_a_wrong_setting(run, tmp_path, sale):
    settings = {**meter_settings(sale), "clock": "ds1307"}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    assert run("rp2040_pico", "wrong_part_script.py", "clock").splitlines()[-1] == "done"


def test_ports_and_parts(run):
    printed = run("rp2040_pico", HERE / "run_portable.py", "check_ports")
    assert printed.splitlines()[-1].endswith(" passed, 0 failed"), printed


@pytest.mark.parametrize("name", BOARDS)
def test_a_meter_as_it_is_deployed_takes_a_token(
    name, micropython, micropython_env, tmp_path, sale
):
    board = targets.target(name)
    paths = targets.with_code(targets.modules(board, "meter"))
    paths["meter_script"] = FAKE / "meter_script.py"
    made = program("meter", paths, frozenset())
    for module, text in made.sources.items():
        package = paths.get(module, FAKE).name == "__init__.py"
        path = tmp_path.joinpath("lib", *module.split("."))
        path = path / "__init__.mpy" if package else path.with_suffix(".mpy")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compile_source(text, module, CORTEX_M3, "bytecode", made.sources))
    (tmp_path / "settings.json").write_text(json.dumps(meter_settings(sale)))
    (tmp_path / "start.py").write_text("import meter_script\n")
    credit_wh = 100 * amount.decode(sale["inputs"]["amount_field"])
    done = subprocess.run(
        [
            *micropython,
            "-X",
            f"heapsize={HEAP}",
            "start.py",
            sale["expected"]["token"],
            str(credit_wh),
        ],
        cwd=tmp_path,
        env={**micropython_env, "MICROPYPATH": f"lib:{FAKE}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["done"], done.stdout + done.stderr
