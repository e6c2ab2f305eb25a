"""TokenResult: the outcome of a token (IEC 62055-41, the names of its TokenResult table)."""

try:
    from micropython import const
except ImportError:

    def const(value: int) -> int:
        return value


NONE = const(0)
ACCEPT = const(1)
FIRST_KCT = const(2)
SECOND_KCT = const(3)
OVERFLOW_ERROR = const(4)
KEY_TYPE_ERROR = const(5)
FORMAT_ERROR = const(6)
RANGE_ERROR = const(7)
FUNCTION_ERROR = const(8)
OLD_ERROR = const(9)
USED_ERROR = const(10)
KEY_EXPIRED_ERROR = const(11)
DDTK_ERROR = const(12)
CRC_ERROR = const(13)
MFR_CODE_ERROR = const(14)
LOCKOUT_ERROR = const(15)
BUSY = const(16)
THIRD_KCT = const(17)
FOURTH_KCT = const(18)

_NAMES = (
    "None Accept 1stKCT 2ndKCT OverflowError KeyTypeError FormatError RangeError FunctionError"
    " OldError UsedError KeyExpiredError DDTKError CRCError MfrCodeError LockoutError Busy"
    " 3rdKCT 4thKCT"
)


def name(code: int) -> str:
    """Return the standard's name of a result code, "Result<n>" for a number without a name."""
    names = _NAMES.split()
    return names[code] if 0 <= code < len(names) else "Result%d" % code
