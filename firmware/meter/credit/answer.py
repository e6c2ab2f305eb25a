"""The answer to a token from the bus, with a MAC by which the station tells it from a forged one.

meterbus/answer.py has what is signed, and with which key. The MAC is computed once, when the token
is executed, and the one of the token accepted last is kept in the ledger: so the answer is the
same after a restart, a repeated write and a change of the key, and reading it costs no hash.
"""

import struct

from meterbus import codes
from sts_portable import results

from ..store.slots import unpack

_RECORD = ">iI8s"  # credit_wh, sequence, mac


class Answer:
    """A feature: see core.py.

    last: (credit_wh, sequence, mac) of the token entered last from the bus, None if unknown.
    """

    def __init__(self, meter):
        self._meter = meter
        self.last = None
        self._accepted = None  # the same of the token accepted last from the bus
        self.records = ((16, 1, self._pack, self._unpack),)

    def known(self):
        """Return KNOWN_ANSWER if there is an answer."""
        return codes.KNOWN_ANSWER if self.last else 0

    def sign(self, digits, ref, result, keyed):
        """Sign the result of a token that was entered from the bus, executed and noted. keyed: see
        core.py; a token without a key must not take the place of one with credit."""
        # A meter that is not on a bus needs neither of them on its heap.
        from meterbus import answer
        from sts_portable.hmac import hmac_sha256

        meter = self._meter
        credit_wh = meter.account.NOT_WH or meter.account.credit
        sequence = meter.events.sequence
        text = answer.message(meter.settings.drn, digits, ref, result, credit_wh, sequence)
        key = hmac_sha256(meter.tokens.key.key, answer.LABEL)
        self.last = credit_wh, sequence, hmac_sha256(key, text)[: answer.MAC_BYTES]
        if result == results.ACCEPT and keyed:
            self._accepted = self.last

    def repeat(self):
        """Answer for the token that was accepted last from the bus."""
        self.last = self._accepted

    def _pack(self, buf, at):
        if self._accepted is None:
            return 0
        credit_wh, sequence, mac = self._accepted
        struct.pack_into(_RECORD, buf, at, credit_wh, sequence, mac)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, _version):
        self._accepted = unpack(_RECORD, data, None)

    REGISTERS = {
        "result_credit": lambda self: self.last[0],
        "result_sequence": lambda self: self.last[1],
        "result_mac": lambda self: self.last[2],
    }
