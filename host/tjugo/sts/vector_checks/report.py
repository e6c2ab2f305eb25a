"""What the checks of all kinds share: collecting differences, and reading a vector's inputs."""

from sts_portable import dkga, tid


class Report:
    """Collects what does not agree with a vector's expected values."""

    def __init__(self, expected: dict) -> None:
        self.expected = expected
        self.bad: list = []

    def same(self, name: str, got: object) -> None:
        """Compare with expected[name]; a value the vector does not give is not compared."""
        if name in self.expected:
            self.equal(name, got, self.expected[name])

    def equal(self, name: str, got: object, wanted: object) -> None:
        """Note a difference; the case of hex digits is none."""
        if isinstance(wanted, str) and isinstance(got, str):
            wanted, got = wanted.lower(), got.lower()
        if got != wanted:
            self.bad.append(f"{name} is {got}, expected {wanted}")


def hex_of(data: bytes) -> str:
    """Lowercase hex, as the vectors have it."""
    return "".join(f"{byte:02x}" for byte in data)


def bytes_of(text: str) -> bytes:
    """The bytes of hex."""
    return bytes(int(text[i : i + 2], 16) for i in range(0, len(text), 2))


def key_of(given: dict, variant: "str | None" = None) -> bytes:
    """The decoder key of a vector's derivation inputs."""
    return dkga.decoder_key(
        given["dkga"], bytes_of(given["vk"]), given["pan"], given["kt"], given["sgc"], given["ti"],
        given["krn"], given.get("bdt", "93"), int(given.get("ea", "07")), variant,
    )  # fmt: skip


def minutes_of(bdt: str, text: str) -> int:
    """Minutes since the base date of "2007-04-26T11:04:00Z" (seconds are dropped)."""
    date, clock = text.split("T")
    year, month, day = [int(part) for part in date.split("-")]
    hour, minute = [int(part) for part in clock.split(":")[:2]]
    return tid.minutes(bdt, year, month, day, hour, minute)
