"""MicroPython, compilers and programs: found, fetched or built."""
