"""What each token does to the meter: one row a token. A token without a row is a FunctionError."""

from sts_portable import amount, results

_ELECTRICITY = (0, 0xFFFF)  # registers of ClearCredit that this meter has
_WH_PER_TENTH = 100  # a tenth of a kWh


def _credit(state, token):
    tenths = amount.decode(token.value)
    wh = tenths * _WH_PER_TENTH
    if not state.account.has_room(wh):
        return results.OVERFLOW_ERROR, ""
    state.account.credit(wh)
    state.last_amount = tenths
    return results.ACCEPT, "+%d.%d kWh" % (tenths // 10, tenths % 10)


def _clear_credit(state, token):
    if token.value not in _ELECTRICITY:
        return results.RANGE_ERROR, ""
    state.account.clear()
    return results.ACCEPT, "Credit cleared"


def _key_section(_state, _token):
    """The decoder gathers the sections and changes the key when it has them all."""
    return results.ACCEPT, "Key changed"


_KEY_SECTIONS = (0x23, 0x24, 0x28, 0x29)

# class << 4 | subclass -> function(state, token) -> (TokenResult, what the display says of it).
# A function that does not return ACCEPT has changed nothing.
TOKENS = {
    0x00: _credit,
    0x21: _clear_credit,
    0x23: _key_section,
    0x24: _key_section,
    0x28: _key_section,
    0x29: _key_section,
}


def execute(state, token, commit):
    """Carry out a checked token, then `commit(token)` it: (TokenResult, text)."""
    code = token.cls << 4 | token.subclass
    if code not in TOKENS:
        return results.FUNCTION_ERROR, ""
    result, text = TOKENS[code](state, token)
    if result == results.ACCEPT:
        result = commit(token)
        if code in _KEY_SECTIONS and result == results.ACCEPT:
            state.key_from_token = True
    return result, text
