/* A Cortex-M0+ (ARMv6-M) on the memory of rp2040py's RP2040.
 *
 * It executes what happens between the processor, its memory, the divider, the spin locks and the
 * timer's count. At an instruction that needs anything else (a peripheral, an exception, a special
 * register) it returns before it, and rp2040py executes that one. pico_fast.py compiles and calls
 * it.
 */

#include "pico_thumb.h"

/* Instructions up to 0x9fff, by their first byte: low registers, loads and stores. */
INLINE void low_half(Core *s, Run *f, uint32_t *r, uint32_t op) {
    uint32_t *t = &r[LOW(8)], imm5 = op >> 6 & 31, imm8 = op & 0xff;
    uint32_t *d = &r[LOW(0)], n = r[LOW(3)];
    int64_t before = f->cycles;
    switch (op >> 11) {
    case 0x00: *d = shift(f, 0, n, imm5); break;
    case 0x01: *d = shift(f, 1, n, imm5 ? imm5 : 32); break;
    case 0x02: *d = shift(f, 2, n, imm5 ? imm5 : 32); break;
    case 0x03: {
        uint32_t m = op >> 10 & 1 ? LOW(6) : r[LOW(6)];
        *d = op >> 9 & 1 ? add(f, n, ~m, 1) : add(f, n, m, 0);
        break;
    }
    case 0x04: set_nz(f, *t = imm8); break;
    case 0x05: add(f, *t, ~imm8, 1); break;
    case 0x06: *t = add(f, *t, imm8, 0); break;
    case 0x07: *t = add(f, *t, ~imm8, 1); break;
    case 0x08:
        if (op >> 10 & 1)
            high(s, f, r, op);
        else
            alu(f, r, op);
        break;
    case 0x09: load(s, f, t, ((PC + 2) & ~3u) + 4 * imm8, 4, 0); break;
    case 0x0a: case 0x0b: indexed(s, f, r, op); break;
    case 0x0c: store(s, f, *d, n + 4 * imm5, 4); break;
    case 0x0d: load(s, f, d, n + 4 * imm5, 4, 0); break;
    case 0x0e: store(s, f, *d, n + imm5, 1); break;
    case 0x0f: load(s, f, d, n + imm5, 1, 0); break;
    case 0x10: store(s, f, *d, n + 2 * imm5, 2); break;
    case 0x11: load(s, f, d, n + 2 * imm5, 2, 0); break;
    case 0x12: store(s, f, *t, r[13] + 4 * imm8, 4); break;
    case 0x13: load(s, f, t, r[13] + 4 * imm8, 4, 0); break;
    }
    f->cycles += f->cycles == before && !f->slow; /* all that have not counted: 1 */
}

/* 0xb000 to 0xbfff. Return whether the processor waits. */
INLINE int miscellaneous(Core *s, Run *f, uint32_t *r, uint32_t op) {
    switch (op >> 8 & 15) {
    case 0x0:
        r[13] = (r[13] + (op >> 7 & 1 ? 0u - 4 * (op & 0x7f) : 4 * (op & 0x7f))) & ~3u;
        f->cycles++;
        break;
    case 0x2: case 0xa: bytes_of(f, r, op); break;
    case 0x4: case 0x5: case 0xc: case 0xd: stack(s, f, r, op); break;
    case 0x6:
        if (op != 0xb672 && op != 0xb662) { /* CPSID, CPSIE */
            f->slow = SLOW;
            break;
        }
        s->primask = op >> 4 & 1;
        s->updated |= !s->primask;
        f->cycles++;
        break;
    case 0xf: return hint(s, f, op);
    default: f->slow = SLOW;
    }
    return 0;
}

/* Instructions from 0xa000. Return whether the processor waits. */
INLINE int high_half(Core *s, Run *f, uint32_t *r, uint32_t op) {
    switch (op >> 11) {
    case 0x14: r[LOW(8)] = ((PC + 2) & ~3u) + 4 * (op & 0xff); f->cycles++; break;
    case 0x15: r[LOW(8)] = r[13] + 4 * (op & 0xff); f->cycles++; break;
    case 0x16: case 0x17: return miscellaneous(s, f, r, op);
    case 0x18: case 0x19: multiple(s, f, r, op); break;
    case 0x1a: case 0x1b:
        if ((op >> 8 & 15) >= 14) { /* UDF, SVC */
            f->slow = SLOW;
        } else if (condition(f, op >> 8 & 15)) {
            PC += 2 + 2 * (uint32_t)(int8_t)op;
            f->cycles += 2;
        } else {
            f->cycles++;
        }
        break;
    case 0x1c: PC += 2 + ((uint32_t)((int32_t)(op << 21) >> 20)); f->cycles += 2; break;
    case 0x1e: case 0x1f: {
        const uint8_t *next = memory(s, PC);
        if (next)
            wide(s, f, r, op, get16(next));
        else
            f->slow = SLOW;
        break;
    }
    default: f->slow = SLOW;
    }
    return 0;
}

/* Execute instructions until the budget is used or the reason that is returned. */
int run(Core *s) {
    uint32_t *r = s->registers, apsr = s->apsr;
    Run f = {apsr & 1u << 31, ~apsr & 1u << 30, apsr >> 29 & 1, apsr >> 28 & 1, 0, 0};
    int reason = BUDGET;
    while (reason == BUDGET && f.cycles < s->budget) {
        uint32_t start = PC & ~1u, op;
        const uint8_t *code = memory(s, start);
        if (s->updated && s->pending) {
            reason = INTERRUPT;
            break;
        }
        s->updated = 0;
        if (!code) {
            reason = SLOW;
            break;
        }
        op = get16(code);
        PC = start + 2;
        if (op < 0xa000)
            low_half(s, &f, r, op);
        else if (high_half(s, &f, r, op))
            reason = WAITING;
        if (f.slow) {
            PC = start;
            reason = f.slow;
        }
    }
    s->cycles = f.cycles;
    s->apsr = (f.n & 1u << 31) | (uint32_t)(f.z == 0) << 30 | f.c << 29 | f.v << 28;
    return reason;
}
