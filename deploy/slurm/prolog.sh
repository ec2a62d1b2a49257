#!/bin/bash
# Slurm prolog (slurm.conf: Prolog=, with PrologFlags=Alloc): tells the agent which job holds which
# GPU, also while no process runs on it. For each GPU of the job there is a file with the ids of the
# jobs that hold it, one a line (several where Slurm shares a GPU by MPS or shards). NVIDIA's
# dcgm-exporter reads the same form (DCGM_HPC_JOB_MAPPING_DIR). Install epilog.sh with it.
# It never fails: a prolog that does takes the node out of service.

trap 'exit 0' EXIT
PATH=/usr/sbin:/usr/bin:/sbin:/bin # Slurm sets none
# Not below /run/joulebook: that belongs to the agent, and goes when the agent stops.
folder=${JOULEBOOK_SLURM_GPU_DIR:-/run/joulebook-slurm}
job=${SLURM_JOB_ID:-}

hold() { # GPU
  local file=$folder/$1 fresh=$folder/.$1.$$
  {
    [ -f "$file" ] && grep -vxF -- "$job" "$file"
    printf '%s\n' "$job"
  } >"$fresh" || return
  mv -f -- "$fresh" "$file" # whoever reads sees the old ids or the new ones
}

hold_all() { # MEMBER of the list: an index, a range of them, or the UUID of a MIG instance
  local index
  if [[ $1 =~ ^([0-9]{1,3})-([0-9]{1,3})$ ]]; then
    # 10#: else 08 would be read as octal
    for ((index = 10#${BASH_REMATCH[1]}; index <= 10#${BASH_REMATCH[2]}; index++)); do
      hold "$index"
    done
  elif [[ $1 =~ ^([0-9]+|(GPU|MIG)-[A-Za-z0-9-]+)$ ]]; then
    hold "$1"
  fi # NoDevFiles says that Slurm knows no device
}

main() {
  umask 022
  [[ $job =~ ^[A-Za-z0-9_]+$ ]] || return
  [ -n "${SLURM_JOB_GPUS:-}" ] || return
  mkdir -p -- "$folder" || return
  # Two jobs that share a GPU may start at once. Whoever cannot have the lock goes on without.
  exec 9>"$folder.lock" && flock -w 5 9
  local gpu
  IFS=, read -ra gpus <<<"$SLURM_JOB_GPUS"
  for gpu in "${gpus[@]}"; do
    hold_all "$gpu"
  done
}

main 2>/dev/null </dev/null
exit 0
