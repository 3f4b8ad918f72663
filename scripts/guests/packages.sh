# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # variables of scripts/make-guest-frames, which reads this
# What the guests are made of: packages, and a Debian system of its own.

# What is installed on this machine; the guests' own packages are only unpacked.
tools=(qemu-system-x86 mmdebstrap xorriso grub-common)
# What the Debian guest is made of, besides what is essential.
system=(linux-image-amd64 initramfs-tools zstd systemd-sysv udev dbus kmod kbd console-setup
  procps psmisc iproute2 login whiptail dialog tzdata
  htop vim mc less man-db tmux zlib1g-dev
  xserver-xorg-core xserver-xorg-input-libinput x11-xserver-utils x11-utils xdotool wmctrl xterm
  dbus-x11 fonts-dejavu adwaita-icon-theme librsvg2-common desktop-base mate-backgrounds
  xfce4-session xfwm4 xfce4-panel xfdesktop4 xfce4-settings xfconf thunar mousepad xfce4-terminal
  ristretto tumbler gvfs icewm pcmanfm lightdm lightdm-gtk-greeter)

netboot=debian-installer-12-netboot-amd64
# shellcheck disable=SC2034  # for firmware.sh and linux.sh
installer=$cache/$netboot/usr/lib/debian-installer/images/12/amd64
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo "$@"
  fi
}

install_tools() {
  local have missing
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${tools[@]}" 2>/dev/null || true)
  mapfile -t missing < <(printf '%s\n' "${tools[@]}" |
    grep -vxF -f <(sed -n 's/^installed //p' <<<"$have") || true)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "${missing[@]}" >/dev/null
}

# Unpacks packages, each into a folder of its own, which gets its name only when it is whole.
fetch() {
  local name
  for name in "$@"; do
    [[ ! -d $cache/$name ]] || continue
    say "fetching $name"
    rm -rf "$cache/new"
    mkdir "$cache/new"
    (cd "$cache/new" && apt-get -q download "$name" >apt.log 2>&1) ||
      { cat "$cache/new/apt.log" >&2; return 1; }
    dpkg -x "$cache/new"/*.deb "$cache/new"
    rm "$cache/new"/{*.deb,apt.log}
    mv -T "$cache/new" "$cache/$name"
  done
}

# The Debian guest's disk. Its packages come from where apt gets this machine's.
make_disk() {
  local wanted="${system[*]}"
  if [[ -s $cache/disk.img && $(cat "$cache/disk.packages" 2>/dev/null) == "$wanted" ]]; then
    return
  fi
  say "making the Debian guest's disk (some minutes)"
  rm -f "$cache/disk.packages"
  apt-config dump Acquire |
    { grep -E '^Acquire::(Check-|https?::Proxy)' || true; } >"$work/apt.conf"
  cat >"$work/scenes.service" <<'END'
[Unit]
After=getty@tty1.service
[Service]
Type=idle
ExecStartPre=/sbin/modprobe qemu_fw_cfg
ExecStart=/bin/bash /sys/firmware/qemu_fw_cfg/by_name/opt/qmpshot.scenes/raw
[Install]
WantedBy=multi-user.target
END
  # shellcheck disable=SC2016  # the $1 of a hook is the new system's folder
  as_root env "work=$work" "cache=$cache" \
    mmdebstrap --mode=root --variant=minbase --format=directory --aptopt="$work/apt.conf" \
    --include="${wanted// /,}" \
    --customize-hook='echo debian >"$1/etc/hostname"' \
    --customize-hook='echo "127.0.0.1 localhost debian" >"$1/etc/hosts"' \
    --customize-hook='cp "$work/scenes.service" "$1/etc/systemd/system/"' \
    --customize-hook='chroot "$1" systemctl -q enable scenes.service' \
    --customize-hook='chroot "$1" systemctl -q disable lightdm.service apt-daily.timer' \
    --customize-hook='chroot "$1" systemctl -q set-default multi-user.target' \
    --customize-hook='chroot "$1" useradd -m -s /bin/bash -c "Debian user" user' \
    --customize-hook='chroot "$1" passwd -q -d root' \
    --customize-hook='cp "$1"/boot/vmlinuz-* "$cache/vmlinuz"' \
    --customize-hook='cp "$1"/boot/initrd.img-* "$cache/initrd.img"' \
    bookworm "$work/tree" - >"$work/mmdebstrap.log" 2>&1 < <(apt-get indextargets \
      --format "deb [signed-by=$keyring] \$(REPO_URI) \$(RELEASE) main" \
      'Identifier: Packages' 'Component: main' 'Origin: Debian') ||
    { tail -n 5 "$work/mmdebstrap.log" >&2; return 1; }
  as_root mke2fs -q -F -t ext4 -L root -d "$work/tree" "$cache/disk.img" 3G
  as_root rm -r "$work/tree"
  echo "$wanted" >"$cache/disk.packages"
}
