@ Second-stage bootloader of RP2040 boards whose flash is a Winbond W25Q or speaks its commands. The boot ROM copies the first
@ 256 bytes of flash to RAM and calls them (RP2040 data sheet 2.8.1.3). This turns on quad reads without a command byte
@ (W25Q16JV data sheet 8.2.1, 8.2.8 and 6.1.2), half the system clock, and starts the program at 0x10000100.
@
@ The words in boards/rp2040_*.toml are this file, assembled; tests/boards.rs compares them:
@   arm-none-eabi-as -mcpu=cortex-m0plus rp2040_boot2.s -o boot2.o && arm-none-eabi-objcopy -O binary boot2.o boot2.bin

    .syntax unified
    .cpu    cortex-m0plus
    .thumb
    .text

    @ Pads (2.19.6.3): fast slew and 8 mA for the clock; no Schmitt trigger on the four data inputs, which delays them.
    ldr     r0, =0x40023008     @ GPIO_QSPI_SD0, alias that clears bits
    movs    r1, #2
    str     r1, [r0, #0]
    str     r1, [r0, #4]
    str     r1, [r0, #8]
    str     r1, [r0, #12]
    ldr     r0, =0x40020000
    movs    r1, #0x21
    str     r1, [r0, #4]        @ GPIO_QSPI_SCLK

    @ SSI (4.10): plain 8-bit frames.
    ldr     r0, =0x18000000
    movs    r4, #0
    movs    r5, #1
    str     r4, [r0, #0x08]     @ SSIENR: off
    movs    r1, #2
    str     r1, [r0, #0x14]     @ BAUDR: system clock / 2
    movs    r1, #0xf0
    str     r5, [r0, r1]        @ RX_SAMPLE_DLY: one cycle late, for that speed
    str     r5, [r0, #0x10]     @ SER: the one flash
    ldr     r1, =0x00070000
    str     r1, [r0, #0x00]     @ CTRLR0: 8 bits, send and receive
    str     r5, [r0, #0x08]

    @ Quad enable, in the volatile copy of status register 2: nothing wears, nothing stays.
    movs    r1, #0x50
    str     r1, [r0, #0x60]     @ DR0: write enable for the volatile register
    bl      idle
    movs    r1, #0x31
    movs    r2, #2
    str     r1, [r0, #0x60]     @ write status register 2:
    str     r2, [r0, #0x60]     @ QE
    bl      idle
    str     r4, [r0, #0x08]

    @ One quad read whose mode bits say that later reads come without a command.
    ldr     r1, =0x005f0300
    str     r1, [r0, #0x00]     @ CTRLR0: quad, 32 bits, send an address, then receive
    str     r4, [r0, #0x04]     @ CTRLR1: one word
    movs    r6, #0xf4
    ldr     r1, =0x00002221
    str     r1, [r0, r6]        @ SPI_CTRLR0: 8-bit command on one line, 32 bits of address and mode on four, 4 waits
    str     r5, [r0, #0x08]
    movs    r1, #0xeb
    str     r1, [r0, #0x60]
    movs    r1, #0xa0
    str     r1, [r0, #0x60]
    bl      idle
    str     r4, [r0, #0x08]

    @ From here reads of the window at 0x10000000 become such transfers.
    ldr     r1, =0xa0002022
    str     r1, [r0, r6]        @ SPI_CTRLR0: no command, mode bits 0xa0
    str     r5, [r0, #0x08]

    @ Start the program: its vector table, its stack, its reset handler.
    ldr     r0, =0x10000100
    ldr     r1, =0xe000ed08     @ VTOR
    str     r0, [r1]
    ldmia   r0!, {r1, r2}
    msr     msp, r1
    bx      r2

    @ Until everything is sent: SR.TFE set, SR.BUSY clear.
idle:
    ldr     r7, [r0, #0x28]
    movs    r1, #5
    ands    r7, r1
    cmp     r7, #4
    bne     idle
    bx      lr

    .pool
