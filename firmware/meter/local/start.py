"""The parts of the local network that the settings ask for."""

from .options import of_home, of_page

_NETWORK_MS = 500  # how often the network is asked for


class Local:
    """The parts that the settings ask for. wrong: the setting that cannot be used, or "".

    A wrong setting, a full heap or an error in a part does not concern the meter: its connections
    are closed, and it goes on. fault: the last such error as a text, "" for none.
    """

    def __init__(self, meter, board, given):
        """board: see boards/README.md. given: the dict of settings.json."""
        self._parts = []
        self._net = board.net
        self.wrong = self.fault = ""
        try:
            page, home = of_page(given), of_home(given)
        except ValueError as error:
            self.wrong = str(error)
            return
        self._up = self._net.up()  # a radio that takes its time takes it before the bus is served
        self._since_ms = 0
        if page:
            from .server import Page

            self._parts.append(Page(meter, page))
        if home:
            from .home import Home

            self._parts.append(Home(meter, board, home))

    def tick(self, ms):
        """Do a small part of the work; never wait. ms: real time since the last call."""
        if not self._parts:
            return
        self._since_ms += ms
        if self._since_ms >= _NETWORK_MS:
            self._since_ms = 0
            self._up = self._net.up()
        for part in self._parts:
            try:
                part.tick(ms, self._up)
            except Exception as error:
                self.fault = repr(error)[:80]
                part.close()
            part.work()  # not caught: what ends a token's entry half-way must end the meter too
