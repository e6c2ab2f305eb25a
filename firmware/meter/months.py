"""Days since 1970-01-01 as months."""


def month_of(day):
    """Return 12 * year + month - 1 of a day, days since 1970-01-01, up to 2100-02-28."""
    day += 671  # since 1968-03-01: four years from there end with a leap day
    year = (4 * day + 3) // 1461
    month = (5 * (day - 1461 * year // 4) + 2) // 153  # 0 is March
    return 12 * (1968 + year) + 2 + month
