# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # variables of scripts/make-guest-frames, which reads this
# Guests without an operating system. A function guest_NAME each.

guest_seabios() {
  fetch memtest86+
  start
  wait_text 30 'No bootable device'
  take console seabios-no-device
  start -boot menu=on,splash-time=60000 \
    -cdrom "$cache/memtest86+/usr/lib/memtest86+/memtest86+x64.iso"
  wait_text 30 'Press ESC for boot menu'
  take console seabios-splash
  keys esc
  wait_text 30 'Select boot device'
  take console seabios-menu
}

# A PC with UEFI firmware, which starts the program $1 when that is named. It repeats on the serial
# port what it shows.
start_uefi() {
  local program=$1
  shift
  fetch ovmf
  cp "$cache/ovmf/usr/share/OVMF/OVMF_VARS_4M.fd" "$work/vars.fd"
  rm -rf "$work/esp" "$work/serial.txt"
  mkdir -p "$work/esp/EFI/BOOT"
  [[ ! $program ]] || cp "$program" "$work/esp/EFI/BOOT/BOOTX64.EFI"
  start -machine q35 \
    -drive "if=pflash,format=raw,readonly=on,file=$cache/ovmf/usr/share/OVMF/OVMF_CODE_4M.fd" \
    -drive "if=pflash,format=raw,file=$work/vars.fd" -serial "file:$work/serial.txt" \
    -drive "format=raw,file=fat:rw:$work/esp" "$@"
}

guest_ovmf() {
  start_uefi ''
  wait_file 90 "$work/serial.txt" 'Shell>'
  wait_still 30
  take console ovmf-shell
  type_line map
  wait_still 30
  type_line help
  wait_still 30
  take console ovmf-shell-help
  type_line exit
  wait_file 60 "$work/serial.txt" 'Boot Manager'
  wait_still 30
  take console ovmf-front-page
  keys down ret
  wait_still 30
  take console ovmf-device-manager
  keys esc down ret
  wait_still 30
  take console ovmf-boot-manager
}

guest_memtest() {
  fetch memtest86+
  start -kernel "$cache/memtest86+/boot/memtest86+x64.bin"
  wait_text 60 'Pass +[0-9]'
  sleep 10
  take console memtest
  keys f1
  wait_text 20 'Settings'
  sleep 1
  take console memtest-settings
}

guest_ipxe() {
  fetch ipxe
  start -kernel "$cache/ipxe/boot/ipxe.lkrn"
  wait_text 60 'Ctrl-B'
  take console ipxe-boot
  keys ctrl-b
  wait_text 30 'iPXE> *$'
  type_line help
  wait_still 30
  take console ipxe-shell
}

# A CD with Debian's own boot menus, another plain menu, and the tools of SYSLINUX.
make_syslinux_cd() {
  local cd=$work/cd bios=$cache/syslinux-common/usr/lib/syslinux/modules/bios
  cp -r "$installer/gtk" "$cd"
  rm -f "$cd"/debian-installer/amd64/initrd.gz
  : >"$cd/debian-installer/amd64/initrd.gz"
  cp --remove-destination "$bios"/*.c32 "$cache/isolinux/usr/lib/ISOLINUX/isolinux.bin" "$cd"
  cp "$1" "$cd/isolinux.cfg"  # in the root, where the menus' own paths begin
  xorriso -as mkisofs -quiet -J -r -o "$work/cd.iso" -b isolinux.bin -c boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table "$cd" 2>"$work/xorriso.log"
  rm -r "$cd"
}

guest_syslinux() {
  fetch isolinux syslinux-common "$netboot"
  echo 'include debian-installer/amd64/boot-screens/syslinux.cfg' >"$work/isolinux.cfg"
  sed 's/^  *//' >"$work/plain.cfg" <<'END'
    UI menu.c32
    MENU TITLE Rescue CD
    LABEL linux
      MENU LABEL Start ^Linux
      KERNEL /debian-installer/amd64/linux
    LABEL quiet
      MENU LABEL Start Linux with a ^serial console
      KERNEL /debian-installer/amd64/linux
    LABEL hdt
      MENU LABEL ^Hardware detection
      COM32 hdt.c32
    LABEL local
      MENU LABEL Boot from the first hard ^disk
      LOCALBOOT 0x80
END
  make_syslinux_cd "$work/isolinux.cfg"
  start -cdrom "$work/cd.iso"
  sleep 10
  keys down up  # ends a countdown, after which the installer would begin to speak
  wait_still 60
  take flat syslinux-debian-menu
  keys down down ret
  wait_still 20
  take console syslinux-debian-contrast
  make_syslinux_cd "$work/plain.cfg"
  start -cdrom "$work/cd.iso"
  wait_text 60 'Rescue CD'
  wait_still 20
  take console syslinux-menu
  keys down down ret
  wait_still 60 6
  take console syslinux-hdt
}

grub_config() {
  cat <<'END'
set timeout=-1
set menu_color_normal=cyan/blue
set menu_color_highlight=white/blue
menuentry 'Debian GNU/Linux' { true
}
submenu 'Advanced options for Debian GNU/Linux' {
  menuentry 'Debian GNU/Linux, with Linux 6.1.0-41-amd64' { true
  }
  menuentry 'Debian GNU/Linux, with Linux 6.1.0-41-amd64 (recovery mode)' { true
  }
}
menuentry 'Memory test (memtest86+x64.bin)' { true
}
END
}

make_grub() {  # format, package, the file it becomes
  grub_config >"$work/grub.cfg"
  grub-mkstandalone -O "$1" -d "$cache/$2/usr/lib/grub/$1" \
    --locales= --themes= --fonts= \
    --install-modules='normal ls cat echo help terminal test true configfile minicmd lspci' \
    -o "$3" "boot/grub/grub.cfg=$work/grub.cfg" 2>"$work/grub.log" ||
    { cat "$work/grub.log" >&2; return 1; }
}

guest_grub() {
  fetch grub-pc-bin grub-rescue-pc
  make_grub i386-pc grub-pc-bin "$work/core.img"
  cat "$cache/grub-pc-bin/usr/lib/grub/i386-pc/lnxboot.img" "$work/core.img" >"$work/grub.bin"
  start -kernel "$work/grub.bin"
  wait_text 60 'Advanced options'
  take console grub-menu
  keys down ret
  wait_text 30 'recovery mode'
  take console grub-submenu
  keys e
  wait_text 30 'Ctrl-x'
  take console grub-editor
  start -cdrom "$cache/grub-rescue-pc/usr/lib/grub-rescue/grub-rescue-cdrom.iso"
  wait_still 60
  take console grub-rescue-cd
  keys ret
  wait_still 20
  keys c
  wait_still 20
  type_line help
  wait_still 30
  take console grub-shell
}

guest_grub-efi() {
  fetch grub-efi-amd64-bin
  make_grub x86_64-efi grub-efi-amd64-bin "$work/grub.efi"
  start_uefi "$work/grub.efi"
  wait_file 90 "$work/serial.txt" 'Advanced options'
  wait_still 20
  take console grub-efi-menu
  keys c
  wait_still 20
  type_line help
  wait_still 60
  take console grub-efi-shell
}

guest_u-boot() {
  fetch u-boot-qemu
  start -bios "$cache/u-boot-qemu/usr/lib/u-boot/qemu-x86/u-boot.rom"
  wait_still 90 8
  take console u-boot
  type_line help
  wait_still 60
  take console u-boot-help
}
