"""The contract between meter, collector and host: Modbus RTU frames and the register map.

Nothing here does I/O or reads a clock: bytes come in as arguments and go out as return values.
"""
