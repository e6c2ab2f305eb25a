"""The network of a board without a radio, which cannot be a collector."""


class NoNetwork:
    def up(self):
        return False

    def dns(self):
        return []

    def hosts(self, _name):
        return []
