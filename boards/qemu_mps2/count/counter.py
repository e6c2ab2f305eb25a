# The cost of a call on the emulated board, started with -icount shift=10.
import gc
import json
import time

# An instruction is 1024 ns of emulated time, the counter behind ticks_cpu() runs at 25 MHz: 25.6
# ticks an instruction. ticks_cpu() is 30 bits wide, so a call may take 41 million instructions.
_TICKS_MASK = (1 << 30) - 1
room_blocks = 3072  # of 16 bytes, that a call may need


def _ticks(call):
    start = time.ticks_cpu()
    call()
    return (time.ticks_cpu() - start) & _TICKS_MASK


def _nothing():
    pass


def _filled():
    """Allocate the whole heap except its last `room_blocks`. Return the chain that holds it.

    The search for free memory depends on the gaps left by loading: one more name in a module could
    change the figure of another by a tenth. Without gaps the figures are independent of that.
    """
    chain = None
    try:
        while True:
            chain = (chain,)
    except MemoryError:
        pass
    for _ in range(room_blocks):
        chain = chain[0]
    gc.collect()
    return chain, (None,)  # one block allocated: the search begins after the allocated memory


def measure(name, call):
    """Print the instructions and heap bytes of one call of `call` as a JSON line.

    The second call is measured: the first may import a module or build a table. The collector is
    off meanwhile, so heap_bytes is everything allocated and not freed explicitly, in whole 16-byte
    blocks.
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
