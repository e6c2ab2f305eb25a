"""Registers of a meter that counts more than imported energy: rows as those of registers.py.

A feature adds its own with add(). A meter without the feature does not have them: they
are refused with 02, and those of Eastron's map are gaps there. descriptions.py adds them all.
"""

from . import registers

# Bits of `known`, as KNOWN_ of codes.
EXPORT_KNOWN = 0x0800
DEMAND_KNOWN = 0x1000
LAST_DEMAND_KNOWN = 0x2000
TARIFFS_KNOWN = 0x4000
MONEY_KNOWN = 0x8000

EXPORT = (
    ("sdm_export", 0x004A, "f32", 2, "i", EXPORT_KNOWN),
    ("export_wh", 0x1040, "u32", 2, "ih", EXPORT_KNOWN),
)
DEMAND = (
    ("sdm_max_demand", 0x0056, "f32", 2, "i", DEMAND_KNOWN),
    ("sdm_max_import_demand", 0x005A, "f32", 2, "i", DEMAND_KNOWN),
    ("max_demand_w", 0x1048, "u32", 2, "ih", DEMAND_KNOWN),
    ("max_demand_at", 0x104A, "u32", 2, "ih", DEMAND_KNOWN),
    ("last_max_demand_w", 0x104C, "u32", 2, "ih", LAST_DEMAND_KNOWN),
    ("last_max_demand_at", 0x104E, "u32", 2, "ih", LAST_DEMAND_KNOWN),
)
TARIFFS = (
    ("tariff_1_wh", 0x1050, "u32", 2, "ih", TARIFFS_KNOWN),
    ("tariff_2_wh", 0x1052, "u32", 2, "ih", TARIFFS_KNOWN),
    ("tariff_3_wh", 0x1054, "u32", 2, "ih", TARIFFS_KNOWN),
    ("tariff_4_wh", 0x1056, "u32", 2, "ih", TARIFFS_KNOWN),
    ("tariff_now", 0x1058, "u16", 1, "ih", TARIFFS_KNOWN),
)
MONEY = (
    ("credit_money", 0x1060, "s64", 4, "ih", MONEY_KNOWN),
    ("currency", 0x1064, "ascii", 2, "ih", MONEY_KNOWN),
    ("price_now", 0x1066, "u32", 2, "ih", MONEY_KNOWN),
    ("price_1", 0x1068, "u32", 2, "ih", MONEY_KNOWN),
    ("price_2", 0x106A, "u32", 2, "ih", MONEY_KNOWN),
    ("price_3", 0x106C, "u32", 2, "ih", MONEY_KNOWN),
    ("price_4", 0x106E, "u32", 2, "ih", MONEY_KNOWN),
    ("daily_charge", 0x1070, "u32", 2, "ih", MONEY_KNOWN),
    ("prices_crc", 0x1072, "u32", 2, "ih", MONEY_KNOWN),
)


# The value of credit and result_credit where the credit is not energy but money.
NOT_ENERGY = -0x80000000
# The credit of a currency meter: credit_money and currency, which a poll reads.
MONEY_START = 0x1060
MONEY_COUNT = 6

# An event of such a meter, as EVENT_ of codes.
EVENT_EMERGENCY_MONEY = 34

registers.FORMATS["s64"] = ">q"  # of no other row


def add(rows):
    """Add the rows of a feature to those of registers.py, unless they are there."""
    if rows[0][registers.NAME] in registers.BY_NAME:
        return
    found = sorted(registers.ROWS + rows, key=lambda row: row[registers.ADDRESS])
    registers.ROWS = tuple(found)
    for row in rows:
        registers.BY_NAME[row[registers.NAME]] = row
