"""A short storm: `make storm` runs a long one."""

import pytest
import storm


@pytest.mark.long
def test_nothing_is_lost_and_nothing_twice(request, database, tmp_path):
    server = request.getfixturevalue("postgres") if database() else None
    counts = storm.run(tmp_path / "state", server, storm.Options(kills=3, clients=8, most=20))
    assert counts.faults == []
    assert counts.kills == 3 and counts.answers > 3 and counts.tokens >= counts.answers
    assert counts.asked_again >= counts.answers
    assert counts.database_kills == (storm.SERVER_KILLS if server else 0)
