# On the emulated board, started with -icount shift=10: what a call costs.
import gc
import json
import time

# An instruction is 1024 ns of emulated time, the counter behind ticks_cpu() runs at 25 MHz: 25.6
# ticks an instruction. ticks_cpu() is 30 bits wide, so a call may take 41 million instructions.
_TICKS_MASK = (1 << 30) - 1


def _ticks(call):
    start = time.ticks_cpu()
    call()
    return (time.ticks_cpu() - start) & _TICKS_MASK


def _nothing():
    pass


def measure(name, call):
    """Print, as a JSON line, instructions and heap bytes of one call of `call`.

    The second call is measured: the first may import a module or build a table. Nothing is
    collected meanwhile, so heap_bytes is everything allocated that was not handed back at once,
    in whole 16-byte blocks.
    """
    call()
    gc.collect()
    gc.disable()
    overhead = _ticks(_nothing)
    before = gc.mem_alloc()
    ticks = _ticks(call)
    heap_bytes = gc.mem_alloc() - before
    gc.enable()
    instructions = (ticks - overhead) * 5 // 128
    tell(name, instructions, heap_bytes)


def tell(name, instructions, heap_bytes):
    """Print figures as a JSON line."""
    print(json.dumps({"name": name, "instructions": instructions, "heap_bytes": heap_bytes}))
