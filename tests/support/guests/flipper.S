# Boot sector: VGA mode 13h, 320x200, the whole screen black, white, black, ... as fast as it goes.
# Says "R" on QEMU's debug port when it begins.
        .code16
        .globl  _start
_start: movw    $0x0013, %ax
        int     $0x10
        movw    $0xa000, %ax
        movw    %ax, %es
        cld
        movb    $'R', %al
        outb    %al, $0xe9
        xorl    %eax, %eax
1:      xorw    %di, %di
        movw    $16000, %cx
        rep stosl
        xorl    $0x0f0f0f0f, %eax       # BIOS palette: 0 is black, 15 is white
        jmp     1b
        .org    510
        .word   0xaa55
