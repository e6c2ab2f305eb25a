"""Code that is needed for a moment: loaded when it is called, out of the heap after it.

For what a start, an order or a technician needs. It costs the time to load it, and the heap only
meanwhile; the names in it stay. Nothing that measures, receives from the bus or takes tokens may
depend on free heap in this way.
"""

import sys


def call(module, name, *args):
    """Return what a function or class of a module returns. The module is forgotten unless
    something else had imported it before; its code goes when nothing that it returned is left."""
    before = module in sys.modules
    try:
        return getattr(__import__(module, None, None, (name,)), name)(*args)
    finally:
        if not before:
            _forget(module)


def alone(module, name, *args):
    """Return what call() returns; the modules that this one imports are forgotten as well, unless
    they were there before."""
    before = list(sys.modules)
    try:
        return call(module, name, *args)
    finally:
        for found in list(sys.modules):
            if "." in found and found not in before:
                _forget(found)


def finish(objects):
    """Free the methods of objects' classes that only their start needs: `__init__`, and those that
    the class lists in ONCE. For an application that makes one object of each class."""
    for one in objects:
        for name in getattr(one, "ONCE", ()) + ("__init__",):
            if hasattr(one, name):
                setattr(type(one), name, None)


def _forget(module):
    """Forget a module. The value of a deleted entry stays in MicroPython: None is put first."""
    modules = sys.modules
    package, name = module.rsplit(".", 1)
    modules[module] = None
    del modules[module]
    setattr(modules[package], name, None)
    delattr(modules[package], name)
