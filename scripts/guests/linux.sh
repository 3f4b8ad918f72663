# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # variables of scripts/make-guest-frames, which reads this
# Guests with Linux. A function guest_NAME each.

guest_panic() {
  make_disk
  start -m 512 -kernel "$cache/vmlinuz" -append 'root=/dev/sda1 ro'
  wait_text 90 'end Kernel panic'
  take console linux-no-root
  start -m 512 -kernel "$cache/vmlinuz" \
    -append 'root=/dev/sda1 ro vga=791 console=ttyS0 console=tty0'
  wait_serial 120 'end Kernel panic'
  wait_still 30
  take console linux-no-root-fb
  start_uefi '' -m 512 -kernel "$cache/vmlinuz" \
    -append 'root=/dev/sda1 ro console=ttyS0 console=tty0'
  wait_file 150 "$work/serial.txt" 'end Kernel panic'
  wait_still 30
  take console linux-no-root-efi
}

guest_initramfs() {
  make_disk
  start -m 768 -kernel "$cache/vmlinuz" -initrd "$cache/initrd.img" \
    -append 'root=UUID=0c5b6ed9-4d11-4c3c-9c3f-2d3e3b7f7a10 ro rootdelay=3'
  wait_text 180 '\(initramfs\)'
  take console initramfs
  start -m 768 -kernel "$cache/vmlinuz" -initrd "$cache/initrd.img" \
    -append 'root=UUID=0c5b6ed9-4d11-4c3c-9c3f-2d3e3b7f7a10 ro quiet rootdelay=3 vga=791'
  wait_still 180 8 idle
  take console initramfs-fb
}

# The pages of Debian's installer up to the one that misses a network card; class, name.
installer_pages() {
  local page
  for page in language location keyboard hardware; do
    wait_still 300 6 idle
    take "$1" "$2-$page"
    keys ret
    sleep 2
  done
}

start_installer() {  # text or gtk, the kernel's words, QEMU's options
  local files=$installer/$1/debian-installer/amd64 words=$2
  shift 2
  start -m 1024 -kernel "$files/linux" -initrd "$files/initrd.gz" -append "$words ---" "$@"
}

guest_installer-text() {
  fetch "$netboot"
  start_installer text 'vga=normal fb=false nomodeset'
  wait_text 240 'Choose the language'
  installer_pages console installer
}

guest_installer-fb() {
  fetch "$netboot"
  start_installer text quiet -vga none -device VGA,xres=1024,yres=768
  installer_pages console installer
  start_installer text quiet -vga none -device VGA,xres=1280,yres=800
  wait_still 300 6 idle
  take console installer-language
}

guest_installer-gtk() {
  fetch "$netboot"
  start_installer gtk quiet -vga none -device VGA,xres=1280,yres=800
  installer_pages flat installer
  start_installer gtk quiet -vga none -device VGA,xres=1920,yres=1080
  wait_still 300 6 idle
  take flat installer-language
}

start_debian() {  # the kernel's words, QEMU's options
  local words=$1
  make_disk
  shift
  start -m 2048 -kernel "$cache/vmlinuz" -initrd "$cache/initrd.img" -device virtio-rng-pci \
    -drive "if=virtio,snapshot=on,format=raw,file=$cache/disk.img" \
    -fw_cfg "name=opt/qmpshot.scenes,file=$scripts/guests/scenes" \
    -append "root=/dev/vda rw console=ttyS0 console=tty0 $words systemd.mask=serial-getty@ttyS0" \
    "$@"
}
# Up to a shell, with pictures on the way.
boot_debian_at() {  # width, height
  start_debian '' -vga none -device "VGA,xres=$1,yres=$2"
  wait_serial 240 'fb0: bochs-drm'
  sleep 1
  take console debian-boot
  wait_serial 180 '^ready boot'
  scenes console login
  scene shell
}

programs=(ls dmesg journal status top htop vim less man mc apt tmux dialog)

guest_debian-720x400() {
  start_debian nomodeset
  wait_serial 120 'Run /init as init process'
  take console debian-boot-kernel
  wait_serial 180 'Started .*Journal Service'
  sleep 4
  take console debian-boot-systemd
  wait_serial 180 '^ready boot'
  scenes console login
  scene shell
  scenes console "${programs[@]}" oom
  scene panic || true
  wait_serial 60 'end Kernel panic'
  take console debian-panic
}

guest_debian-1024x768() {
  boot_debian_at 1024 768
  scenes console ls dmesg top vim less mc oom
  scenes photo xfce-photo-1
}

guest_debian-1280x800() {
  boot_debian_at 1280 800
  scenes console dmesg journal htop vim mc tmux
  scenes flat greeter
  scene no-greeter
  scenes flat icewm
  scene no-icewm
  scenes flat xfce xfce-work xfce-plain
}

guest_debian-1366x768() {
  # Linux's driver for QEMU's VGA only has widths that are a multiple of 8.
  start_debian '' -vga none -device virtio-vga,xres=1366,yres=768
  wait_serial 400 '^ready boot'
  scenes console login
  scenes photo xfce-photo-2 xfce-bare-photo xfce-viewer
}

guest_debian-1920x1080() {
  boot_debian_at 1920 1080
  scenes console ls dmesg top vim mc tmux
  scenes flat xfce xfce-work
  scenes photo xfce-photo-3
}
