/* The groups of ARMv6-M instructions. Each adds its cycles, those that rp2040py counts, or sets
 * run->slow and changes nothing else: rp2040py executes it then. PC is the address after it.
 */

#include "pico_core.h"

#define LOW(at) (op >> (at)&7)
#define PC r[15]

INLINE void set_nz(Run *f, uint32_t result) { f->n = f->z = result; }

/* a + b + carry; a - b is a + ~b + 1. */
INLINE uint32_t add(Run *f, uint32_t a, uint32_t b, uint32_t carry) {
    uint64_t sum = (uint64_t)a + b + carry;
    uint32_t result = (uint32_t)sum;
    set_nz(f, result);
    f->c = (uint32_t)(sum >> 32);
    f->v = (~(a ^ b) & (a ^ result)) >> 31;
    return result;
}

/* kind: 0 left, 1 right, 2 right with the sign; count: any, and 0 changes nothing. */
INLINE uint32_t shift(Run *f, int kind, uint32_t value, uint32_t count) {
    if (count) {
        uint32_t last = count < 32 ? count : 32; /* the sign is the same in all further bits */
        uint64_t wide = kind == 0 ? (uint64_t)value << (count < 33 ? count : 33)
                        : kind == 1 ? (uint64_t)value << 32 >> (count < 33 ? count : 33)
                                    : (uint64_t)((int64_t)((uint64_t)value << 32) >> last);
        f->c = kind == 0 ? wide >> 32 & 1 : wide >> 31 & 1;
        value = (uint32_t)(kind == 0 ? wide : wide >> 32);
    }
    set_nz(f, value);
    return value;
}

INLINE uint32_t rotate(Run *f, uint32_t value, uint32_t count) {
    uint32_t by = count & 31;
    if (by)
        value = value >> by | value << (32 - by);
    if (count & 0xff)
        f->c = value >> 31;
    set_nz(f, value);
    return value;
}

/* The 16 operations of two low registers. */
INLINE void alu(Run *f, uint32_t *r, uint32_t op) {
    uint32_t *d = &r[LOW(0)], m = r[LOW(3)];
    switch (op >> 6 & 15) {
    case 0: set_nz(f, *d &= m); break;
    case 1: set_nz(f, *d ^= m); break;
    case 2: *d = shift(f, 0, *d, m & 0xff); break;
    case 3: *d = shift(f, 1, *d, m & 0xff); break;
    case 4: *d = shift(f, 2, *d, m & 0xff); break;
    case 5: *d = add(f, *d, m, f->c); break;
    case 6: *d = add(f, *d, ~m, f->c); break;
    case 7: *d = rotate(f, *d, m & 0xff); break;
    case 8: set_nz(f, *d & m); break;
    case 9: *d = add(f, 0, ~m, 1); break;
    case 10: add(f, *d, ~m, 1); break;
    case 11: add(f, *d, m, 0); break;
    case 12: set_nz(f, *d |= m); break;
    case 13: set_nz(f, *d *= m); break;
    case 14: set_nz(f, *d &= ~m); break;
    case 15: set_nz(f, *d = ~m); break;
    }
}

INLINE int condition(const Run *f, uint32_t which) {
    uint32_t n = f->n >> 31, z = f->z == 0;
    int holds = 0;
    switch (which >> 1) {
    case 0: holds = z; break;
    case 1: holds = f->c; break;
    case 2: holds = n; break;
    case 3: holds = f->v; break;
    case 4: holds = f->c && !z; break;
    case 5: holds = n == f->v; break;
    case 6: holds = n == f->v && !z; break;
    }
    return holds ^ (which & 1);
}

/* Return the cycles of an access beside the one of the instruction. */
INLINE int access_cycles(uint32_t address, int write) {
    return address >> 28 == SIO_START >> 28 ? 0 : address >> 28 == APB_START >> 28 ? 3 + write : 1;
}

