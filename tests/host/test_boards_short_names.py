"""Short names on a board: private ones and parameters, where nothing else refers to them."""

import ast
import os
import re
import subprocess
import sys

from tjugo.device.costless_names import COSTLESS
from tjugo.device.global_table import hash_of
from tjugo.device.short_names import with_short_names
from tjugo.device.targets import source, target
from tjugo.toolchain.tools import REPO

_BOARD = target("qemu_mps2")


def _short(module: str) -> str:
    return with_short_names(source(_BOARD, module).read_text(), module)


def test_private_names_and_parameters_get_names_that_every_micropython_has():
    text = (
        "class A:\n    def __init__(self, amount_wh):\n        self._quite_private = amount_wh\n"
        '        self.shown = "é", self._quite_private\n\n\n'
        "def f(first_one, second_one=None):\n"
        "    return lambda third_one: [first_one + second_one for one in third_one]\n"
    )
    found = with_short_names(text, "x")
    given, private = re.findall(r"self, (\w+)\):\n        self\.(\w+) = \1\n", found)[0]
    first, second, third = re.findall(
        r"def f\((\w+), (\w+)=None\):\n    return lambda (\w+):", found
    )[0]
    assert {given, private, first, second, third} <= set(COSTLESS)
    assert len({first, second, third}) == 3
    assert f"[{first} + {second} for one in {third}]" in found
    assert f'self.shown = "é", self.{private}\n' in found
    assert with_short_names("not Python", "x") == "not Python"


def test_attributes_and_parameters_have_names_when_the_costless_ones_are_used_up():
    members = "".join(f"        self._m{n} = one\n" for n in range(len(COSTLESS) + 9))
    found = with_short_names(f"class A:\n    def __init__(self, one):\n{members}", "x")
    names = re.findall(r"self\.(\w+) = ", found)
    assert len(set(names)) == len(names) == len(COSTLESS) + 9
    assert len(set(names) & set(COSTLESS)) > 100
    kept = "".join(f"{name} = 1\n" for name in COSTLESS)
    assert "def f(p0):" in with_short_names(
        kept + "def f(amount_wh):\n    return amount_wh\n", "x"
    )


def test_names_that_something_else_refers_to_are_kept():
    text = (
        "from x import _imported\n_a = 1\n_shared_text = 2\n\n\n"
        "def f(by_keyword, rest, *more):\n    global _shared_text\n"
        "    _shared_text = getattr(more, '_in_a_text')\n"
        "    return f(1, by_keyword=rest)\n\n\n"
        "class B:\n    _in_a_text = _imported\n\n\n"
        "def g(f):\n    try:\n        return f._of_another\n"
        "    except OSError as rest:\n        return rest\n"
    )
    found = with_short_names(text, "x")
    for word in ("_imported", "_shared_text", "_in_a_text", "by_keyword", "def g(f)"):
        assert word in found, word
    assert "return f._of_another" in found
    assert "f(by_keyword, rest," in found, "bound by `except`, too"


def test_the_registers_of_assembler_are_kept():
    text = "@micropython.asm_thumb\ndef f(r0, r1):\n    add(r0, r0, r1)\n"
    assert with_short_names(text, "x") == text


def test_a_name_that_is_bound_again_within_is_the_inner_one():
    text = "def f(outer, kept):\n    return [lambda outer: outer, outer], g(kept=kept)\n"
    assert with_short_names(text, "x") == (
        "def f(BFINT16, kept):\n"
        "    return [lambda BIG_ENDIAN: BIG_ENDIAN, BFINT16], g(kept=kept)\n"
    )


def test_a_derived_class_gets_other_names_than_its_base():
    base = _short("drivers.display_oled")
    text = (
        "from drivers.display_oled import Oled\n\n\n"
        "class X(Oled):\n    def _more(self):\n        self._wanted = self._mine = 1\n"
    )
    found = with_short_names(text, "x")
    more, wanted, mine = re.findall(r"(?:def |self\.)(\w+)", found.split("X(Oled)")[1])
    assert f"self.{wanted} = " in base
    of_base = set(re.findall(r"\bself\.(\w+)", base))
    assert wanted in of_base and more not in of_base and mine not in of_base and more != mine


