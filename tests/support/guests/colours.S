# Boot sector: VBE mode 0x144 (1024x768, 32 bits, SeaVGABIOS), then each pixel
#   red = x & 255, green = y & 255, blue = (x ^ y) & 255
# once, "R" on QEMU's debug port, and sleep. "E" instead where there is no such mode.
        .code16
        .globl  _start
_start: xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7000, %sp
        movw    $0x4f01, %ax            # mode info to 0x8000
        movw    $0x0144, %cx
        movw    $0x8000, %di
        int     $0x10
        cmpw    $0x004f, %ax
        jne     fail
        movl    0x8028, %edi            # PhysBasePtr
        movzwl  0x8010, %ebp            # BytesPerScanLine
        movw    $0x4f02, %ax
        movw    $0x4144, %bx            # with the linear frame buffer
        int     $0x10
        cmpw    $0x004f, %ax
        jne     fail
        cli                             # a segment of 4 GiB, kept when protection is off again
        lgdt    gdtr
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %bx
        movw    %bx, %fs
        andb    $0xfe, %al
        movl    %eax, %cr0
        xorl    %edx, %edx              # y
row:    xorl    %ecx, %ecx              # x
pixel:  movzbl  %cl, %eax
        shll    $16, %eax
        movb    %dl, %ah
        movb    %cl, %al
        xorb    %dl, %al
        movl    %eax, %fs:(%edi,%ecx,4)
        incl    %ecx
        cmpl    $1024, %ecx
        jne     pixel
        addl    %ebp, %edi
        incl    %edx
        cmpl    $768, %edx
        jne     row
        movb    $'R', %al
        jmp     say
fail:   movb    $'E', %al
say:    outb    %al, $0xe9
1:      cli
        hlt
        jmp     1b
        .balign 8
gdt:    .quad   0
        .quad   0x00cf92000000ffff      # data, base 0, 4 GiB
gdtr:   .word   15
        .long   gdt
        .org    510
        .word   0xaa55
