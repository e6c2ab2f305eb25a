"""Printing: what is counted, and printers that fail."""

import os
import pty
import threading
import tty

import pytest
from escpos_kit import read
from receipt_kit import TOKENS, FakePrinter, add_sale, receipt
from sqlalchemy import select
from station_kit import do, see

from tjugo.errors import TjugoError
from tjugo.station.audit import chain
from tjugo.station.receipts import printers, service
from tjugo.station.receipts.line import connected
from tjugo.station.receipts.model import Utility
from tjugo.station.receipts.printers import Printer
from tjugo.station.receipts.profiles import PROFILES
from tjugo.station.storage.tables import AuditEvent, Reprint, Sale

READY = {1: 0, 2: 0, 4: 0}


@pytest.fixture
def switched_on():
    """Return a function that switches a printer on and returns it with its entry."""
    running = []

    def start(profile="epson-80", **behaviour):
        fake = FakePrinter(**behaviour)
        running.append(fake)
        return fake, Printer("till", "tcp", f"127.0.0.1:{fake.port}", profile)

    yield start
    for fake in running:
        fake.close()


def text_of(data, profile="epson-80"):
    pages = {number: codec for codec, number in PROFILES[profile].pages}
    return read(data, pages).text


def print_receipt(station, printer, shown):
    return service.print_on(station, "op:ama", printer, shown.client, shown.client_id)


def prints(station):
    return see(station, lambda view: list(view.session.scalars(select(Reprint.number))))


def sale_row(station):
    def query(view):
        row = view.session.scalars(select(Sale)).one()
        return row.receipt, row.tendered, row.receipt_no

    return see(station, query)


def test_the_first_print_is_the_original_and_the_others_are_numbered(station, switched_on):
    fake, printer = switched_on(status=READY)
    shown = add_sale(station)
    assert [print_receipt(station, printer, shown) for _ in range(3)] == [0, 1, 2]
    fake.close()
    first, second, third = map(text_of, fake.prints)
    assert "REPRINT" not in first
    assert "REPRINT 1" in second
    assert "REPRINT 2" in third
    assert all("5555 6666 7777 8888 9999" in printed for printed in (first, second, third))
    events = see(station, lambda v: [(e.actor, e.action, e.detail) for e in chain.events(v)])
    assert events[-3:] == [
        ("op:ama", "sales.reprint", "original, printer till"),
        ("op:ama", "sales.reprint", "reprint 1, printer till"),
        ("op:ama", "sales.reprint", "reprint 2, printer till"),
    ]


def failure(station, printer, shown):
    """Return the sentence of a print that fails. The sale is the same as before."""
    before = sale_row(station)
    with pytest.raises(TjugoError) as failed:
        print_receipt(station, printer, shown)
    assert failed.value.code == "printer_unavailable"
    assert sale_row(station) == before
    return failed.value.message


def test_a_printer_that_is_gone_uses_no_number(station, switched_on):
    shown = add_sale(station)
    fake, printer = switched_on(status=READY)
    fake.close()
    assert failure(station, printer, shown) == (
        "The printer till refuses the connection: is its address right?"
    )
    missing = Printer("usb", "usb", "/dev/usb/lp77")
    assert "does not answer" in failure(station, missing, shown)
    serial = Printer("com", "serial", "/dev/ttyUSB77")
    assert "does not answer" in failure(station, serial, shown)
    unknown = Printer("net", "tcp", "printer.invalid")
    assert "does not answer" in failure(station, unknown, shown)
    assert prints(station) == []
    _, printer = switched_on(status=READY)
    assert print_receipt(station, printer, shown) == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (READY | {4: 0x60}, "out of paper"),
        (READY | {2: 0x20}, "out of paper"),
        (READY | {2: 0x04}, "close the cover"),
        (READY | {2: 0x40}, "fault"),
        (READY | {1: 0x08}, "off line"),
    ],
)
def test_a_printer_that_is_not_ready_prints_nothing(station, switched_on, status, words):
    shown = add_sale(station)
    fake, printer = switched_on(status=status)
    assert words in failure(station, printer, shown)
    fake.close()
    assert fake.prints == []
    assert prints(station) == []