def test_a_class_gets_other_names_than_its_base_s_base_in_another_module():
    samples, compare = (_short(f"meter.malignant.{name}") for name in ("samples", "compare"))
    of_samples = set(re.findall(r"\bself\.(\w+)", samples))
    own = " ".join(f"self._own{n} = {n};" for n in range(40))
    text = (
        "from meter.malignant.compare import Comparison\n\n\n"
        f"class X(Comparison):\n    def __init__(self):\n        {own}\n"
    )
    found = set(re.findall(r"\bself\.(\w+)", with_short_names(text, "x")))
    assert (
        len(found) == 40
        and not found & of_samples
        and not found & set(re.findall(r"\bself\.(\w+)", compare))
    )


def test_classes_that_are_not_related_share_names_and_related_ones_do_not():
    text = (
        "class A:\n    def __init__(self):\n        self._of_a = self._more_of_a = 1\n\n\n"
        "class B(A):\n    def _of_b(self):\n        return self._of_a\n\n\n"
        "class C:\n    def __init__(self):\n        self._of_c = 1\n"
    )
    found = with_short_names(text, "x")
    names = [name for name in re.findall(r"\w+", found) if name in COSTLESS]
    of_a, more, of_b, _, of_c = names
    assert len({of_a, more, of_b}) == 3 and f"return self.{of_a}" in found
    assert of_c in (of_a, more, of_b)


def test_a_class_body_reads_the_variable_and_not_a_method_of_the_same_name():
    text = (
        "def _outside():\n    return 1\n\n\n"
        + "".join(f"def _other{n}():\n    return {n}\n\n\n" for n in range(40))
        + "class A:\n"
        + "".join(f"    def _method{n}(self):\n        return -{n}\n\n" for n in range(40))
        + "    TABLE = (_outside, "
        + ", ".join(f"_other{n}" for n in range(40))
        + ")\n"
        "    OWN = _method3\n"
    )
    scope: dict = {}
    exec(with_short_names(text, "x"), scope)
    one = scope["A"]()
    assert [f() for f in one.TABLE] == [1, *range(40)] and one.OWN() == -3


def test_builtins_and_globals_are_found_at_their_place():
    text = "".join(f"def _f{n}(x):\n    return len(x)\n\n\n" for n in range(17))
    text += "def g(x):\n    return " + " + ".join(f"_f{n}(x)" for n in range(17)) + "\n"
    tree = ast.parse(with_short_names(text, "x"))
    places = [hash_of(node.name) % 23 for node in tree.body]  # of 2 names more
    assert len(places) == len(set(places)) and hash_of("len") % 23 not in places


def test_the_hash_is_that_of_micropython():
    # qstr_compute_hash() of MicroPython 1.26.1, in genhdr/qstrdefs.generated.h
    assert [hash_of(name) for name in ("append", "__init__")] == [38763, 42335]


def test_modules_with_short_names_pass_their_checks(tmp_path):
    host = REPO / "tests" / "host"
    folders = (REPO / "firmware", "meterbus"), (REPO, "sts_portable"), (host / "portable", "")
    for above, package in folders:
        for path in sorted((above / package).glob("*.py")):
            module = ".".join(filter(None, (package, path.stem))).removesuffix(".__init__")
            to = tmp_path / package / path.name
            to.parent.mkdir(exist_ok=True)
            to.write_text(with_short_names(path.read_text(), module))
    checks = ("check_meterbus_frames", "check_sts_decoder", "check_meterbus_registers")
    run = subprocess.run(
        [sys.executable, str(host / "run_portable.py"), *checks],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0 and " 0 failed" in run.stdout, run.stdout + run.stderr


def test_the_names_do_not_depend_on_the_order_of_sets():
    text = "class A:\n    def f(self):\n"
    text += "".join(f"        self._name{n} = 1\n" for n in range(20))
    code = "from tjugo.device.short_names import with_short_names as f; print(f({text!r}, 'x'))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code.format(text=text)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
