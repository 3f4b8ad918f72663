# Boot sector: VGA text mode, 80x25, QEMU shows 720x400: every character, many colours, nothing that
# blinks. "R" on QEMU's debug port, and sleep.
        .code16
        .globl  _start
_start: cli
        cld
        movw    $0x0003, %ax
        int     $0x10
        movb    $1, %ah                 # no cursor
        movw    $0x2000, %cx
        int     $0x10
        movw    $0xb800, %ax
        movw    %ax, %es
        xorw    %di, %di
        movw    $2000, %cx
        xorw    %ax, %ax
cell:   stosw
        incb    %al
        addb    $11, %ah
        andb    $0x7f, %ah              # the top bit would blink
        loop    cell
        movb    $'R', %al
        outb    %al, $0xe9
sleep:  hlt
        jmp     sleep
