"""The heap, locked: an allocation raises MemoryError. CPython has no heap to lock."""

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        pass

    def heap_unlock():
        pass


def without_heap(call, times):
    """Call a function so often while the heap is locked."""
    heap_lock()
    try:
        for _ in range(times):
            call()
    finally:
        heap_unlock()
