// Included by extmod/machine_uart.c: machine.UART(1) and machine.UART(2).
//
// QEMU transfers each byte immediately and ignores baud rate and parity. The transmission time of
// a frame is simulated here, so that txdone() and flush() behave as on hardware and the RS-485
// direction timing of a driver can be tested.

#include "py/mphal.h"
#include "py/stream.h"
#include "mps2board/mps2board.h"

#define MICROPY_PY_MACHINE_UART_CLASS_CONSTANTS
#define UART_FIRST_ID (1)
#define UART_PARITY_NONE (-1)

typedef struct _machine_uart_obj_t {
    mp_obj_base_t base;
    uint8_t id;
    uint8_t bits;
    uint8_t stop;
    int8_t parity;          // UART_PARITY_NONE, 0 even, 1 odd
    uint16_t timeout;       // ms to the first byte
    uint16_t timeout_char;  // ms between bytes
    uint32_t baudrate;
    uint64_t line_free_us;  // when the last bit written will have left
} machine_uart_obj_t;

#define UART_DEFAULTS(n) \
    { .base = {&machine_uart_type}, .id = (n), .bits = 8, .stop = 1, \
      .parity = UART_PARITY_NONE, .timeout_char = 2, .baudrate = 9600 }

static machine_uart_obj_t machine_uart_objs[] = { UART_DEFAULTS(1), UART_DEFAULTS(2) };

static void mp_machine_uart_print(const mp_print_t *print, mp_obj_t self_in,
    mp_print_kind_t kind) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const char *parity = self->parity < 0 ? "None" : self->parity ? "1" : "0";
    mp_printf(print, "UART(%u, baudrate=%u, bits=%u, parity=%s, stop=%u, timeout=%u)",
        self->id, self->baudrate, self->bits, parity, self->stop, self->timeout);
}

static void mp_machine_uart_init_helper(machine_uart_obj_t *self, size_t n_args,
    const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum {
        ARG_baudrate, ARG_bits, ARG_parity, ARG_stop,
        ARG_tx, ARG_rx, ARG_txbuf, ARG_rxbuf, ARG_timeout, ARG_timeout_char,
    };
    // tx, rx and the buffer sizes are accepted and ignored: the pins are fixed and the
    // ring of received bytes has one size.
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_baudrate, MP_ARG_INT, {.u_int = 9600} },
        { MP_QSTR_bits, MP_ARG_INT, {.u_int = 8} },
        { MP_QSTR_parity, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_stop, MP_ARG_INT, {.u_int = 1} },
        { MP_QSTR_tx, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_rx, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_txbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_rxbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_timeout_char, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 2} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);

    mp_int_t baudrate = args[ARG_baudrate].u_int;
    mp_int_t bits = args[ARG_bits].u_int;
    mp_int_t stop = args[ARG_stop].u_int;
    if (baudrate < 300 || baudrate > MPS2_CLOCK_HZ / 16) {
        mp_raise_ValueError(MP_ERROR_TEXT("baudrate"));
    }
    if (bits < 7 || bits > 8 || stop < 1 || stop > 2) {
        mp_raise_ValueError(MP_ERROR_TEXT("bits or stop"));
    }
    self->baudrate = baudrate;
    self->bits = bits;
    self->stop = stop;
    self->parity = args[ARG_parity].u_obj == mp_const_none
        ? UART_PARITY_NONE : mp_obj_get_int(args[ARG_parity].u_obj) & 1;
    self->timeout = args[ARG_timeout].u_int;
    self->timeout_char = args[ARG_timeout_char].u_int;
    self->line_free_us = 0;
    MPS2_UART(self->id)->bauddiv = MPS2_CLOCK_HZ / baudrate;
    mps2board_uart_open(self->id);
}

static mp_obj_t mp_machine_uart_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    mp_int_t id = mp_obj_get_int(args[0]);
    if (id < UART_FIRST_ID || id >= MPS2_UART_COUNT) {
        mp_raise_ValueError(MP_ERROR_TEXT("UART id must be 1 or 2"));
    }
    machine_uart_obj_t *self = &machine_uart_objs[id - UART_FIRST_ID];
    mp_map_t kw_args;
    mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
    mp_machine_uart_init_helper(self, n_args - 1, args + 1, &kw_args);
    return MP_OBJ_FROM_PTR(self);
}

static void mp_machine_uart_deinit(machine_uart_obj_t *self) {
    MPS2_UART(self->id)->ctrl = 0;
}

static mp_int_t mp_machine_uart_any(machine_uart_obj_t *self) {
    return mps2board_uart_any(self->id);
}

static bool mp_machine_uart_txdone(machine_uart_obj_t *self) {
    return mps2board_time_us() >= self->line_free_us;
}

static mp_uint_t mp_machine_uart_read(mp_obj_t self_in, void *buf_in, mp_uint_t size,
    int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint8_t *buf = buf_in;
    mp_uint_t received = 0;
    mp_uint_t patience_ms = self->timeout;
    mp_uint_t since_ms = mp_hal_ticks_ms();
    while (received < size) {
        int c = mps2board_uart_get(self->id);
        if (c >= 0) {
            buf[received++] = c;
            patience_ms = self->timeout_char;
            since_ms = mp_hal_ticks_ms();
            continue;
        }
        mp_uint_t waited_ms = mp_hal_ticks_ms() - since_ms;
        if (waited_ms >= patience_ms) {
            break;
        }
        mp_event_wait_ms(patience_ms - waited_ms);
    }
    if (received == 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return received;
}

static mp_uint_t mp_machine_uart_write(mp_obj_t self_in, const void *buf_in, mp_uint_t size,
    int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mps2_uart_t *uart = MPS2_UART(self->id);
    const uint8_t *buf = buf_in;
    for (mp_uint_t i = 0; i < size; i++) {
        while (uart->state & MPS2_UART_STATE_TX_FULL) {
            mp_handle_pending(true);
        }
        uart->data = buf[i];
    }
    uint32_t bits_per_byte = 1 + self->bits + (self->parity >= 0) + self->stop;
    uint64_t now_us = mps2board_time_us();
    uint64_t from_us = now_us > self->line_free_us ? now_us : self->line_free_us;
    self->line_free_us = from_us + 1000000ull * size * bits_per_byte / self->baudrate;
    return size;
}

static mp_uint_t mp_machine_uart_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg,
    int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_POLL: {
            uintptr_t ready = 0;
            if (mps2board_uart_any(self->id) > 0) {
                ready |= arg & MP_STREAM_POLL_RD;
            }
            if (!(MPS2_UART(self->id)->state & MPS2_UART_STATE_TX_FULL)) {
                ready |= arg & MP_STREAM_POLL_WR;
            }
            return ready;
        }
        case MP_STREAM_FLUSH:
            while (!mp_machine_uart_txdone(self)) {
                mp_event_handle_nowait();
            }
            return 0;
        case MP_STREAM_CLOSE:
            return 0;
        default:
            *errcode = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}
