# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of qmpshot's options, their values, and sockets. Needs bash 4.4 and nothing else.

_qmpshot() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  # --format=jp arrives as three words: --format, =, jp
  if [[ $word == '=' ]]; then
    word=''
  elif [[ $before == '=' ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  local options='
    -s --socket --vm -d --device --head -a --all -l --list
    -o --output -f --format -j --json --base64
    -q --quality --small --text --crop --scale --max-size --filter
    --freeze --wake --require-content --wait-content
    --route -t --timeout --stats -v --verbose -h --help -V --version'

  COMPREPLY=()
  if [[ ${COMP_WORDS[1]} == vms ]]; then
    mapfile -t COMPREPLY < <(compgen -W '-j --json -h --help' -- "$word")
    return
  fi
  case $before in
    -s | --socket)
      local path
      compopt -o filenames
      while IFS= read -r path; do
        if [[ -d $path || -S $path ]]; then COMPREPLY+=("$path"); fi
      done < <(compgen -f -- "$word")
      ;;
    -o | --output)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      ;;
    -f | --format) mapfile -t COMPREPLY < <(compgen -W 'png jpeg bmp qoi ppm null' -- "$word") ;;
    --route) mapfile -t COMPREPLY < <(compgen -W 'auto fd png-file ppm-file' -- "$word") ;;
    --filter) mapfile -t COMPREPLY < <(compgen -W 'auto area lanczos nearest' -- "$word") ;;
    -q | --quality) mapfile -t COMPREPLY < <(compgen -W '75 85 95' -- "$word") ;;
    --wait-content) mapfile -t COMPREPLY < <(compgen -W '5s 30s 1m' -- "$word") ;;
    --max-size) mapfile -t COMPREPLY < <(compgen -W '320 640 1024' -- "$word") ;;
    -t | --timeout) mapfile -t COMPREPLY < <(compgen -W '500ms 2s 5s 30s 1m' -- "$word") ;;
    -d | --device | --head | --crop | --scale | --vm) ;;  # only the VM knows
    *)
      if ((COMP_CWORD == 1)); then options+=' vms'; fi
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
      ;;
  esac
}

complete -F _qmpshot qmpshot
