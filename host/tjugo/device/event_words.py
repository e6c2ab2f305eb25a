"""Events of a meter as sentences, for people who read its log."""

from collections.abc import Callable

from meterbus import codes, energy_rows
from sts_portable import results
from tjugo.meter_words import tampering

_WITHOUT_POWER = 0x100  # of the data of tampering
_UNKNOWN = 0xFFFF
_MOST_COUNTED = 255


def _with(text: str) -> Callable[[int], str]:
    return lambda data: text.format(data)


def _tenths(text: str) -> Callable[[int], str]:
    return lambda data: text.format(f"{data // 10}.{data % 10}")


def _result(text: str) -> Callable[[int], str]:
    return lambda data: text.format(results.name(data))


def _tamper(text: str) -> Callable[[int], str]:
    def sentence(data: int) -> str:
        off = ", while the meter was without power" if data & _WITHOUT_POWER else ""
        return text.format(tampering(data & ~_WITHOUT_POWER) + off)

    return sentence


def _either(*texts: str) -> Callable[[int], str]:
    return lambda data: texts[data] if data < len(texts) else f"{texts[0]} ({data})"


def _clock(data: int) -> str:
    return "Clock set" if data == _UNKNOWN else f"Clock set, by {data} s"


def _refused_clock(data: int) -> str:
    by = "18 hours or more" if data == _UNKNOWN else f"{data} s"
    return f"The bus was refused to move the clock by {by}"


# {code: function of the data}
_SENTENCES: dict[int, Callable[[int], str]] = {
    codes.EVENT_POWER_UP: _with("The meter started"),
    codes.EVENT_COVER_OPENED: _with("Meter cover opened"),
    codes.EVENT_COVER_CLOSED: _with("Meter cover closed"),
    codes.EVENT_RELAY_OPENED: _with("Supply off: the contact opened"),
    codes.EVENT_RELAY_CLOSED: _with("Supply on: the contact closed"),
    codes.EVENT_RELAY_FAULT: _either("The contact did not open", "The contact did not close"),
    codes.EVENT_TOKEN_ACCEPTED: _result("Token accepted ({})"),
    codes.EVENT_RESET: _with("A technician's order began a new ledger"),
    codes.EVENT_TOKEN_REFUSED: _result("Token refused ({})"),
    codes.EVENT_LOCKED: _with("Wrong tokens: entry locked for {} s"),
    codes.EVENT_DROPPED: _with("{} events were too many and not recorded"),
    codes.EVENT_TAMPER: _tamper("Tampering: {}"),
    codes.EVENT_TAMPER_CLEARED: _tamper("A token ended the alarm of tampering: {}"),
    codes.EVENT_ORDER: _either("The utility's order: disconnect", "The utility's order: connect"),
    codes.EVENT_ORDER_DONE: _either(
        "An order of the station was carried out",
        "The station's order: disconnect",
        "The station's order: connect",
        "The station's order: restore the supply",
        "The station's order: new settings",
        "The station's order: new prices",
    ),
    codes.EVENT_ORDER_REFUSED: _either(
        "An order was refused",
        "An order was carried out",
        "An order was refused: a value is out of its range",
        "An order was refused: this meter does not have it",
        "An order was refused: it is older than one before",
        "An order was refused: it has expired",
        "An order was refused: it cannot be read",
        "An order was refused in the present mode of supply",
        "An order was refused: the station has not signed it",
    ),
    codes.EVENT_KEY_CLOSED: _with("A key closed the supply"),
    codes.EVENT_KEY_OPENED: _with("A key opened the supply"),
    codes.EVENT_OVERLOAD: _with("Overload: {} W, the supply opened"),
    codes.EVENT_OVERLOAD_LOCKED: _with("Overload again: {} W, the supply stays open until a key"),
    codes.EVENT_VOLTAGE_GOOD: _tenths("Voltage good again: {} V"),
    codes.EVENT_VOLTAGE_HIGH: _tenths("Over-voltage: {} V"),
    codes.EVENT_VOLTAGE_LOW: _tenths("Under-voltage: {} V"),
    codes.EVENT_LOW_CREDIT: _with("Credit low: alarm {}"),
    energy_rows.EVENT_EMERGENCY_MONEY: lambda data: f"Emergency credit taken: {data} of money",
    codes.EVENT_EMERGENCY: lambda data: f"Emergency credit taken: {data / 100:g} kWh",
    codes.EVENT_SLOT_DAMAGED: _either(
        "The memory of the credit was damaged; nothing is known to be lost",
        "The memory of the credit was damaged; the meter went back to the state before",
    ),
    codes.EVENT_CLOCK_FAULT: _either(
        "The clock chip is at fault",
        "The clock chip does not answer",
        "The clock chip has stopped: its battery is empty, or it is new",
        "The clock chip has a wrong time",
    ),
    codes.EVENT_METERING_FAULT: _either(
        "The metering part measures again",
        "The metering part does not answer",
        "The answers of the metering part are damaged",
        "The metering part reports a fault of its own",
        "The metering part answers with values that cannot be",
        "The metering part is stuck: what it answers does not follow the load",
    ),
    codes.EVENT_MALIGNANT: _with("Heater found: {} W"),
    codes.EVENT_MALIGNANT_LOCKED: _with(
        "Heater found: {} W; only an operator restores the supply"
    ),
    codes.EVENT_MALIGNANT_RESTORED: _either(
        "Restored after a heater, by time", "Restored after a heater, by an operator"
    ),
    codes.EVENT_STORE_FAULT: _either(
        "The memory of the credit can be written again",
        "The memory of the credit cannot be written: no token is taken",
    ),
    codes.EVENT_CLOCK_SET: _clock,
    codes.EVENT_CLOCK_REFUSED: _refused_clock,
    codes.EVENT_ADDRESS_SET: _with("The bus gave the meter the address {}"),
}


def sentence(code: int, data: int, count: int = 0) -> str:
    """Return an event as a sentence; that of an unknown code names its numbers. count: of its
    entry in the log."""
    words = _SENTENCES.get(code)
    told = f"Event {code}, data {data}" if words is None else words(data)
    more = "or more " if count == _MOST_COUNTED else ""
    return f"{told} (the last of {count} {more}that can be repeated)" if count > 1 else told
