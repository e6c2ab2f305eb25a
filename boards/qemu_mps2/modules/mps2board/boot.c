// _boot.py (frozen), then boot.py and main.py, in the order the hardware ports run them.
// The port itself goes straight to the REPL.

#include "py/mphal.h"
#include "shared/runtime/pyexec.h"
#include "mps2board/mps2board.h"

static bool booted;

// Called by mp_init(), so at power-on and at every soft reset.
void mps2board_init(void) {
    static bool powered_on;
    if (!powered_on) {
        mps2board_serial_init();
        powered_on = true;
    }
    booted = false;
}

// True when boot.py or main.py asked for a soft reset by raising SystemExit.
static bool boot(void) {
    if (booted) {
        return false;
    }
    booted = true;
    pyexec_frozen_module("_boot.py", false);
    int result = pyexec_file_if_exists("boot.py");
    // mpremote soft-resets in raw mode exactly so that main.py does not run.
    if (!(result & PYEXEC_FORCED_EXIT) && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
        result = pyexec_file_if_exists("main.py");
    }
    return result & PYEXEC_FORCED_EXIT;
}

int __real_pyexec_raw_repl(void);
int __real_pyexec_friendly_repl(void);

int __wrap_pyexec_raw_repl(void) {
    return boot() ? PYEXEC_FORCED_EXIT : __real_pyexec_raw_repl();
}

int __wrap_pyexec_friendly_repl(void) {
    return boot() ? PYEXEC_FORCED_EXIT : __real_pyexec_friendly_repl();
}
