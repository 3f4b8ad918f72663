# Boot sector for -device bochs-display: 1366x768, 32 bits, whose rows in a PPM of QEMU's are padded,
# then each pixel as in colours.S once, "R" on QEMU's debug port, and sleep. "E" instead where there
# is no such display.
        .code16
        .globl  _start
_start: cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7000, %sp
        movl    $0x80000000, %esi       # bus 0, device 0
find:   xorw    %bx, %bx
        call    config
        cmpl    $0x11111234, %eax
        je      found
        addl    $0x800, %esi
        cmpl    $0x80010000, %esi
        jne     find
        movb    $'E', %al
        jmp     say
found:  movw    $0x10, %bx              # BAR 0: pixels
        call    config
        movl    %eax, %edi
        movw    $0x18, %bx              # BAR 2: registers, Bochs' VBE ones from 0x500 on
        call    config
        movl    %eax, %ebp
        andb    $0xf0, %al
        movl    %eax, %ebp
        movl    %edi, %eax
        andb    $0xf0, %al
        movl    %eax, %edi
        lgdt    gdtr                    # a segment of 4 GiB, kept when protection is off again
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %bx
        movw    %bx, %fs
        andb    $0xfe, %al
        movl    %eax, %cr0
        movw    $values, %si
        xorl    %ecx, %ecx
set:    lodsw
        movw    %ax, %fs:0x500(%ebp,%ecx,2)
        incw    %cx
        cmpw    $10, %cx
        jne     set
        movw    $0x41, %fs:0x508(%ebp)  # on, linear
        xorl    %edx, %edx              # y
row:    xorl    %ecx, %ecx              # x
pixel:  movzbl  %cl, %eax
        shll    $16, %eax
        movb    %dl, %ah
        movb    %cl, %al
        xorb    %dl, %al
        movl    %eax, %fs:(%edi,%ecx,4)
        incl    %ecx
        cmpl    $1366, %ecx
        jne     pixel
        addl    $5464, %edi
        incl    %edx
        cmpl    $768, %edx
        jne     row
        movb    $'R', %al
say:    outb    %al, $0xe9
1:      cli
        hlt
        jmp     1b
config: movw    $0xcf8, %dx             # the PCI register %bx of device %esi
        movl    %esi, %eax
        movb    %bl, %al
        outl    %eax, %dx
        movw    $0xcfc, %dx
        inl     %dx, %eax
        ret
values: .word   0xb0c5, 1366, 768, 32, 0, 0, 1366, 768, 0, 0  # id, width, height, bits, off; virtual size, offset
        .balign 8
gdt:    .quad   0
        .quad   0x00cf92000000ffff      # data, base 0, 4 GiB
gdtr:   .word   15
        .long   gdt
        .org    510
        .word   0xaa55
