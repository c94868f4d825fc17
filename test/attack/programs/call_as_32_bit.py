"""Makes a 32-bit system call from a 64-bit program, whose numbers mean other calls than those that a filter names."""

import ctypes
import mmap
import os

if os.uname().machine != "x86_64":
    print("no such interface")
    raise SystemExit
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
# mov eax, 20 (getpid); int 0x80; ret
page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print("LET THROUGH: %d" % call())
