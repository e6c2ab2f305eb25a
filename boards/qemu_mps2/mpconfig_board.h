// Configuration of MicroPython's qemu port with the features of a meter or collector board that
// the port lacks. Passed to the compiler as MP_CONFIGFILE; other settings are the port's own.

#include <mpconfigport.h>

#undef MICROPY_PY_ASYNCIO
#undef MICROPY_PY_SELECT
#undef MICROPY_PY_SYS_PLATFORM
#undef MICROPY_PY_SYS_STDIO_BUFFER
#undef MICROPY_PY_TIME
#undef MICROPY_VFS_ROM_IOCTL

#define MICROPY_PY_SYS_PLATFORM "qemu-mps2"

// The console: required by mpremote.
#define MICROPY_HELPER_REPL (1)
#define MICROPY_KBD_EXCEPTION (1)
#define MICROPY_PY_SYS_STDIO_BUFFER (1)
#define MICROPY_REPL_INFO (1)

// asyncio and select.
#define MICROPY_ENABLE_SCHEDULER (1)
#define MICROPY_PY_ASYNCIO (1)
#define MICROPY_PY_SELECT (1)

#define MICROPY_EPOCH_IS_1970 (1)
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_INCLUDEFILE "mps2board/modtime_port.h"
#define MICROPY_PY_TIME_TIME_TIME_NS (1)

#define MICROPY_PY_MACHINE_MEMX (1)
#define MICROPY_PY_MACHINE_UART (1)
#define MICROPY_PY_MACHINE_UART_INCLUDEFILE "mps2board/machine_uart_port.h"

void mps2board_init(void);
#define MICROPY_PORT_INIT_FUNC mps2board_init()

void mps2board_wait_for_event(int timeout_ms);
#define MICROPY_INTERNAL_WFE(timeout_ms) mps2board_wait_for_event(timeout_ms)

// A ROM file system: modules/mps2board/rom.c.
#define MICROPY_VFS_ROM_IOCTL (1)
