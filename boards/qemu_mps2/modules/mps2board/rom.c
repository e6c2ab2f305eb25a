// vfs.rom_ioctl(): one ROM file system, behind the FRAM in the PSRAM that QEMU keeps in a file.
// Modules in it are executed in place. MicroPython mounts it at /rom if there is one.

#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/runtime.h"
#include "extmod/vfs.h"

#define ROM_ADDRESS (0x21300000)
#define ROM_BYTES (512 * 1024)
#define WRITE_ALIGNMENT (4)

static const MP_DEFINE_MEMORYVIEW_OBJ(rom_obj, 'B', 0, ROM_BYTES, (void *)ROM_ADDRESS);

static bool within(mp_int_t offset, mp_int_t bytes) {
    return offset >= 0 && bytes >= 0 && offset <= ROM_BYTES && bytes <= ROM_BYTES - offset;
}

static int prepare(mp_int_t bytes) {
    if (!within(0, bytes)) {
        return -MP_EINVAL;
    }
    memset((void *)ROM_ADDRESS, 0xff, bytes);
    return WRITE_ALIGNMENT;
}

static int write(mp_int_t offset, mp_obj_t data) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(data, &from, MP_BUFFER_READ);
    if (!within(offset, from.len)) {
        return -MP_EINVAL;
    }
    memcpy((void *)(ROM_ADDRESS + offset), from.buf, from.len);
    return 0;
}

mp_obj_t mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args) {
    mp_int_t command = mp_obj_get_int(args[0]);
    if (command == MP_VFS_ROM_IOCTL_GET_NUMBER_OF_SEGMENTS) {
        return MP_OBJ_NEW_SMALL_INT(1);
    }
    if (n_args < 2 || mp_obj_get_int(args[1]) != 0) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    if (command == MP_VFS_ROM_IOCTL_GET_SEGMENT) {
        return MP_OBJ_FROM_PTR(&rom_obj);
    }
    if (command == MP_VFS_ROM_IOCTL_WRITE_PREPARE && n_args == 3) {
        return MP_OBJ_NEW_SMALL_INT(prepare(mp_obj_get_int(args[2])));
    }
    if (command == MP_VFS_ROM_IOCTL_WRITE && n_args == 4) {
        return MP_OBJ_NEW_SMALL_INT(write(mp_obj_get_int(args[2]), args[3]));
    }
    if (command == MP_VFS_ROM_IOCTL_WRITE_COMPLETE) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
}
