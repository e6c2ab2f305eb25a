// UART reception by interrupt, and the console on UART 0.

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/interrupt_char.h"
#include "mps2board/mps2board.h"

#define RING_SIZE (1024)
#define SYSTEM_EXCEPTIONS (16)
#define IRQ_LINES (32)
#define SYSTICK_EXCEPTION (15)
#define NVIC_ISER0 (*(volatile uint32_t *)0xE000E100)
#define SCB_VTOR (*(volatile uint32_t *)0xE000ED08)

typedef struct {
    volatile uint8_t bytes[RING_SIZE];
    volatile uint16_t head; // written by the interrupt
    volatile uint16_t tail; // written by the reader
} ring_t;

static ring_t rings[MPS2_UART_COUNT];

// The port's own table has no entries for interrupt lines. VTOR requires alignment to the size of
// the table rounded up to a power of two.
static uint32_t vectors[SYSTEM_EXCEPTIONS + IRQ_LINES] __attribute__((aligned(256)));
extern const uint32_t isr_vector[];
extern void Default_Handler(void);

static void receive(int n) {
    mps2_uart_t *uart = MPS2_UART(n);
    ring_t *ring = &rings[n];
    uart->intstatus = MPS2_UART_INT_RX;
    while (uart->state & MPS2_UART_STATE_RX_FULL) {
        int c = uart->data & 0xff;
        if (n == 0 && c == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
            continue;
        }
        uint16_t next = (ring->head + 1) % RING_SIZE;
        if (next != ring->tail) {
            ring->bytes[ring->head] = c;
            ring->head = next;
        } // else an overrun: the byte is lost, as it is on hardware
    }
    mps2board_event_from_irq();
}

static void uart0_rx_irq(void) {
    receive(0);
}

static void uart1_rx_irq(void) {
    receive(1);
}

static void uart2_rx_irq(void) {
    receive(2);
}

static void systick_irq(void) {
    mps2board_event_from_irq();
}

void mps2board_serial_init(void) {
    for (int i = 0; i < SYSTEM_EXCEPTIONS; i++) {
        vectors[i] = isr_vector[i];
    }
    for (int i = 0; i < IRQ_LINES; i++) {
        vectors[SYSTEM_EXCEPTIONS + i] = (uint32_t)Default_Handler;
    }
    vectors[SYSTICK_EXCEPTION] = (uint32_t)systick_irq;
    vectors[SYSTEM_EXCEPTIONS + MPS2_UART_RX_IRQ(0)] = (uint32_t)uart0_rx_irq;
    vectors[SYSTEM_EXCEPTIONS + MPS2_UART_RX_IRQ(1)] = (uint32_t)uart1_rx_irq;
    vectors[SYSTEM_EXCEPTIONS + MPS2_UART_RX_IRQ(2)] = (uint32_t)uart2_rx_irq;
    SCB_VTOR = (uint32_t)vectors;
    mps2board_uart_open(0);
}

// A byte received before its interrupt was enabled raises no interrupt, and no other byte can be
// received until it is read: it is read here.
void mps2board_uart_open(int n) {
    __asm volatile ("cpsid i");
    MPS2_UART(n)->ctrl = MPS2_UART_CTRL_TX | MPS2_UART_CTRL_RX | MPS2_UART_CTRL_RX_IRQ;
    receive(n);
    NVIC_ISER0 = 1u << MPS2_UART_RX_IRQ(n);
    __asm volatile ("cpsie i");
}

int mps2board_uart_any(int n) {
    return (rings[n].head + RING_SIZE - rings[n].tail) % RING_SIZE;
}

int mps2board_uart_get(int n) {
    ring_t *ring = &rings[n];
    if (ring->tail == ring->head) {
        return -1;
    }
    int c = ring->bytes[ring->tail];
    ring->tail = (ring->tail + 1) % RING_SIZE;
    return c;
}

// Replaces the port's uart_rx_chr(), which the REPL calls in a loop that never sleeps.
int __wrap_uart_rx_chr(void) {
    if (mps2board_uart_any(0) == 0) {
        mps2board_wait_for_event(100);
    }
    return mps2board_uart_get(0);
}

// Replaces the port's mp_hal_stdio_poll(), which always returns 0.
uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t wanted) {
    uintptr_t ready = wanted & MP_STREAM_POLL_WR;
    if (mps2board_uart_any(0) > 0) {
        ready |= wanted & MP_STREAM_POLL_RD;
    }
    return ready;
}