INLINE void load(Core *s, Run *f, uint32_t *to, uint32_t address, int bytes, int is_signed) {
    const uint8_t *at = memory(s, address);
    uint32_t value;
    if (address & (bytes - 1))
        f->slow = SLOW; /* a fault of a real chip */
    else if (at)
        value = bytes == 4 ? get32(at) : bytes == 2 ? get16(at) : at[0];
    else if (bytes == 4)
        value = read_register(s, f, address);
    else
        f->slow = SLOW;
    if (f->slow)
        return;
    if (is_signed)
        value = bytes == 2 ? (uint32_t)(int16_t)value : (uint32_t)(int8_t)value;
    *to = value;
    f->cycles += 1 + access_cycles(address, 0);
}

INLINE void store(Core *s, Run *f, uint32_t value, uint32_t address, int bytes) {
    uint32_t at = address - RAM_START;
    if (address & (bytes - 1)) {
        f->slow = SLOW;
        return;
    }
    if (at < RAM_BYTES)
        __builtin_memcpy(s->ram + at, &value, bytes);
    else if (bytes != 4 || address >> 28 != SIO_START >> 28 ||
             !write_sio(s, address - SIO_START, value)) {
        f->slow = SLOW;
        return;
    }
    f->cycles += 1 + access_cycles(address, 1);
}

INLINE void indexed(Core *s, Run *f, uint32_t *r, uint32_t op) {
    uint32_t *t = &r[LOW(0)], address = r[LOW(3)] + r[LOW(6)];
    switch (op >> 9 & 7) {
    case 0: store(s, f, *t, address, 4); break;
    case 1: store(s, f, *t, address, 2); break;
    case 2: store(s, f, *t, address, 1); break;
    case 3: load(s, f, t, address, 1, 1); break;
    case 4: load(s, f, t, address, 4, 0); break;
    case 5: load(s, f, t, address, 2, 0); break;
    case 6: load(s, f, t, address, 1, 0); break;
    case 7: load(s, f, t, address, 2, 1); break;
    }
}

/* PUSH, POP, STMIA, LDMIA of `list`: all of it is in RAM, or the instruction is left. */
INLINE uint32_t *block(Core *s, Run *f, uint32_t address, uint32_t list) {
    uint32_t at = address - RAM_START, bytes = 4 * __builtin_popcount(list);
    f->slow = at >= RAM_BYTES || at + bytes > RAM_BYTES || at & 3 ? SLOW : 0;
    return (uint32_t *)(void *)(s->ram + at);
}

INLINE void stack(Core *s, Run *f, uint32_t *r, uint32_t op) {
    uint32_t list = op & 0x1ff, bytes = 4 * __builtin_popcount(list), is_pop = op >> 11 & 1;
    uint32_t *at = block(s, f, is_pop ? r[13] : r[13] - bytes, list);
    if (f->slow)
        return;
    if (is_pop && list >> 8 && s->handler && at[bytes / 4 - 1] >> 28 == 15) {
        f->slow = SLOW; /* the return from an exception */
        return;
    }
    for (uint32_t left = list & 0xff; left; left &= left - 1) {
        uint32_t *one = &r[__builtin_ctz(left)];
        if (is_pop)
            *one = *at++;
        else
            *at++ = *one;
        f->cycles++;
    }
    if (list >> 8 && is_pop) {
        PC = *at & ~1u;
        f->cycles += 2;
    } else if (list >> 8)
        *at = r[14];
    r[13] = (is_pop ? r[13] + bytes : r[13] - bytes) & ~3u;
    f->cycles++;
}

INLINE void multiple(Core *s, Run *f, uint32_t *r, uint32_t op) {
    uint32_t list = op & 0xff, n = LOW(8), is_load = op >> 11 & 1;
    uint32_t end = r[n] + 4 * __builtin_popcount(list);
    uint32_t *at = block(s, f, r[n], list);
    if (f->slow)
        return;
    for (uint32_t left = list; left; left &= left - 1) {
        uint32_t *one = &r[__builtin_ctz(left)];
        if (is_load)
            *one = *at++;
        else
            *at++ = *one;
        f->cycles++;
    }
    if (!is_load || !(list >> n & 1))
        r[n] = end;
    f->cycles++;
}

