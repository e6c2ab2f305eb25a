"""The inputs of a decoder key: the key state of a meter, and a vending key."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from sts_portable import pan
from tjugo.errors import Unavailable


@dataclass(frozen=True)
class MeterConfig:
    """A meter and its key state.

    ea is 7, 9 or 11; bdt "93", "14" or "35"; dkga "02" or "04"; the others are as in the standard.
    """

    drn: str
    ea: int
    tct: int
    sgc: str
    krn: int
    kt: int
    ti: str
    ken: int
    bdt: str
    dkga: str

    @property
    def pan(self) -> str:
        """The 18-digit MeterPAN."""
        return pan.pan_from_drn(self.drn)


@dataclass(frozen=True)
class VendingKey:
    """One register of the key file. vk is in hex; sample: a published or a test key."""

    sgc: str
    kt: int
    krn: int
    ken: int
    bdt: str
    dkga: str
    vk: str
    sample: bool = False


def load_keys(path: Path) -> list[VendingKey]:
    """Return the vending keys in a file. Raise Unavailable if missing, invalid or not private."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = json.load(file)
        keys = [VendingKey(**fields) for fields in content["keys"]]
        for key in keys:
            bytes.fromhex(key.vk)
    except FileNotFoundError as error:
        raise Unavailable(f"The vending key file {path} is missing.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError):
        # `from None`: the text of the error may quote key material.
        raise Unavailable(f"{path} is not a vending key file.") from None
    if os.name == "posix" and mode & 0o077:
        raise Unavailable(f"Others may read the vending keys: run `chmod 600 {path}`.")
    return keys
