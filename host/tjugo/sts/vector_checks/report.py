"""The common part of all checks: collecting differences and reading the inputs of a vector."""

from sts_portable import dkga, tid


class Report:
    """The differences from a vector's expected values."""

    def __init__(self, expected: dict) -> None:
        self.expected = expected
        self.bad: list = []

    def same(self, name: str, got: object) -> None:
        """Compare with expected[name], if the vector has this value."""
        if name in self.expected:
            self.equal(name, got, self.expected[name])

    def equal(self, name: str, got: object, wanted: object) -> None:
        """Record a difference. The case of hex digits is ignored."""
        if isinstance(wanted, str) and isinstance(got, str):
            wanted, got = wanted.lower(), got.lower()
        if got != wanted:
            self.bad.append(f"{name} is {got}, expected {wanted}")


def hex_of(data: bytes) -> str:
    """Return lowercase hex digits, as in the vectors."""
    return "".join(f"{byte:02x}" for byte in data)


def bytes_of(text: str) -> bytes:
    """Return the bytes of hex digits."""
    return bytes(int(text[i : i + 2], 16) for i in range(0, len(text), 2))


def key_of(given: dict, variant: "str | None" = None) -> bytes:
    """Return the decoder key of a vector's derivation inputs."""
    return dkga.decoder_key(
        given["dkga"], bytes_of(given["vk"]), given["pan"], given["kt"], given["sgc"], given["ti"],
        given["krn"], given.get("bdt", "93"), int(given.get("ea", "07")), variant,
    )  # fmt: skip


def minutes_of(bdt: str, text: str) -> int:
    """Return the minutes since the base date of a time "2007-04-26T11:04:00Z", without seconds."""
    date, clock = text.split("T")
    year, month, day = [int(part) for part in date.split("-")]
    hour, minute = [int(part) for part in clock.split(":")[:2]]
    return tid.minutes(bdt, year, month, day, hour, minute)
