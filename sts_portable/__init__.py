"""STS (IEC 62055-41) tokens: one source for meters and vending. See README.md.

The modules and the classes of exports.py are attributes of the package. Each is imported when
first used, so that a meter does not load the modules of a point of sale. The types are in
__init__.pyi.
"""

__version__ = "0.2.0"


def __getattr__(name):
    """Return a module or a public class by name (PEP 562). Raise AttributeError if none exists."""
    if "A" <= name[:1] <= "Z" or name == "__all__":
        from .exports import find

        return find(name)
    try:
        return __import__("sts_portable." + name, None, None, (name,))
    except ImportError as error:
        raise AttributeError("sts_portable has no attribute '%s': %s" % (name, error))
