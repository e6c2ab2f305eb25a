"""Any job folder can be started with, and jobs behave as an independent model does."""

import binascii
import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

REPO = Path(__file__).resolve().parents[2]
sys.path.append(str(REPO / "tests" / "host" / "portable"))

from check_collector_jobs import Files  # noqa: E402

from collector.jobs import names  # noqa: E402
from collector.jobs.store import JobError, Store  # noqa: E402
from collector.jobs.table import DONE, FORGOTTEN, STORED  # noqa: E402

DRN = "12345678903"
TOKEN = "01234567890123456789"
NOW = 1780000000
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(1, 0xFFFFFFFF)


def sealed(words: str) -> bytes:
    return f"{words} {binascii.crc32(words.encode()):08x}\n".encode()


def a_record(version: int, ref: int, drn: str, number: int) -> bytes:
    if version == 1:
        return sealed(f"{number} {TOKEN} {ref:08x} {drn}")
    if version == 2:
        return sealed(f"job 2 {number} {TOKEN} {ref:08x} {drn} {NOW}")
    if version == 3:
        return sealed(f"job 3 {number} {'0a' * (17 + 17 * number)} {ref:08x} {drn} {NOW}")
    return sealed(f"job {version} {'w ' * number}end")


records = st.builds(
    a_record, st.integers(1, 6), st.integers(1, 3), st.just(DRN), st.integers(0, 9)
)
damaged = st.tuples(records, st.integers(0, 200), st.binary(max_size=3)).map(
    lambda row: row[0][: row[1]] + row[2] + row[0][row[1] + 1 :]
)
file_names = st.one_of(
    st.builds(lambda ref: names.name(ref, DRN, names.JOB), st.integers(1, 3)),
    st.builds(lambda ref: names.name(ref, DRN, names.NEW), st.integers(1, 3)),
    st.builds(
        lambda ref, r, at, proof: names.end_name(ref, DRN, r, at, proof),
        *(st.integers(1, 3), u16, u32, st.none() | st.binary(min_size=16, max_size=16)),
    ),
    st.text("0123456789abcdef-.jobend", max_size=40),
)


@given(st.dictionaries(file_names, records | damaged | st.binary(max_size=200), max_size=6))
def test_any_job_folder_can_be_started_with(content: dict[str, bytes]) -> None:
    files = Files()
    files.content.update(content)
    store = Store(files, limit=4)
    for name, data in content.items():
        words = data.decode("latin1").rpartition(" ")[0]
        newer = data == sealed(words) and words.startswith(("job 4 ", "job 5 ", "job 6 "))
        found = names.parse_name(name)
        if newer and found:
            assert files.content[name] == data
            assert found[0] in store.newer or store.get(found[0])
    store.expire(NOW + 1, lambda job: False)
    assert len(Store(files, limit=4)) <= 4


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "finish", "doubt", "forget", "restart", "expire"]),
        st.integers(1, 4),
        st.sampled_from([TOKEN, TOKEN[::-1]]),
        st.integers(0, 18),
    ),
    max_size=40,
)


@given(steps)
def test_jobs_behave_as_a_dictionary_does(todo: list[tuple[str, int, str, int]]) -> None:
    """An independent model: ref -> (state, token, result, expires)."""
    files, now = Files(), NOW
    store = Store(files, limit=3, days=1)
    model: dict[int, list[Any]] = {}
    gone: dict[int, str] = {}
    for act, ref, token, value in todo:
        now += 20000
        held = model.get(ref)
        if act == "add":
            used = held[1] if held else gone.get(ref)
            try:
                job = store.add(ref, DRN, token, None, now)
            except JobError:
                assert (used and used != token) or (not held and len(model) == 3)
                continue
            assert used in (None, token)
            if not held:
                model[ref] = [STORED, token, None, now + 86400]
                gone.pop(ref, None)
            assert job.state == model[ref][0]
        elif act == "finish" and held and held[0] == STORED:
            store.finish(store.get(ref), value, now, bytes((value,)) * 16 if value % 2 else None)
            model[ref][:3] = [DONE, held[1], value]
        elif act == "doubt" and held and held[0] == DONE:
            store.reopen(store.get(ref))
            model[ref][:3] = [STORED, held[1], None]
        elif act == "forget":
            assert store.forget(ref) == bool(held and held[0] == DONE)
            if held and held[0] == DONE:
                gone[ref] = model.pop(ref)[1]
        elif act == "restart":
            store = Store(files, limit=3, days=1)
            gone = {}
        elif act == "expire":
            store.expire(now, lambda job: False)
            for row in model.values():
                if row[0] == STORED and row[3] <= now:
                    row[:3] = [DONE, row[1], 0xFFFE]
    for ref in range(1, 5):
        job = store.get(ref)
        assert (job is not None) == (ref in model)
        if job:
            assert (job.state, job.token) == (model[ref][0], model[ref][1])
            assert job.state == STORED or job.result == model[ref][2]
            own = job.state == DONE and job.result <= 18 and job.result % 2
            assert job.proof == (bytes((job.result,)) * 16 if own else None)
        elif ref in gone:
            assert store.forgotten(ref).state == FORGOTTEN
