"""The simulated board's network reads the PC's own files."""

import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.append(str(REPO / "boards" / "simulated"))

from sim_net import Net  # noqa: E402


def test_name_servers_and_hosts_of_the_system(tmp_path: Path) -> None:
    resolv, hosts = tmp_path / "resolv.conf", tmp_path / "hosts"
    net = Net(str(resolv), str(hosts))
    assert net.up()
    assert net.dns() == net.hosts("broker") == []  # the files are not there
    resolv.write_text(
        "# made by hand\nsearch home\nnameserver 10.0.0.1\nnameserver\nnameserver ::1 # local\n"
    )
    hosts.write_text("127.0.0.1 localhost\n10.0.0.2\tBroker broker.home # ours\n\n::2 broker\n")
    assert net.dns() == ["10.0.0.1", "::1"]
    assert net.hosts("broker") == net.hosts("BROKER") == ["10.0.0.2", "::2"]
    assert net.hosts("ours") == []
