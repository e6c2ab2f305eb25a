"""The orders of the station: checked and carried out. Loaded for an order only.

What is not genuine changes nothing but the count of wrong ones. New settings are checked all
together, then written to settings.json as a whole, then used: a power cut leaves the old or the
new ones. The sequence of the order is in the ledger after that, so one that is cut off in between
is carried out again when it is written again, with the same outcome.
"""

import struct

from meterbus import codes, orders, parameters
from sts_portable.hmac import hmac_sha256

from .settings import is_whole

_PER_UNIT = 1000  # 1e-8 of the currency unit, as a currency meter counts, in the 1e-5 of settings
_MOST_PRICE = 0xFFFFFFFF


class _Refused(Exception):
    """The order is not carried out. args[0]: the result."""


def carry_out(meter, data):
    """Carry out an order; return the registers of its answer, None if that is not possible now.

    data: bytes as meterbus/orders.py has them. The caller saves the ledger.
    """
    feature = meter.orders
    given, mac = data[: -orders.MAC_BYTES], data[-orders.MAC_BYTES :]
    drn, key = meter.settings.drn, meter.tokens.key.key
    sequence, expires, kind = orders.head(data)
    if mac != _mac(key, orders.LABEL, orders.message(drn, given)):
        feature.judged(False)
        meter.events.note(codes.EVENT_ORDER_REFUSED, orders.WRONG_MAC)
        return struct.pack(orders.ANSWER, orders.WRONG_MAC, sequence, bytes(orders.MAC_BYTES))
    feature.judged(True)
    if sequence == feature.sequence:
        result = feature.result
    elif sequence <= max(feature.sequence, meter.ledger.reset_at):
        result = orders.OLD
        meter.events.note(codes.EVENT_ORDER_REFUSED, result)
    else:
        try:
            result = _execute(meter, expires, kind, given[orders.HEAD_BYTES :])
        except OSError:
            return None  # settings.json cannot be read or written
        feature.sequence, feature.result = sequence, result
        done = result == orders.DONE
        event = codes.EVENT_ORDER_DONE if done else codes.EVENT_ORDER_REFUSED
        meter.events.note(event, kind if done else result, 0 if done else 1)
        meter.changed()
    proof = _mac(key, orders.ANSWER_LABEL, orders.answer(drn, given, result))
    return struct.pack(orders.ANSWER, result, sequence, proof)


def _mac(key, label, text):
    return hmac_sha256(hmac_sha256(key, label), text)[: orders.MAC_BYTES]


def _execute(meter, expires, kind, body):
    """Carry out an order that is genuine and new; return its result. Raise OSError."""
    now = meter.unix()
    if expires and now is not None and now > expires:
        return orders.EXPIRED
    if kind not in _KINDS:
        return orders.FUNCTION
    try:
        return _KINDS[kind](meter, body) or orders.DONE
    except _Refused as refused:
        return refused.args[0]


def _open(meter, _body):
    return 0 if meter.supply.order(False) else orders.MODE


def _close(meter, _body):
    return 0 if meter.supply.order(True) else orders.MODE


def _restore(meter, _body):
    meter.limiter.restore()
    malignant = getattr(meter, "malignant", None)
    if malignant:
        malignant.restore()


def _settings(meter, body):
    given = _stored(meter)
    money = bool(meter.account.currency)
    for number, value in _pairs(body).items():
        row = parameters.row(number, money)
        if row is None or not hasattr(meter, row[parameters.FEATURE]):
            raise _Refused(orders.FUNCTION)
        _check(value, row[parameters.LOWEST], row[parameters.HIGHEST])
        name = row[parameters.NAME]
        if row[parameters.FEATURE] == parameters.MALIGNANT:
            given[parameters.MALIGNANT] = dict(given[parameters.MALIGNANT])
            given[parameters.MALIGNANT][name] = value
        else:
            given[name] = value
    if parameters.conflict(given):
        raise _Refused(orders.RANGE)
    prices = meter.account.prices if money else None
    found = _values(meter, given, prices)
    if parameters.MALIGNANT in found and parameters.wrong(found[parameters.MALIGNANT]):
        raise _Refused(orders.RANGE)
    meter.orders.board.save_settings(given)
    _adopt(meter, found)


def _prices(meter, body):
    account = meter.account
    if not account.currency:
        raise _Refused(orders.FUNCTION)
    given = _stored(meter)
    prices, daily = list(account.prices), account.daily
    for number, value in _pairs(body).items():
        if number > orders.RATES:
            raise _Refused(orders.FUNCTION)
        _check(value, 0 if number == orders.DAILY else 1, _MOST_PRICE)
        if number == orders.DAILY:
            daily = value
        else:
            prices[number - 1] = value
    from .credit.prices import checksum  # loaded already, and only in such a meter

    crc = checksum(account.currency, prices, daily)
    given["currency_prices"], given["currency_daily"] = prices, daily
    given["currency_crc"] = crc
    found = _values(meter, given, prices)
    meter.orders.board.save_settings(given)
    account.prices, account.daily, account.crc = tuple(prices), daily, crc
    _adopt(meter, found)


_KINDS = {
    orders.OPEN: _open,
    orders.CLOSE: _close,
    orders.RESTORE: _restore,
    orders.SETTINGS: _settings,
    orders.PRICES: _prices,
}


def _pairs(body):
    try:
        return orders.pairs(body)
    except ValueError:
        raise _Refused(orders.FORMAT)


def _check(value, lowest, highest):
    if not is_whole(value, lowest, highest):
        raise _Refused(orders.RANGE)


def _stored(meter):
    """Return the settings as they are stored. Raise OSError if they cannot be read now: the key in
    them must not be lost."""
    board = meter.orders.board
    given = dict(board.settings()) if board else {}
    if not meter.settings.drn or given.get("drn") != meter.settings.drn:
        raise OSError
    return given


def _values(meter, given, prices):
    """Return {feature: values} by settings, of the features that this meter has."""
    found = {}
    for row in parameters.ROWS:
        feature = row[parameters.FEATURE]
        if hasattr(meter, feature):
            found.setdefault(feature, []).append(_value(given, row, prices))
    return found


def _value(given, row, prices):
    """Return the value of a row; where the credit is money, of one in Wh as currency.py has it."""
    if row[parameters.FEATURE] == parameters.MALIGNANT:
        given = given[parameters.MALIGNANT]
    name, default = row[parameters.NAME], row[parameters.DEFAULT]
    if prices and name[-3:] == "_wh":
        money = given.get(name[:-2] + "money")
        return default * prices[0] if money is None else money * _PER_UNIT
    return given.get(name, default)


def _adopt(meter, found):
    """Use the values that are other ones than before."""
    for feature in found:
        one = getattr(meter, feature)
        if one.values != found[feature]:
            one.values = found[feature]
            if hasattr(one, "adopted"):
                one.adopted()
    meter.changed()
