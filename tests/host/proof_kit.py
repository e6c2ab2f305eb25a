"""Answers as a meter signs them, computed from docs/wire.md with Python's hmac alone."""

import hmac
from dataclasses import replace

from tjugo.key_register import MeterConfig
from tjugo.station.delivery.jobs import Ack, Proof
from tjugo.station.registry.meters import config_of
from tjugo.station.station import Station
from tjugo.station.storage.tables import TokenDelivery


def mac_of(
    key: bytes, drn: str, digits: str, ref: int, result: int, credit_wh: int, sequence: int
) -> str:
    """Return the MAC as hexadecimal text."""
    derived = hmac.digest(key, b"tjugo token answer 1", "sha256")
    signed = ref.to_bytes(4, "big") + result.to_bytes(2, "big")
    signed += credit_wh.to_bytes(4, "big", signed=True) + sequence.to_bytes(4, "big")
    return hmac.digest(derived, signed + f"{digits}/{drn}".encode(), "sha256")[:8].hex()


def proof_of(
    station: Station,
    ref: int,
    result: int,
    config: MeterConfig | None = None,
    credit_wh: int = 20000,
    sequence: int = 7,
    digits: str | None = None,
) -> Proof:
    """Return the proof of a result. config: the meter with the key that it has, by default the
    current one; digits: of another token than the delivery's."""
    with station.view() as view:
        row = view.session.get_one(TokenDelivery, (station.tenant_id, ref))
        found = digits or (row.token or row.section).digits
        key = station.backend.decoder_key(config or config_of(view, row.drn))
        mac = mac_of(key, row.drn, found, ref, result, credit_wh, sequence)
    return Proof(credit_wh, sequence, mac)


def fields_of(proof: Proof) -> dict[str, int | str]:
    """Return a proof as the fields of a message."""
    return {"credit_wh": proof.credit_wh, "sequence": proof.sequence, "mac": proof.mac}


def proved(station: Station, ack: Ack, config: MeterConfig | None = None) -> Ack:
    """Return an answer with the proof of its result; one without a result, or for a delivery that
    the station does not have, as it is."""
    with station.view() as view:
        row = view.session.get(TokenDelivery, (station.tenant_id, ack.ref))
    if row is None or ack.result is None or ack.proof is not None:
        return ack
    return replace(ack, proof=proof_of(station, ack.ref, ack.result, config))
