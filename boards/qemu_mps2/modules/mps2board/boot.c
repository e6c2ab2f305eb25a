// Runs _boot.py (frozen), then boot.py and main.py, in the order of the hardware ports.
// The port itself starts the REPL only.

#include "py/mphal.h"
#include "shared/runtime/pyexec.h"
#include "mps2board/mps2board.h"

static bool booted;

// Called by mp_init(), that is, at power-on and at every soft reset.
void mps2board_init(void) {
    static bool powered_on;
    if (!powered_on) {
        mps2board_serial_init();
        powered_on = true;
    }
    booted = false;
}

// Returns true if boot.py or main.py requested a soft reset by raising SystemExit.
static bool boot(void) {
    if (booted) {
        return false;
    }
    booted = true;
    pyexec_frozen_module("_boot.py", false);
    int result = pyexec_file_if_exists("boot.py");
    // mpremote makes a soft reset in raw mode to prevent main.py from running.
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
