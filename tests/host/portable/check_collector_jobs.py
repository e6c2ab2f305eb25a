"""The job store: no job that was acknowledged is lost, whatever happens to power and files."""

from collector.jobs import names
from collector.jobs import store as jobs
from collector.jobs.table import DONE, STORED

TOKEN = "01234567890123456789"
OTHER = "98765432109876543210"
DRN = "12345678903"
ENOSPC = 28


class PowerCut(Exception):
    """Not an OSError: nothing in the store may survive it."""


class Files:
    """Files in memory. `cut_at`: the operation at which the power fails; `torn`: bytes of a write
    that are left by it, None all of them; `full`: no space for anything new."""

    def __init__(self):
        self.content = {}
        self.operations = 0
        self.cut_at = None
        self.torn = 0
        self.full = False
        self.broken = False

    def _cut(self):
        if self.broken:
            raise OSError(5, "I/O")
        self.operations += 1
        return self.operations == self.cut_at

    def names(self):
        return list(self.content)

    def read(self, name):
        if self.broken:
            raise OSError(5, "I/O")
        return bytes(self.content[name][: names.MAX_RECORD + 1])

    def write(self, name, data):
        cut = self._cut()
        if self.full:
            self.content[name] = b""
            raise OSError(ENOSPC, "full")
        self.content[name] = bytes(data[: self.torn]) if cut else bytes(data)
        if cut:
            raise PowerCut

    def rename(self, old, new):
        before = self._cut() and self.torn == 0
        if not before:
            self.content[new] = self.content.pop(old)
        if self.operations == self.cut_at:
            raise PowerCut

    def remove(self, name):
        before = self._cut() and self.torn == 0
        if not before:
            if name not in self.content:
                raise OSError(2, "none")
            del self.content[name]
        if self.operations == self.cut_at:
            raise PowerCut


def states(store):
    """Return {id: ("stored", token) or ("done", result, at)} of the jobs with an id below 100."""
    found = {}
    for ref in range(100):
        job = store.get(ref)
        if job and job.state == STORED:
            found[ref] = ("stored", job.token)
        elif job:
            found[ref] = ("done", job.result, job.at)
    assert len(found) == len(store)
    return found


def why(call, *args):
    try:
        call(*args)
    except jobs.JobError as error:
        return str(error)
    raise AssertionError("no JobError")


def test_stored_done_forgotten():
    files = Files()
    store = jobs.Store(files)
    job = store.add(9, DRN, TOKEN)
    assert store.first(DRN).ref == 9
    assert job.token == TOKEN
    assert store.first("other") is None
    assert not store.forget(job.ref)  # not before it is done
    store.finish(job, 1, 1700000000)
    assert job.unsent
    assert store.first(DRN) is None
    assert states(jobs.Store(files)) == {9: ("done", 1, 1700000000)}
    assert store.forget(9)
    assert not store.forget(9)
    assert store.forgotten(9).result == 1
    assert files.content == {}
    assert len(store) == len(jobs.Store(files)) == 0


def test_again_changes_nothing():
    files = Files()
    store = jobs.Store(files)
    job = store.add(5, DRN, TOKEN)
    before = files.operations
    assert store.add(5, DRN, TOKEN).row == job.row
    store.finish(job, 1, None)
    assert store.add(5, DRN, TOKEN).row == job.row
    assert len(store) == 1
    assert files.operations == before + 1
    assert "another token" in why(store.add, 5, "99999999999", TOKEN)
    store = jobs.Store(Files())
    store.add(5, DRN, TOKEN)
    assert "another token" in why(store.add, 5, DRN, OTHER)


def test_a_restart_keeps_the_order_and_marks_jobs_as_unsure():
    files = Files()
    store = jobs.Store(files)
    assert not store.add(900, DRN, TOKEN).unsure
    store.add(3, DRN, OTHER)
    store.add(77, "11111111111", OTHER)
    for _ in range(3):
        store = jobs.Store(files)
        assert store.first(DRN).ref == 900
        assert store.get(900).unsure and store.get(3).unsure and store.get(77).unsure
    store.finish(store.first(DRN), 13, None)
    assert store.first(DRN).token == OTHER
    assert jobs.Store(files).add(4, DRN, TOKEN).number == 4


def test_power_cut_at_every_operation():
    """What was acknowledged before the cut is there after it; what was not is there or not."""
    cuts = 0
    for torn in (0, 1, 20, 1000):
        for cut_at in range(1, 11):
            files = Files()
            files.cut_at, files.torn = cut_at, torn
            acknowledged = {}
            store = jobs.Store(files)
            try:
                for ref in (1, 2, 3):
                    store.add(ref, DRN, TOKEN)
                    acknowledged[ref] = "stored"
                for ref in (1, 2):
                    store.finish(store.get(ref), 9 + ref, 5)
                    acknowledged[ref] = "done"
                store.forget(1)
                acknowledged[1] = "forgotten"
            except PowerCut:
                cuts += 1
            files.cut_at = None
            after = states(jobs.Store(files))
            for ref, state in acknowledged.items():
                stored, done = ("stored", TOKEN), ("done", 9 + ref, 5)
                under_way = None if ref == 1 else done  # only job 1 is forgotten
                allowed = {"stored": (stored, done), "done": (done, under_way)}
                assert after.get(ref) in allowed.get(state, (None,)), (cut_at, torn)
            assert not [name for name in files.content if name.endswith(".new")]
    assert cuts == 36  # nine operations
    return cuts


