// Time: the 25 MHz counter of the MPS2's FPGA I/O block, which counts emulated time. With
// QEMU's -icount it advances by a fixed amount per instruction, so it also counts instructions.

#include "py/mphal.h"
#include "py/runtime.h"
#include "mps2board/mps2board.h"

#define COUNTER (*(volatile uint32_t *)0x40028018)
#define COUNTS_PER_US (MPS2_CLOCK_HZ / 1000000)
#define COUNTS_PER_MS (MPS2_CLOCK_HZ / 1000)

// There is no clock that runs while the board is off: every start begins at
// 2026-01-01 00:00:00 UTC, so that a run can be repeated exactly.
#define POWER_ON_UNIX_US (1767225600000000LL)

typedef struct {
    volatile uint32_t control;
    volatile uint32_t reload;
    volatile uint32_t value;
} systick_t;

#define SYSTICK ((systick_t *)0xE000E010)
#define SYSTICK_RUN_WITH_IRQ_ON_CPU_CLOCK (7)
#define SYSTICK_MAX_MS (600) // 24 bits at 25 MHz are 671 ms

static uint32_t counter_last, counter_wraps;
static volatile bool event;

static uint64_t counter64(void) {
    uint32_t now = COUNTER;
    if (now < counter_last) {
        counter_wraps++;
    }
    counter_last = now;
    return ((uint64_t)counter_wraps << 32) | now;
}

uint64_t mps2board_time_us(void) {
    return counter64() / COUNTS_PER_US;
}

int64_t mps2board_unix_us(void) {
    return POWER_ON_UNIX_US + (int64_t)mps2board_time_us();
}

void mps2board_event_from_irq(void) {
    event = true;
}

// Sleeps until an interrupt or the time-out; negative means no time-out, but the function returns
// at least every SYSTICK_MAX_MS. While it sleeps the host is idle, and -icount sleep=off skips the
// time. The flag covers the interval between the caller's check and the WFI: after an interrupt in
// that interval the function does not sleep. (QEMU executes the M-profile WFE as a no-op, so its
// event register cannot be used for this.)
void mps2board_wait_for_event(int timeout_ms) {
    if (timeout_ms == 0) {
        return;
    }
    if (timeout_ms < 0 || timeout_ms > SYSTICK_MAX_MS) {
        timeout_ms = SYSTICK_MAX_MS;
    }
    __asm volatile ("cpsid i");
    if (!event && MP_STATE_VM(sched_state) != MP_SCHED_PENDING) {
        SYSTICK->reload = timeout_ms * COUNTS_PER_MS;
        SYSTICK->value = 0;
        SYSTICK->control = SYSTICK_RUN_WITH_IRQ_ON_CPU_CLOCK;
        __asm volatile ("wfi");
        SYSTICK->control = 0;
    }
    event = false;
    __asm volatile ("cpsie i");
}

mp_uint_t mp_hal_ticks_ms(void) {
    return counter64() / COUNTS_PER_MS;
}

mp_uint_t mp_hal_ticks_us(void) {
    return mps2board_time_us();
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return COUNTER;
}

uint64_t mp_hal_time_ns(void) {
    return (uint64_t)mps2board_unix_us() * 1000;
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = mps2board_time_us() + us;
    while (mps2board_time_us() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = mps2board_time_us() + 1000ull * ms;
    for (;;) {
        mp_handle_pending(true);
        uint64_t now = mps2board_time_us();
        if (now >= end) {
            return;
        }
        uint64_t left_ms = (end - now) / 1000;
        if (left_ms > 0) {
            mps2board_wait_for_event(left_ms > SYSTICK_MAX_MS ? SYSTICK_MAX_MS : (int)left_ms);
        }
    }
}