def test_a_printer_without_status_prints(station, switched_on):
    shown = add_sale(station)
    fake, printer = switched_on(profile="simple-58")
    silent, other = switched_on(profile="epson-58")
    print_receipt(station, printer, shown)
    print_receipt(station, other, shown)
    for one in (fake, silent):
        one.close()
        assert len(one.prints) == 1


@pytest.mark.parametrize(
    "behaviour", [{"after": READY | {4: 0x60}}, {"reset_at": 20}], ids=["paper", "unplugged"]
)
def test_a_test_page_that_stops_in_the_middle_names_no_sale(switched_on, behaviour):
    _, printer = switched_on(status=READY, **behaviour)
    with pytest.raises(TjugoError) as failed:
        service.print_test(printer)
    assert failed.value.code == "printer_unavailable"
    assert "stopped in the middle" in failed.value.message
    assert "sale" not in failed.value.message and "receipt" not in failed.value.message


def test_paper_that_ends_in_the_middle_counts_the_print(station, switched_on):
    shown = add_sale(station)
    _, printer = switched_on(status=READY, after=READY | {4: 0x60})
    sentence = failure(station, printer, shown)
    assert "stopped in the middle" in sentence
    assert "out of paper" in sentence
    assert "The sale is complete: print the receipt again." in sentence
    assert prints(station) == [0]


def test_a_printer_unplugged_in_the_middle_counts_the_print(station, switched_on):
    shown = add_sale(station)
    _, printer = switched_on(status=READY, reset_at=100)
    assert "stopped in the middle" in failure(station, printer, shown)
    fake, printer = switched_on(status=READY)
    assert print_receipt(station, printer, shown) == 1
    fake.close()
    assert "REPRINT 1" in text_of(fake.prints[0])


def test_a_printer_on_usb_and_on_a_serial_line(station):
    shown = add_sale(station)
    for kind in ("usb", "serial"):
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        printed, done = bytearray(), threading.Event()

        def paper(ours=ours, printed=printed, done=done):
            while b"\x1dVB\x00" not in printed:
                printed += os.read(ours, 4096)
            done.set()

        thread = threading.Thread(target=paper, daemon=True)
        thread.start()
        printer = Printer(kind, kind, os.ttyname(theirs), "epson-58")
        print_receipt(station, printer, shown)
        assert done.wait(20)
        thread.join()
        os.close(theirs)
        os.close(ours)
        plain = bytes(printed).replace(b"\x10\x04\x04", b"")  # not answered
        assert "3456 7890" in text_of(plain, "epson-58")


def test_a_file_is_appended_to(station, tmp_path):
    shown = add_sale(station)
    path = tmp_path / "prints"
    printer = Printer("spool", "file", str(path))
    print_receipt(station, printer, shown)
    once = path.read_bytes()
    print_receipt(station, printer, shown)
    assert path.read_bytes().startswith(once)
    assert path.read_bytes().count(b"\x1dVB\x00") == 2
    assert "folder" in failure(station, Printer("spool", "file", str(tmp_path)), shown)


def test_a_full_disk_is_a_sentence(station):
    shown = add_sale(station)
    full = Printer("full", "file", "/dev/full")
    sentence = failure(station, full, shown)
    assert "stopped in the middle" in sentence
    assert "the disk is full" in sentence


def test_a_void_sale_is_not_printed(station, switched_on):
    fake, printer = switched_on(status=READY)
    shown = add_sale(station, voided=True)
    with pytest.raises(TjugoError) as refused:
        print_receipt(station, printer, shown)
    assert refused.value.code == "receipt_void"
    fake.close()
    assert fake.prints == []
    assert prints(station) == []