def test_power_cut_while_starting():
    files = Files()
    store = jobs.Store(files)
    store.add(1, DRN, TOKEN)
    store.add(2, DRN, OTHER)
    files.content["00000003-" + DRN + ".new"] = b"half"
    files.content["00000002-" + DRN + ".job"] = b"garbage"
    expected = {1: ("stored", TOKEN), 2: ("done", jobs.DAMAGED, None)}
    for torn in (0, 1):
        for cut_at in (1, 2):
            files.cut_at, files.torn = files.operations + cut_at, torn
            try:
                jobs.Store(files)
            except PowerCut:
                pass
    files.cut_at = None
    assert states(jobs.Store(files)) == expected


def test_torn_and_garbage_files():
    files = Files()
    store = jobs.Store(files)
    store.add(1, DRN, TOKEN)
    good = files.content["00000001-" + DRN + ".job"]
    for at in range(len(good)):
        for changed in (good[:at], good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :]):
            files.content["00000001-" + DRN + ".job"] = changed
            damaged = jobs.Store(files)
            assert states(damaged)[1] == ("done", jobs.DAMAGED, None)
            assert damaged.get(1).drn == DRN
            files.content.clear()
    # The right content under another name is not that job either.
    files.content["00000002-" + DRN + ".job"] = good
    assert states(jobs.Store(files)) == {2: ("done", jobs.DAMAGED, None)}


def test_foreign_names_are_left_alone():
    files = Files()
    names = ("", ".", "x", "a.job", "-.job", "1-2.job", "zzzzzzzz-1.job", "00000001.end")
    names += ("00000001-1-0001.end", "00000001-1-xxxx-00000000.end", "1.2.job", "ä-1.job")
    for name in names:
        files.content[name] = b"?"
    store = jobs.Store(files)
    assert len(store) == 0
    assert sorted(files.content) == sorted(names)


def test_every_id_and_time_fits():
    files = Files()
    for ref in (1, 0xFFFF, 0x10000, 0x3FFFFFFF, 0x40000000, 0x80000000, 0xFFFFFFFF):
        store = jobs.Store(files)
        job = store.add(ref, DRN, TOKEN)
        assert (job.ref, store.get(ref).token) == (ref, TOKEN)
        store.finish(job, 18, 0xFFFFFFFF)
        job = jobs.Store(files).get(ref)
        assert (job.ref, job.drn, job.result, job.at) == (ref, DRN, 18, 0xFFFFFFFF)
    assert len(files.content) == 7


def test_more_files_than_the_limit_allows():
    files = Files()
    store = jobs.Store(files, limit=5)
    for ref in range(1, 6):
        store.add(ref, DRN, TOKEN)
    store = jobs.Store(files, limit=3)
    assert len(store) == 3
    assert len(files.content) == 5
    assert "3 jobs" in why(store.add, 9, DRN, TOKEN)


def test_a_limited_number():
    store = jobs.Store(Files(), limit=3)
    for ref in (1, 2, 3):
        store.add(ref, DRN, TOKEN)
    assert why(store.add, 4, DRN, TOKEN) == "the collector already holds 3 jobs"
    assert store.add(3, DRN, TOKEN)  # a known one still
    store.finish(store.get(1), 1, None)
    store.forget(1)
    assert store.add(4, DRN, TOKEN)


def test_full_flash():
    files = Files()
    store = jobs.Store(files)
    files.full = True
    assert why(store.add, 1, DRN, TOKEN) == "storage full"
    assert len(store) == 0
    assert files.content == {}
    files.full = False
    files.broken = True
    assert why(store.add, 1, DRN, TOKEN) == "storage error 5"
    files.broken = False
    assert store.add(1, DRN, TOKEN)


def test_a_result_the_flash_does_not_take_counts_and_is_saved_later():
    files = Files()
    store = jobs.Store(files)
    job = store.add(1, DRN, TOKEN)
    files.broken = True
    store.finish(job, 1, 7)
    assert job.state == DONE
    assert not store.save()
    assert not store.forget(1)
    files.broken = False
    assert states(jobs.Store(files))[1][0] == "stored"
    assert store.save()
    assert states(jobs.Store(files)) == {1: ("done", 1, 7)}


def test_a_result_never_saved_can_be_forgotten():
    files = Files()
    store = jobs.Store(files)
    job = store.add(1, DRN, TOKEN)
    files.broken = True
    store.finish(job, 1, 7)
    files.broken = False
    assert store.forget(1)
    assert files.content == {}
    assert store.save()
    assert files.content == {}


def test_only_some_forgotten_jobs_are_remembered():
    store = jobs.Store(Files(), limit=4)
    for ref in range(1, 41):
        store.finish(store.add(ref, DRN, TOKEN), 1, None)
        store.forget(ref)
    remembered = [ref for ref in range(1, 41) if store.forgotten(ref)]
    assert remembered == list(range(21, 41))  # at least sixteen, the last ones
