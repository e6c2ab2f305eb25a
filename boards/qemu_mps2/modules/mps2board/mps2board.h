// The parts of the MPS2-AN385 board (Arm application note 385) that this firmware uses.
#ifndef TJUGO_MPS2BOARD_H
#define TJUGO_MPS2BOARD_H

#include <stdbool.h>
#include <stdint.h>

#define MPS2_CLOCK_HZ (25000000)

// CMSDK APB UARTs: 0 is the console, 1 and 2 are machine.UART(1) and machine.UART(2).
#define MPS2_UART_COUNT (3)

typedef struct {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t ctrl;
    volatile uint32_t intstatus;
    volatile uint32_t bauddiv;
} mps2_uart_t;

#define MPS2_UART(n) ((mps2_uart_t *)(0x40004000 + 0x1000 * (n)))
#define MPS2_UART_STATE_TX_FULL (1u << 0)
#define MPS2_UART_STATE_RX_FULL (1u << 1)
#define MPS2_UART_CTRL_TX (1u << 0)
#define MPS2_UART_CTRL_RX (1u << 1)
#define MPS2_UART_CTRL_RX_IRQ (1u << 3)
#define MPS2_UART_INT_RX (1u << 1)
#define MPS2_UART_RX_IRQ(n) (2 * (n)) // line of the interrupt controller

// serial.c: received bytes are stored in a ring per UART by an interrupt handler.
void mps2board_serial_init(void);
void mps2board_uart_open(int n);
int mps2board_uart_any(int n);
int mps2board_uart_get(int n); // a byte, or -1

// timebase.c
uint64_t mps2board_time_us(void);       // since power-on
int64_t mps2board_unix_us(void);        // since 1970
void mps2board_wait_for_event(int timeout_ms);
void mps2board_event_from_irq(void);    // called by every interrupt handler

#endif
