"""Names that MicroPython has in its firmware: they take no heap, whatever they name."""

# Of the names that every MicroPython has and every .mpy refers to by number (static_qstr_list in
# py/makeqstrdata.py). Without what the compiler treats in a way of its own, such as `range`, and
# what MicroPython looks for in any object, such as `send` and `read`.
STATIC = (
    "abs all any append bool bytecode bytes callable chr classmethod clear copy count dict dir "
    "divmod end endswith extend find format get hash id index insert isalpha isdigit islower "
    "isspace issubclass isupper items iter join key list little lower lstrip main map next object "
    "open ord pop popitem pow print remove replace repr reverse rfind rindex round rsplit rstrip "
    "sep set setdefault sort sorted split start startswith step stop str strip sum tuple update "
    "upper values zip"
).split()
# Names of MicroPython's modules, which its ports have.
OF_PORTS = (
    "BFINT16 BFUINT16 BIG_ENDIAN BytesIO EACCES EADDRINUSE EAGAIN EALREADY EBADF ECONNABORTED "
    "ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EINPROGRESS EINVAL EIO EISDIR ENOBUFS ENODEV "
    "ENOMEM ENOTCONN EOPNOTSUPP EPERM ETIMEDOUT FLOAT32 FLOAT64 FrameBuffer GS2_HMSB GS4_HMSB GS8 "
    "INT16 INT32 INT64 INT8 LITTLE_ENDIAN LONGLONG MONO_HLSB MONO_HMSB MONO_VLSB NATIVE "
    "OrderedDict RGB565 RingIO StringIO UINT16 UINT32 UINT64 UINT8 ULONG ULONGLONG USHORT "
    "a2b_base64 acos acosh addressof appendleft asin asinh atan atan2 atanh b2a_base64 blit "
    "bytes_at calcsize ceil center chdir cmath collect copysign cos cosh degrees deque difference "
    "digest discard dumps ellipse erf erfc expm1 fabs fill_rect floor fmod frexp fromhex fromkeys "
    "gamma getcwd getrandbits gmtime heapify heappop heappush hexlify hline ilistdir intersection "
    "isclose isdisjoint isenabled isfinite isinf isnan issubset issuperset ldexp lgamma listdir "
    "localtime log log10 log2 lookahead maxsize mem_alloc mem_free mktime modf namedtuple pack "
    "pack_into partition popleft radians randint randrange readlines rect rename rmdir rpartition "
    "sha256 sinh sizeof splitlines sqrt statvfs symmetric_difference tan tanh tau ticks_add "
    "ticks_cpu ticks_us time_ns trunc umount unhexlify union unlink unpack unpack_from vline "
    "writeblocks"
).split()
COSTLESS = (*OF_PORTS, *STATIC)
