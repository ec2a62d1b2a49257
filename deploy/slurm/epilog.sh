#!/bin/bash
# Slurm epilog (slurm.conf: Epilog=): takes the job's id out of all files that prolog.sh wrote. It
# looks into each of them, so that nothing stays behind where Slurm names other GPUs at the end, or
# none. It never fails: an epilog that does takes the node out of service.

trap 'exit 0' EXIT
PATH=/usr/sbin:/usr/bin:/sbin:/bin # Slurm sets none
folder=${JOULEBOOK_SLURM_GPU_DIR:-/run/joulebook-slurm}
job=${SLURM_JOB_ID:-}

release() { # FILE
  local fresh=$folder/.${1##*/}.$$
  grep -qxF -- "$job" "$1" || return
  grep -vxF -- "$job" "$1" >"$fresh"
  if [ -s "$fresh" ]; then
    mv -f -- "$fresh" "$1"
  else
    rm -f -- "$1" "$fresh"
  fi
}

main() {
  umask 022
  [[ $job =~ ^[A-Za-z0-9_]+$ ]] || return
  [ -d "$folder" ] || return
  exec 9>"$folder.lock" && flock -w 5 9
  local file
  for file in "$folder"/*; do
    [ -f "$file" ] && release "$file"
  done
}

main 2>/dev/null </dev/null
exit 0
