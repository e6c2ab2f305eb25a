"""Job files: every form that was ever written is read; limits and expiry keep the store usable."""

from check_collector_jobs import DRN, OTHER, TOKEN, Files, PowerCut, states, why

from collector.jobs import names
from collector.jobs import store as jobs
from collector.jobs.table import DONE, FORGOTTEN, STORED

NOW = 1780000000
DAY = 86400

# As firmware 0.1 wrote them: version 1, without tag and version.
STORED_1 = b"7 01234567890123456789 00000384 12345678903 8c53027f\n"
DONE_1 = b"9 98765432109876543210 00000003 12345678903 4e9be5a7\n"
VERSION_1 = {
    "00000384-12345678903.job": STORED_1,
    "00000003-12345678903-0001-6553f100.end": DONE_1,
}
LATER = b"job 4 future words of a newer firmware 26da6b7a\n"


def old_files():
    files = Files()
    files.content.update(VERSION_1)
    return files


def test_job_files_of_firmware_0_1_are_read():
    store = jobs.Store(old_files())
    assert (store.get(3).state, store.get(3).result, store.get(3).at) == (DONE, 1, 0x6553F100)
    job = store.get(900)
    assert (job.state, job.token, job.number, job.unsure) == (STORED, TOKEN, 7, True)
    assert store.get(3).token == OTHER
    assert store.next_number() == 10


def test_old_files_are_converted_and_a_power_cut_loses_nothing():
    cuts = 0
    for torn in (0, 1, 40, 1000):
        for cut_at in range(1, 5):
            files = old_files()
            files.cut_at, files.torn = cut_at, torn
            try:
                jobs.Store(files).expire(NOW, lambda job: False)
            except PowerCut:
                cuts += 1
            files.cut_at = None
            store = jobs.Store(files)
            assert store.get(900).token == TOKEN and store.get(3).result == 1
            store.expire(NOW, lambda job: False)
            data = files.content["00000384-12345678903.job"]
            assert names.parse_record(data, 900, DRN) == (7, TOKEN, NOW + 30 * DAY)
            assert len(files.content) == 2
    assert cuts == 8  # write and rename
    return cuts


def test_a_file_of_a_newer_firmware_is_left_alone():
    for name in ("00000005-12345678903.job", "00000005-12345678903-0001-00000000.end"):
        for data in (LATER, b"job 12 " + b"x" * 500):
            files = Files()
            files.content[name] = data
            store = jobs.Store(files)
            assert len(store) == 0 and store.newer == [5]
            assert "newer firmware" in why(store.add, 5, DRN, TOKEN)
            store.add(6, DRN, TOKEN, None, NOW)
            store.expire(NOW + 40 * DAY, lambda job: False)
            assert store.get(6).result == jobs.EXPIRED
            assert files.content[name] == data


def test_damage_is_not_taken_for_a_newer_form():
    good = names.record(1, TOKEN, 1, DRN, NOW)
    for data in (
        good.replace(b"job 2", b"job 3"),
        good.replace(b"job 2", b"job 4"),
        good.replace(b"job 2", b"job 1"),
        good.replace(b"job 2", b"job x"),
        b"job 4 short",
        b"job",
        b"",
        b"\xff\xfe",
        good + good,
        names.record(1, "abc", 1, DRN, NOW),
        names.record(1 << 40, TOKEN, 1, DRN, NOW),
    ):
        files = Files()
        files.content[names.name(1, DRN, names.JOB)] = data
        store = jobs.Store(files)
        assert states(store)[1] == ("done", jobs.DAMAGED, None), data
        assert store.newer == []


def test_names_of_results_with_a_proof_and_of_earlier_firmware():
    before = "00000005-12345678903-0001-6553f100.end"
    now = "00000006-12345678903-0001-6553f100-ffffffce00000002cf115f31310e6aad.end"
    proof = bytes((255, 255, 255, 206, 0, 0, 0, 2, 207, 17, 95, 49, 49, 14, 106, 173))
    assert names.end_name(6, DRN, 1, 0x6553F100, proof) == now
    assert names.parse_name(now) == (6, DRN, 1, 0x6553F100, proof)
    assert names.end_name(5, DRN, 1, 0x6553F100) == before
    files = Files()
    for number, name in ((5, before), (6, now)):
        files.content[name] = names.record(number, TOKEN, number, DRN, NOW)
    store = jobs.Store(files)
    assert [store.get(ref).proof for ref in (5, 6)] == [None, proof]
    for end in ("-.end", "-00.end", "-%s-.end" % ("0" * 32), "-%s.end" % ("G" * 32)):
        assert names.parse_name(before.replace(".end", end)) is None, end
    assert names.parse_name(now.replace("cf11", "CF11")) is None


