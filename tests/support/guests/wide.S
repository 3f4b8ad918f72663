# Boot sector: Bochs VBE by its ports (QEMU docs/specs/standard-vga.rst), 1920x1080, 32 bits: lines
# of flat colour and lines as busy as small text, whose letters are the firmware's own bits.
# "R" on QEMU's debug port, and sleep.
        .code16
        .set    banks, 127              # of 64 KiB, 16384 pixels each
        .globl  _start
_start: cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ss
        movw    $0x7000, %sp
        movw    $0x0013, %ax
        int     $0x10
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    $settings, %si
        movw    $5, %cx
set:    lodsw
        movw    $0x01ce, %dx
        outw    %ax, %dx
        lodsw
        incw    %dx
        outw    %ax, %dx
        loop    set
        movw    $0xf000, %ax
        movw    %ax, %ds
        movw    $0xa000, %ax
        movw    %ax, %es
        xorw    %si, %si
        xorw    %bp, %bp
bank:   movw    $0x01ce, %dx            # the bank that stands at 0xa0000
        movw    $5, %ax
        outw    %ax, %dx
        incw    %dx
        movw    %bp, %ax
        outw    %ax, %dx
        xorw    %di, %di
        movw    $512, %cx
group:  pushw   %cx                     # of 32 pixels
        lodsl
        testw   $3, %bp
        jz      busy
        xorl    %eax, %eax
busy:   movl    %eax, %ebx
        movw    $32, %cx
pixel:  movl    $0x00204060, %eax
        addw    %bp, %ax
        shll    $1, %ebx
        jnc     flat
        movl    $0x00d0d0d0, %eax
flat:   stosl
        loop    pixel
        popw    %cx
        loop    group
        incw    %bp
        cmpw    $banks, %bp
        jb      bank
        movb    $'R', %al
        outb    %al, $0xe9
sleep:  hlt
        jmp     sleep
settings:
        .word   4, 0, 1, 1920, 2, 1080, 3, 32, 4, 1
