"""The latching relay: a pulse each way, never both coils, nothing at rest."""

from drivers.latching_relay import LatchingRelay


class Coil:
    """A coil that counts its pulses; `other` must be without current when this one gets some."""

    def __init__(self):
        self.on = None
        self.pulses = 0
        self.other = None

    def __call__(self, level):
        if level:
            assert not self.other.on, "both coils have current"
            self.pulses += not self.on
        self.on = level


class Rig:
    def __init__(self, **options):
        self.open_coil, self.close_coil = Coil(), Coil()
        self.open_coil.other, self.close_coil.other = self.close_coil, self.open_coil
        self.relay = LatchingRelay(self.open_coil, self.close_coil, **options)

    def coils(self):
        return self.open_coil.on, self.close_coil.on

    def pulse_length(self, tick):
        """Return the ms until no coil has current, in calls of elapsed."""
        ms = 0
        while any(self.coils()):
            self.relay.elapsed(tick)
            ms += tick
            assert ms < 10000
        return ms


def test_both_coils_are_off_at_the_start():
    assert Rig().coils() == (0, 0)


def test_a_pulse_each_way_then_rest():
    rig = Rig()
    lengths = []
    for command, coils in ((rig.relay.close, (0, 1)), (rig.relay.open, (1, 0))):
        command()
        assert rig.coils() == coils and rig.relay.busy()
        lengths.append(rig.pulse_length(20))
        assert rig.coils() == (0, 0) and not rig.relay.busy()
        assert rig.relay.closed() == (command == rig.relay.close)
    assert rig.relay.operations == 2
    return lengths


def test_a_pulse_is_never_shorter_than_asked():
    # The first call of elapsed may come at once, with time from before the pulse.
    for tick in (1, 7, 20, 49, 50, 400):
        rig = Rig()
        rig.relay.close()
        assert rig.pulse_length(tick) - tick >= 50


def test_the_position_changes_when_the_pulse_ends():
    rig = Rig()
    rig.relay.close()
    assert not rig.relay.closed()
    rig.pulse_length(20)
    assert rig.relay.closed()


def test_the_same_command_again_does_not_make_the_pulse_longer():
    rig = Rig()
    rig.relay.close()
    for _ in range(20):
        rig.relay.elapsed(20)
        if rig.close_coil.on:
            rig.relay.close()
    assert rig.coils() == (0, 0)
    assert rig.close_coil.pulses == 1


def test_the_opposite_command_ends_a_pulse_and_starts_its_own():
    rig = Rig()
    rig.relay.close()
    rig.relay.elapsed(20)
    rig.relay.open()
    assert rig.coils() == (1, 0)
    rig.pulse_length(20)
    assert not rig.relay.closed()


def test_a_sense_input_says_what_the_contact_is():
    level = [False]
    rig = Rig(contact=lambda: level[0])
    rig.relay.close()
    rig.pulse_length(20)
    assert not rig.relay.closed(), "welded, or the coil is off its wire"
    level[0] = True
    assert rig.relay.closed()


def test_nothing_moves_below_70_percent_and_the_last_command_waits():
    enough = [False]
    rig = Rig(may_operate=lambda: enough[0])
    rig.relay.close()
    rig.relay.open()
    for _ in range(100):
        rig.relay.elapsed(20)
    assert rig.coils() == (0, 0) and rig.relay.busy() and rig.relay.operations == 0
    enough[0] = True
    rig.relay.elapsed(20)
    assert rig.coils() == (1, 0)
    rig.pulse_length(20)
    assert (rig.open_coil.pulses, rig.close_coil.pulses) == (1, 0)


def test_a_timer_ends_the_pulse_when_nobody_calls():
    timers = []
    rig = Rig(after=lambda ms, function: timers.append((ms, function)))
    rig.relay.close()
    ms, function = timers[0]
    assert ms == 50 and rig.close_coil.on
    function()
    assert rig.coils() == (0, 0) and rig.relay.closed()
    function()
    rig.relay.elapsed(20)
    assert rig.coils() == (0, 0) and rig.relay.operations == 1


def test_off_cuts_a_pulse_and_believes_nothing():
    rig = Rig()
    rig.relay.close()
    rig.relay.off()
    assert rig.coils() == (0, 0) and not rig.relay.closed()