def test_a_drn_in_a_name_is_digits():
    for drn in ("+", "#", "a", "", "1/2", "12345678901234"):
        assert names.parse_name(names.name(1, drn, names.JOB)) is None


def test_a_ref_with_other_digits_is_refused_whatever_became_of_the_job():
    files = Files()
    store = jobs.Store(files)
    job = store.add(5, DRN, TOKEN)
    assert "another token" in why(store.add, 5, DRN, OTHER)
    store.finish(job, 1, NOW)
    assert "another token" in why(store.add, 5, DRN, OTHER)
    assert "another token" in why(store.add, 5, "99999999999", TOKEN)
    store = jobs.Store(files)
    assert "another token" in why(store.recall, 5, DRN, OTHER)
    assert store.recall(5, DRN, TOKEN).state == DONE
    store.forget(5)
    assert "another token" in why(store.recall, 5, DRN, OTHER)
    assert store.recall(5, DRN, TOKEN).state == FORGOTTEN


def test_a_finished_job_whose_digits_are_lost_is_not_taken_for_any():
    files = Files()
    store = jobs.Store(files)
    store.finish(store.add(5, DRN, TOKEN), 1, NOW)
    for name in files.content:
        files.content[name] = b"damaged"
    store = jobs.Store(files)
    assert states(store) == {5: ("done", 1, NOW)}
    assert "another token" in why(store.recall, 5, DRN, TOKEN)


def test_results_that_nobody_claims_make_room():
    files = Files()
    store = jobs.Store(files, limit=3)
    for ref in (1, 2, 3):
        store.finish(store.add(ref, DRN, TOKEN), 13, NOW)
    assert "already holds 3" in why(store.add, 4, DRN, TOKEN)
    store.get(3).published = store.get(2).published = True
    assert store.add(4, DRN, TOKEN).state == STORED
    assert sorted(states(store)) == [1, 3, 4]
    assert store.forgotten(2).result == 13
    assert store.add(5, DRN, TOKEN)
    assert "already holds 3" in why(store.add, 6, DRN, TOKEN), "the first was never told"
    assert sorted(states(jobs.Store(files, limit=3))) == [1, 4, 5]


def test_one_meter_cannot_fill_the_store():
    store = jobs.Store(Files(), limit=10, meter_limit=2)
    for ref in (1, 2):
        store.add(ref, DRN, TOKEN)
    assert "2 jobs already wait for this meter" in why(store.add, 3, DRN, TOKEN)
    assert store.add(4, "11111111111", TOKEN)
    store.finish(store.get(1), 1, None)
    assert store.add(3, DRN, TOKEN)


def test_jobs_expire():
    files = Files()
    store = jobs.Store(files, days=2)
    assert "expired" in why(store.add, 1, DRN, TOKEN, NOW, NOW)
    store.add(2, DRN, TOKEN, NOW + 10, NOW)
    store.add(3, DRN, TOKEN, None, NOW)
    store.add(4, DRN, TOKEN)  # the time is not known
    store.add(5, DRN, TOKEN, NOW + 10, None)
    assert store.expire(NOW + 9, lambda job: False) == []
    assert [job.ref for job in store.expire(NOW + 10, lambda job: job.ref == 2)] == [5]
    assert [job.ref for job in store.expire(NOW + 10, lambda job: False)] == [2]
    assert states(store)[2] == ("done", jobs.EXPIRED, NOW + 10)
    assert store.get(2).unsent
    store = jobs.Store(files, days=2)
    assert [job.ref for job in store.expire(NOW + 2 * DAY, lambda job: False)] == [3]
    assert store.get(4).state == STORED
    assert [job.ref for job in store.expire(NOW + 2 * DAY + 9, lambda job: False)] == [4]


def test_results_that_nobody_claims_are_forgotten_in_time():
    store = jobs.Store(Files(), days=2)
    for ref in (1, 2):
        store.finish(store.add(ref, DRN, TOKEN), 1, NOW)
    store.get(1).published = True
    store.expire(NOW + 2 * DAY - 1, lambda job: False)
    assert len(store) == 2
    store.expire(NOW + 2 * DAY, lambda job: False)
    assert sorted(states(store)) == [2]