/* ADD, CMP, MOV, BX, BLX with all registers. The PC is that of the instruction and 4. */
INLINE void high(Core *s, Run *f, uint32_t *r, uint32_t op) {
    uint32_t d = LOW(0) | (op >> 4 & 8), m = op >> 3 & 15;
    uint32_t value = r[m] + (m == 15 ? 2 : 0), first = r[d] + (d == 15 ? 2 : 0);
    int kind = op >> 8 & 3;
    if (kind == 3) {
        if (op & 7 || (!(op & 0x80) && s->handler && value >> 28 == 15)) {
            f->slow = SLOW;
            return;
        }
        if (op & 0x80)
            r[14] = PC | 1;
        PC = value & ~1u;
        f->cycles += 2;
        return;
    }
    f->cycles++;
    if (kind == 1) {
        add(f, first, ~value, 1);
        return;
    }
    value = kind == 0 ? first + value : value;
    f->cycles += d == 15;
    r[d] = d == 15 ? value & ~1u : d == 13 ? value & ~3u : value;
}

/* 0xb2: SXTH, SXTB, UXTH, UXTB; 0xba: REV, REV16, REVSH. */
INLINE void bytes_of(Run *f, uint32_t *r, uint32_t op) {
    uint32_t *d = &r[LOW(0)], m = r[LOW(3)], swapped = __builtin_bswap32(m);
    if (op >> 6 == 0x2ea) { /* no instruction */
        f->slow = SLOW;
        return;
    }
    switch (op >> 6 & 3) {
    case 0: *d = op >> 11 & 1 ? swapped : (uint32_t)(int16_t)m; break;
    case 1: *d = op >> 11 & 1 ? swapped >> 16 | swapped << 16 : (uint32_t)(int8_t)m; break;
    case 2: *d = m & 0xffff; break;
    case 3: *d = op >> 11 & 1 ? (uint32_t)(int16_t)(swapped >> 16) : (m & 0xff); break;
    }
    f->cycles++;
}

/* NOP, YIELD, WFE, WFI, SEV; nothing else. Return whether the processor waits. */
INLINE int hint(Core *s, Run *f, uint32_t op) {
    int waits = 0;
    switch (op & 0xff) {
    case 0x00: case 0x10: f->cycles++; break;
    case 0x20: waits = !s->event; s->event = 0; f->cycles += 2; break;
    case 0x30: waits = 1; f->cycles += 2; break;
    case 0x40: s->event = 1; f->cycles++; break;
    default: f->slow = SLOW;
    }
    return waits;
}

/* The 32-bit instructions: BL, barriers, MRS and MSR of PRIMASK. */
INLINE void wide(Core *s, Run *f, uint32_t *r, uint32_t op, uint32_t op2) {
    if (op >> 11 == 0x1e && (op2 & 0xd000) == 0xd000) {
        uint32_t sign = op >> 10 & 1, i1 = (op2 >> 13 & 1) ^ sign ^ 1, i2 = (op2 >> 11 & 1) ^ sign ^ 1;
        uint32_t offset = (0u - sign) << 24 | i1 << 23 | i2 << 22 | (op & 0x3ff) << 12 | (op2 & 0x7ff) << 1;
        r[14] = (PC + 2) | 1;
        PC = PC + 2 + offset;
    } else if (op == 0xf3bf && (op2 & 0xff00) == 0x8f00 && (op2 >> 4 & 15) - 4 < 3) {
        PC += 2;
    } else if (op == 0xf3ef && (op2 & 0xf0ff) == 0x8010) {
        r[op2 >> 8 & 15] = s->primask;
        PC += 2;
    } else if (op >> 4 == 0xf38 && (op2 & 0xffff) == 0x8810) {
        s->primask = r[op & 15] & 1;
        s->updated = 1;
        PC += 2;
    } else {
        f->slow = SLOW;
    }
    f->cycles += f->slow ? 0 : 3;
}
