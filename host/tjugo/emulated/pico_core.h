/* The state that pico_core.c shares with pico_fast.py, and its memory. */

#include <stdint.h>

#define RAM_START 0x20000000u
#define RAM_BYTES (264u * 1024)
#define BOOTROM_BYTES (16u * 1024)
#define SIO_START 0xd0000000u
#define APB_START 0x40000000u
#define TIMER_RAW_HIGH 0x40054024u
#define TIMER_RAW_LOW 0x40054028u
#define NS_PER_CYCLE 8.0
#define KEPT 8

enum reason { BUDGET, SLOW, READ, WAITING, INTERRUPT };

/* The fields are those of class State in pico_fast.py, in its order. */
typedef struct {
    uint32_t *registers; /* r0 to r15; r15 is the address of the next instruction */
    uint8_t *ram, *flash, *bootrom;
    double nanos, timer_start; /* emulated time at the start of the call, and of the timer's 0 */
    int64_t budget, cycles;    /* cycles until the next event; executed in this call */
    uint32_t apsr, primask, event, handler, pending, updated;
    uint32_t address; /* with READ: of the register that is needed */
    uint32_t kept;    /* registers with a value that only an event changes */
    uint32_t kept_address[KEPT], kept_value[KEPT];
    uint32_t spin_lock, div_dividend, div_divisor, div_quotient, div_remainder, div_csr;
    uint32_t div_cycles;
} Core;

/* The flags and the time of the instruction that is executed. */
typedef struct {
    uint32_t n, z, c, v; /* n: bit 31 of it; z: whether it is 0 */
    int64_t cycles;
    int slow; /* the instruction is left to rp2040py: reason SLOW or READ */
} Run;

#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t get32(const uint8_t *at) {
    uint32_t value;
    __builtin_memcpy(&value, at, 4);
    return value;
}

INLINE uint32_t get16(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8; }

/* Return what a word of memory without side effects is in, or NULL. */
INLINE const uint8_t *memory(const Core *s, uint32_t address) {
    if (address - RAM_START < RAM_BYTES)
        return s->ram + (address - RAM_START);
    if (address >> 26 == 4) /* the flash, four times */
        return s->flash + (address & 0xffffff);
    return address < BOOTROM_BYTES ? s->bootrom + address : 0;
}

/* Quotient and remainder as rp2040py has them, also for a division by 0. */
static void divide(Core *s, int is_signed) {
    uint32_t a = s->div_dividend, b = s->div_divisor;
    if (b == 0) {
        s->div_quotient = a ? 0xffffffffu : 1;
        s->div_remainder = a;
    } else if (!is_signed) {
        s->div_quotient = a / b;
        s->div_remainder = a % b;
    } else {
        int64_t quotient = (int64_t)(int32_t)a / (int32_t)b;
        s->div_quotient = (uint32_t)quotient;
        s->div_remainder = (uint32_t)((int32_t)a - quotient * (int32_t)b);
    }
    s->div_csr = 3;
    s->div_cycles += 8;
}

static uint32_t read_sio(Core *s, uint32_t at, int *known) {
    uint32_t bit = 1u << (at >> 2 & 31);
    *known = 1;
    if (at >= 0x100 && at < 0x180) {
        bit &= ~s->spin_lock;
        s->spin_lock |= bit;
        return bit;
    }
    switch (at) {
    case 0x00: return 0; /* CPUID */
    case 0x60: case 0x68: return s->div_dividend;
    case 0x64: case 0x6c: return s->div_divisor;
    case 0x70: s->div_csr &= ~2u; return s->div_quotient;
    case 0x74: return s->div_remainder;
    case 0x78: return s->div_csr;
    }
    *known = 0;
    return 0;
}

/* Return whether the register is one of those that are kept here. */
static int write_sio(Core *s, uint32_t at, uint32_t value) {
    if (at >= 0x100 && at < 0x180) {
        s->spin_lock &= ~(1u << (at >> 2 & 31));
        return 1;
    }
    switch (at) {
    case 0x60: case 0x68: s->div_dividend = value; divide(s, at == 0x68); return 1;
    case 0x64: case 0x6c: s->div_divisor = value; divide(s, at == 0x6c); return 1;
    case 0x70: s->div_quotient = value; s->div_csr = 3; return 1;
    case 0x74: s->div_remainder = value; s->div_csr = 3; return 1;
    }
    return 0;
}

/* Read a register of the chip that is kept here; else set run->slow. */
static uint32_t read_register(Core *s, Run *run, uint32_t address) {
    int known = 0;
    uint32_t value = 0;
    if (address == TIMER_RAW_LOW || address == TIMER_RAW_HIGH) {
        double nanos = s->nanos + NS_PER_CYCLE * (double)run->cycles - s->timer_start;
        uint64_t micros = (uint64_t)(nanos / 1000);
        return (uint32_t)(address == TIMER_RAW_LOW ? micros : micros >> 32);
    }
    if (address >> 28 == SIO_START >> 28)
        value = read_sio(s, address - SIO_START, &known);
    for (uint32_t i = 0; !known && i < s->kept; i++) {
        known = s->kept_address[i] == address;
        value = s->kept_value[i];
    }
    if (!known) {
        s->address = address;
        run->slow = READ;
    }
    return value;
}
