"""The network of the simulated board: that of the PC."""

_RESOLV_CONF = "/etc/resolv.conf"
_HOSTS = "/etc/hosts"


class Net:
    """`board.net`. The arguments are files of the PC's system."""

    def __init__(self, resolv_conf=_RESOLV_CONF, hosts=_HOSTS):
        self._resolv_conf = resolv_conf
        self._hosts = hosts

    def up(self):
        """Return True: the simulated link is always up."""
        return True

    def dns(self):
        """Return the addresses of the name servers."""
        return [row[1] for row in _rows(self._resolv_conf) if row[0] == "nameserver" and row[1:]]

    def hosts(self, name):
        """Return the addresses of a name in the system's table of hosts."""
        wanted = name.lower()
        rows = _rows(self._hosts)
        return [row[0] for row in rows if wanted in [host.lower() for host in row[1:]]]


def _rows(path):
    """Return the words of each line that is not blank, without comments, or [] on an error."""
    try:
        with open(path) as file:
            lines = [line.split("#")[0].split() for line in file]
    except OSError:
        return []
    return [line for line in lines if line]
