# On the emulated board, started with -icount shift=10: what a call costs.
import gc
import json
import time

# An instruction is 1024 ns of emulated time, the counter behind ticks_cpu() runs at 25 MHz: 25.6
# ticks an instruction. ticks_cpu() is 30 bits wide, so a call may take 41 million instructions.
_TICKS_MASK = (1 << 30) - 1
_ROOM_BLOCKS = 3072  # of 16 bytes


def _ticks(call):
    start = time.ticks_cpu()
    call()
    return (time.ticks_cpu() - start) & _TICKS_MASK


def _nothing():
    pass


def _filled():
    """Everything in the heap taken but its last 48 KB, as a chain to hold on to.

    How long the search for free memory takes depends on the holes that loading has left: a name
    more in one module and another's figure would change by a tenth. Without holes it does not.
    """
    chain = None
    try:
        while True:
            chain = (chain,)
    except MemoryError:
        pass
    for _ in range(_ROOM_BLOCKS):
        chain = chain[0]
    gc.collect()
    return chain, (None,)  # one block allocated: the search begins behind what is taken


def measure(name, call):
    """Print, as a JSON line, instructions and heap bytes of one call of `call`.

    The second call is measured: the first may import a module or build a table. Nothing is
    collected meanwhile, so heap_bytes is everything allocated that was not handed back at once,
    in whole 16-byte blocks.
    """
    call()
    gc.collect()
    gc.disable()
    taken = _filled()
    overhead = _ticks(_nothing)
    before = gc.mem_alloc()
    ticks = _ticks(call)
    heap_bytes = gc.mem_alloc() - before
    gc.enable()
    del taken
    gc.collect()
    instructions = (ticks - overhead) * 5 // 128
    tell(name, instructions, heap_bytes)


def tell(name, instructions, heap_bytes):
    """Print figures as a JSON line."""
    print(json.dumps({"name": name, "instructions": instructions, "heap_bytes": heap_bytes}))
