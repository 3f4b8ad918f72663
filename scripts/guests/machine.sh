# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # variables of scripts/make-guest-frames, which reads this
# One virtual machine at a time: started, typed at, waited for, pictured.

qemu=${QMPSHOT_QEMU:-qemu-system-x86_64}
vm_pid=''

# Starts QEMU with these options; we hold the serial port's ends unless an option names another.
start() {
  local tries
  stop
  rm -f "$work"/{vm.sock,serial.in,serial.out}
  mkfifo "$work"/serial.{in,out}
  exec {serial_in}<>"$work/serial.in" {serial_out}<>"$work/serial.out"
  [[ " $* " == *' -serial '* ]] || set -- "$@" -chardev "pipe,id=serial,path=$work/serial" \
    -serial chardev:serial
  [[ " $* " == *' -vga '* ]] || set -- "$@" -vga std
  [[ " $* " == *' -m '* ]] || set -- "$@" -m 256
  "$qemu" -name guest -accel tcg,thread=multi -smp 2 -nodefaults -no-user-config -nic none \
    -display none -no-reboot -qmp "unix:$work/vm.sock,server=on,wait=off" "$@" \
    >"$work/qemu.log" 2>&1 &
  vm_pid=$!
  for ((tries = 0; tries < 100; ++tries)); do
    [[ ! -S $work/vm.sock ]] || return 0
    kill -0 "$vm_pid" 2>/dev/null || break
    sleep 0.1
  done
  say "$guest: QEMU did not start: $(tail -n 1 "$work/qemu.log")"
  return 1
}

stop() {
  [[ $vm_pid ]] || return 0
  kill "$vm_pid" 2>/dev/null || true
  wait "$vm_pid" 2>/dev/null || true
  vm_pid=''
  exec {serial_in}>&- {serial_out}>&-
}

qmp() {  # QMP commands, each waited for
  perl -MIO::Socket::UNIX -e 'alarm 30;
    my $vm = IO::Socket::UNIX->new(shift @ARGV) or die "no QMP socket: $!\n";
    $vm->autoflush(1);
    for my $command (q({"execute":"qmp_capabilities"}), @ARGV) {
      print $vm "$command\n";
      while (1) {
        $_ = <$vm> // die "QEMU has gone\n";
        last if /"return"/;
        die $_ if /"error"/;
      }
      select undef, undef, undef, 0.15;  # a guest reads its keyboard at its own pace
    }' "$work/vm.sock" "$@"
}

# Keys by their QMP names, as in: keys down ctrl-b ret
keys() {
  local key part codes commands=()
  for key in "$@"; do
    codes=''
    for part in ${key//-/ }; do codes+=${codes:+,}'{"type":"qcode","data":"'$part'"}'; done
    commands+=('{"execute":"send-key","arguments":{"hold-time":60,"keys":['"$codes"']}}')
  done
  qmp "${commands[@]}"
}

# Small letters, digits and a few more, then Enter.
type_line() {
  local i key names=()
  for ((i = 0; i < ${#1}; ++i)); do
    key=${1:i:1}
    case $key in
      ' ') key=spc ;;
      .) key="dot" ;;
      /) key=slash ;;
      -) key=minus ;;
    esac
    names+=("$key")
  done
  keys "${names[@]}" ret
}

# The characters of a VGA text screen, which stand in every second byte from 0xb8000 on.
screen_text() {
  qmp '{"execute":"pmemsave","arguments":{"val":753664,"size":32768,"filename":"'"$work"'/text"}}'
  perl -0777 -ne 's/(.)./$1/gs; print "$_\n" for unpack "(A80)*"' "$work/text"
}

# Whether there is time left, and a machine to wait for.
in_time() { ((SECONDS < $1)) && kill -0 "$vm_pid" 2>/dev/null; }

late() {
  say "$guest: after $1 s still not: $2"
  return 1
}

wait_text() {  # seconds, what the VGA text screen will show
  local end=$((SECONDS + $1))
  until screen_text | grep -aqE -- "$2"; do
    in_time "$end" || late "$1" "$2"
    sleep 0.3
  done
}

wait_file() {  # seconds, file, what it will hold
  local end=$((SECONDS + $1))
  until grep -aqE -- "$3" "$2" 2>/dev/null; do
    in_time "$end" || late "$1" "$3"
    sleep 0.3
  done
}

wait_serial() {  # seconds, what a line of the serial port will be
  local end=$((SECONDS + $1)) line=''
  while in_time "$end"; do
    IFS= read -r -t 1 -u "$serial_out" line || continue
    if [[ $line =~ $2 ]]; then return; fi
    if [[ $line == late\ * ]]; then say "$guest: $line"; return 1; fi
  done
  late "$1" "$2"
}

# Until the screen has been the same for some seconds, a blinking cursor (two pictures) aside. Where
# nothing is to be done meanwhile, ten times as long will do: some guests never rest.
wait_still() {  # seconds, for how many of them it must be the same (4), idle: and nothing be done
  local end=$((SECONDS + $1)) still=${2:-4} since=$SECONDS same=$SECONDS seen=() now ticks=0 before
  while in_time "$end"; do
    sleep 0.5
    now=$("$qmpshot" -s "$work/vm.sock" -f qoi -o - | cksum)
    if [[ " ${seen[*]} " != *" ${now// /-} "* ]]; then
      if ((${#seen[@]} >= 2)); then seen=(); fi
      seen+=("${now// /-}")
      since=$SECONDS
      same=$SECONDS
    fi
    before=$ticks
    ticks=$(awk '{ print $14 + $15 }' "/proc/$vm_pid/stat")  # hundredths of a second
    if [[ ${3-} == idle ]] && ((ticks - before > 30)); then since=$SECONDS; fi
    if ((SECONDS - since >= still || SECONDS - same >= 10 * still)); then return; fi
  done
  late "$1" "a screen that stands still"
}

# Takes the picture CLASS-NAME; its size stands in the bytes 16 to 23 of a PNG.
take() {
  local width height
  "$qmpshot" -s "$work/vm.sock" --require-content -o "$work/frame.png"
  read -r width height < <(od -An -j16 -N8 -tu4 --endian=big "$work/frame.png")
  mv "$work/frame.png" "$dir/$1-$2-${width}x$height.png"
  echo "$dir/$1-$2-${width}x$height.png"
}

# A scene of scripts/guests/scenes; one that fails does not keep the others from being shown.
scene() {  # name
  echo "$1" >&"$serial_in"
  wait_serial 300 "^ready $1" || { : >"$work/failed"; return 1; }
}
scenes() {  # class, scenes
  local class=$1 each
  shift
  for each in "$@"; do
    scene "$each" || continue
    [[ $class == console ]] || sleep 12  # a window is there before all that is in it
    take "$class" "debian-$each"
  done
}
