"""Other makers' numbers of the short codes, each number an alias of one of ours.

Only numbers that are published are here; `docs/short-codes.md` is generated from this table and
from descriptions.CODES.
"""

# A line per short code: ours, then those of each numbering; several are separated by commas.
NUMBERINGS = ("landis", "conlog", "itron")
TABLE = """
801 002,059 - -
802 - 078 -
803 057,058 - -
804 000 - 75
805 060 - -
807 - - 41
808 - - 44
809 050 - 69
814 001 - 09,47
817 056 - 59
851 061 - 03
"""


def find(numbering, number):
    """Return our short code of another numbering's number, or None."""
    column = 1 + NUMBERINGS.index(numbering)
    for line in TABLE.split("\n"):
        row = line.split(" ")
        if len(row) > column and number in row[column].split(","):
            return row[0]
    return None
