"""The short codes of the simulated meters, as listed on the page and in docs/meter.md."""

SHORT_CODES = (
    ("800", "test of the display"),
    ("801", "credit, kWh"),
    ("802", "result of the last token"),
    ("803", "KRN, KT and TI of the key"),
    ("804", "meter number"),
    ("805", "supply group code"),
    ("807", "voltage, V"),
    ("808", "current, A"),
    ("809", "power failures"),
    ("814", "power, W"),
    ("817", "last amount, kWh"),
    ("851", "total energy, kWh"),
)
