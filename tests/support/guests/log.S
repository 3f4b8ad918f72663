# Boot sector: text mode, then what stands in the eight sectors behind it on the screen (25 lines of 80
# characters with their attributes), "R" on QEMU's debug port, and sleep. "E" where it cannot be read.
        .code16
        .globl  _start
_start: cld
        movw    $0x0003, %ax
        int     $0x10
        movb    $0x01, %ah              # no cursor
        movw    $0x2000, %cx
        int     $0x10
        movw    $0xb800, %ax
        movw    %ax, %es
        xorw    %bx, %bx
        movw    $0x0208, %ax            # eight sectors from the second on, of the drive in %dl
        movw    $0x0002, %cx
        xorb    %dh, %dh
        int     $0x13
        movb    $'E', %al
        jc      say
        movb    $'R', %al
say:    outb    %al, $0xe9
        cli
sleep:  hlt
        jmp     sleep
