# The modules frozen into the firmware: asyncio, and the code that mounts the file system.
include("$(MPY_DIR)/extmod/asyncio")  # noqa: F821
module("_boot.py")  # noqa: F821
