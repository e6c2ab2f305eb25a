MPS2BOARD_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(addprefix $(MPS2BOARD_DIR)/, boot.c rom.c serial.c timebase.c)
CFLAGS_USERMOD += -I$(MPS2BOARD_DIR)/..

# localtime() and mktime(), which the port does not compile
SRC_C += shared/timeutils/timeutils.c

# The port defines these functions without a hook; the linker replaces them by __wrap_ functions.
LDFLAGS_USERMOD += -Wl,--wrap=uart_rx_chr,--wrap=mp_hal_stdio_poll
LDFLAGS_USERMOD += -Wl,--wrap=pyexec_raw_repl,--wrap=pyexec_friendly_repl
