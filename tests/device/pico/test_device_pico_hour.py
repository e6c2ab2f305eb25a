"""The short form of `make test-device-pico-hour`: all parts of the Pico in use at once."""

import hour
from hour_count import failures
from hour_plan import SHORT


def test_display_keys_relay_and_pulses_at_once(image, tmp_path):
    count = hour.run(image, tmp_path, SHORT)
    print(count.line())
    assert failures(SHORT, count) == []
    assert count.lowest_free >= 40_000