def test_a_receipt_that_is_shown_can_no_longer_be_voided(station):
    shown = add_sale(station)
    at = see(station, lambda view: view.session.scalars(select(Sale.shown_at)).one())
    assert at is None
    stored = service.show(station, "op:ama", shown.client, shown.client_id)
    assert stored == service.Stored(shown, None, None, "ama")
    at = see(station, lambda view: view.session.scalars(select(Sale.shown_at)).one())
    assert at is not None
    station.clock.forward(hours=1)
    service.show(station, "op:ama", shown.client, shown.client_id)
    assert see(station, lambda view: view.session.scalars(select(Sale.shown_at)).one()) == at


def test_an_unknown_receipt(station):
    with pytest.raises(TjugoError) as refused:
        do(station, service.count_print, "web", "none", "pdf")
    assert refused.value.code == "receipt_unknown"
    assert see(station, lambda v: list(v.session.scalars(select(AuditEvent.action)))) == see(
        station, lambda v: [event.action for event in chain.events(v)]
    )


def test_the_printers_are_kept_in_a_private_file(tmp_path):
    usb = Printer("till", "usb", "/dev/usb/lp0", "generic-58")
    net = Printer("office", "tcp", "[fe80::1]:9101")
    printers.add(tmp_path, usb)
    printers.add(tmp_path, net)
    assert printers.printers(tmp_path) == {"till": usb, "office": net}
    assert (tmp_path / printers.FILE).stat().st_mode & 0o077 == 0
    assert net.host() == ("fe80::1", 9101)
    assert Printer("a", "tcp", "10.0.0.9").host() == ("10.0.0.9", 9100)
    assert Printer("a", "tcp", "[fe80::1]").host() == ("fe80::1", 9100)
    with pytest.raises(TjugoError, match="already"):
        printers.add(tmp_path, usb)
    with pytest.raises(TjugoError, match="Name one of the printers: office, till"):
        printers.find(tmp_path, None)
    printers.remove(tmp_path, "office")
    assert printers.find(tmp_path, None) == usb
    with pytest.raises(TjugoError, match="no printer 'office': till"):
        printers.remove(tmp_path, "office")


@pytest.mark.parametrize(
    "wrong",
    [
        Printer("", "usb", "/dev/usb/lp0"),
        Printer("a b", "usb", "/dev/usb/lp0"),
        Printer("a", "fax", "/dev/usb/lp0"),
        Printer("a", "usb", "lp0"),
        Printer("a", "tcp", "host:99999"),
        Printer("a", "tcp", "http://host"),
        Printer("a", "serial", "COM1"),
        Printer("a", "usb", "/dev/usb/lp0", "laser"),
        Printer("a", "serial", "/dev/ttyS0", baud=9601),
        Printer("a", "serial", "/dev/ttyS0", flow="yes"),
    ],
)
def test_a_wrong_printer_is_refused(tmp_path, wrong):
    with pytest.raises(TjugoError) as refused:
        printers.add(tmp_path, wrong)
    assert refused.value.code == "printer_invalid"
    assert printers.printers(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "[]", '{"v":2,"printers":[]}', '{"v":1,"printers":[{}]}'])
def test_a_damaged_file_of_printers_is_a_sentence(tmp_path, text):
    (tmp_path / printers.FILE).write_text(text)
    with pytest.raises(TjugoError) as refused:
        printers.printers(tmp_path)
    assert refused.value.code == "printer_invalid"


def test_two_cashiers_print_one_after_the_other(station, switched_on):
    fake, printer = switched_on(status=READY)
    shown = [
        add_sale(station, receipt(client_id=str(n), number=n, utility=Utility(f"Number {n}")))
        for n in range(4)
    ]
    threads = [
        threading.Thread(target=print_receipt, args=(station, printer, one)) for one in shown
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fake.close()
    assert sorted(text_of(p).split("\n")[0] for p in fake.prints) == [
        f"Number {n}" for n in range(4)
    ]
    assert all("".join(TOKENS[0][:4]) in text_of(p) for p in fake.prints)


def test_a_printer_is_free_again_after_a_failure(station, switched_on):
    fake, printer = switched_on(status=READY)
    with pytest.raises(ZeroDivisionError), connected(printer):
        raise ZeroDivisionError
    with connected(printer) as line:
        line.print(b"A\n")
    fake.close()
    assert fake.prints == [b"A\n"]
