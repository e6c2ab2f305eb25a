"""A runner for the functions test_* in tests/host/portable, on CPython and MicroPython.

Usage: PYTHON run_portable.py check_NAME ...    (tests/host/portable must be on sys.path)
It prints a line per function, `MODULE.FUNCTION ok [ANSWER]` or `... FAIL why`, in order of name,
and finally `N passed, N failed`. ANSWER is the return value, so that runtimes can be compared.
"""

import gc
import sys


def run(module_names):
    """Run the functions. Return the numbers of those that (passed, failed)."""
    passed = failed = 0
    for module_name in module_names:
        module = __import__(module_name)
        names = sorted(n for n in dir(module) if n.startswith("test_"))
        for name in names:
            gc.collect()
            title = module_name + "." + name
            try:
                answer = getattr(module, name)()
            except Exception as error:
                failed += 1
                print(title, "FAIL", type(error).__name__, error)
                continue
            passed += 1
            if answer is None:
                print(title, "ok")
            else:
                print(title, "ok", repr(answer))
    return passed, failed


def main(module_names):
    """Return the exit status: 0 if all passed and there was at least one."""
    if hasattr(gc, "threshold"):
        gc.threshold(16384)  # as the boards' own start does: a heap in one piece
    passed, failed = run(module_names)
    print("%d passed, %d failed" % (passed, failed))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
