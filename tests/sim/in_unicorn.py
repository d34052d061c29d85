"""Runs images in Unicorn, in a process of its own: a second oracle beside QEMU, used in tests only.

Reads lines of a batch file:  CPU FLASH_ORIGIN FLASH_SIZE RAM_ORIGIN RAM_SIZE IMAGE FROM SIZE OUT  (numbers in hexadecimal).
Each image starts by its vector table; at its first BKPT, SIZE bytes of memory FROM there are written to the file OUT.
Prints one line an image: "done" or "failed REASON"; "absent" where the wheel is not installed.
"""

import struct
import sys

try:
    import unicorn
    from unicorn import arm_const
except ImportError:
    print("absent")
    sys.exit(0)

LIMIT = 5_000_000
# There is no model of the private peripherals: the one register that the images write is plain memory here.
PRIVATE = (0xE000E000, 0x1000)


def run(cpu, flash, flash_size, ram, ram_size, image, start, size, out):
    machine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    machine.ctl_set_cpu_model(getattr(arm_const, "UC_CPU_ARM_CORTEX_" + cpu))
    machine.mem_map(flash, flash_size)
    machine.mem_map(ram, ram_size)
    machine.mem_map(*PRIVATE)
    with open(image, "rb") as file:
        code = file.read()
    machine.mem_write(flash, code)
    stack, entry = struct.unpack("<II", code[:8])
    machine.reg_write(arm_const.UC_ARM_REG_SP, stack)
    ended = []

    def interrupted(machine, number, data):
        ended.append(number)
        machine.emu_stop()

    machine.hook_add(unicorn.UC_HOOK_INTR, interrupted)
    try:
        machine.emu_start(entry | 1, 0, count=LIMIT)
    except unicorn.UcError as error:
        return "failed %s at %#x" % (error, machine.reg_read(arm_const.UC_ARM_REG_PC))
    # 7: QEMU's number of BKPT.
    if ended != [7]:
        return "failed: interrupts %s at %#x" % (ended, machine.reg_read(arm_const.UC_ARM_REG_PC))
    with open(out, "wb") as file:
        file.write(machine.mem_read(start, size))
    return "done"


for line in open(sys.argv[1]):
    cpu, *numbers, image, start, size, out = line.split()
    flash, flash_size, ram, ram_size = (int(number, 16) for number in numbers)
    print(run(cpu, flash, flash_size, ram, ram_size, image, int(start, 16), int(size, 16), out), flush=True)
