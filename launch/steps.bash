# Sourced by the scripts: runs their steps, with little on the screen and everything in a log. A script that
# is told to end tells its running step, and ends when that has.
trap 'exit 130' INT
stopped_by=

say() {
  if [[ -t 1 ]]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi
}

# Reads a step's output: all of it goes into the log $2; the screen shows the latest line, replaced in
# place at a terminal, else now and then, so that one sees that something happens.
follow() {
  local title=$1 log=$2 line last_shown=$SECONDS columns=${COLUMNS:-80}
  trap '' INT TERM HUP # the end of the output ends it
  if [[ -t 1 ]]; then columns=$(tput cols 2>/dev/null || echo 80); fi
  while IFS= read -r line; do
    printf '%s\n' "$line" >&3
    if [[ -t 1 ]]; then
      line="  $title: ${line//[^[:print:]]/}"
      printf '\r\033[K%s' "${line:0:columns-1}"
    elif ((SECONDS - last_shown >= 15)); then
      printf '  %s: %s\n' "$title" "$line"
      last_shown=$SECONDS
    fi
  done 3>"$log"
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
}

# attend [--group] COMMAND...: runs the program. SIGTERM and SIGHUP come to the script alone, which passes
# them on; Ctrl-C comes to both from the terminal. With --group the program has a process group of its own,
# and all three are passed on to all of it: a build's compilers, a suite's tests. Returns when the program
# has ended: its exit status, or 128 + the number of the signal that came, whose name is in stopped_by.
attend() {
  local status=0 pid target signal
  stopped_by=
  if [[ $1 == --group ]]; then
    shift
    set -m
    "$@" &
    set +m
    pid=$! target=-$!
    trap "stopped_by=INT; kill -INT -- $target 2>/dev/null || true" INT
  else
    (trap - INT QUIT && exec "$@") <&0 & # else a background program ignores these two, and reads nothing
    pid=$! target=$!
    trap 'stopped_by=INT' INT
  fi
  for signal in TERM HUP; do
    trap "stopped_by=$signal; kill -$signal -- $target 2>/dev/null || true" "$signal"
  done
  wait "$pid" || status=$?
  while [[ -n $stopped_by ]] && kill -0 "$pid" 2>/dev/null; do # the signal ended the wait
    wait "$pid" || true
  done
  trap 'exit 130' INT
  trap - TERM HUP
  if [[ -n $stopped_by ]]; then status=$((128 + $(kill -l "$stopped_by"))); fi
  return "$status"
}

# step TITLE LOG COMMAND...: runs the command; a line says how long it took, or the log's end why it
# failed. Returns the command's exit status.
step() {
  local title=$1 log=$2 status=0 began=$SECONDS output follower how=(--group)
  shift 2
  if [[ $1 == sudo ]]; then how=(); fi # only in the terminal's foreground can it ask for a password
  mkdir -p "$(dirname "$log")"
  exec {output}> >(follow "$title" "$log")
  follower=$!
  attend "${how[@]}" "$@" >&"$output" 2>&1 </dev/null || status=$?
  exec {output}>&-
  wait "$follower" || true
  if [[ -n $stopped_by ]]; then exit "$status"; fi
  if [[ $status -eq 0 ]]; then
    printf '  %s: %d s\n' "$title" "$((SECONDS - began))"
  else
    printf '  %s: failed with exit code %d after %d s. The end of %s:\n' "$title" "$status" \
      "$((SECONDS - began))" "$log"
    # without the tests that passed
    grep -vE '^ *(\[ RUN   |\[       OK|Start +[0-9]+:|.* Test +#.* Passed +)' "$log" | tail -n 40 | sed 's/^/    /' || true
  fi
  return "$status"
}

# is_configured BUILD SOURCE: the build folder was made from this very source folder, by Ninja. From then
# on ninja itself runs CMake again when that is needed.
is_configured() {
  [[ -f $1/build.ninja ]] && grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$2" "$1/CMakeCache.txt"
}

# configure BUILD SOURCE LOG CMAKE_OPTIONS...: once.
configure() {
  local build=$1 source=$2 log=$3
  shift 3
  if ! is_configured "$build" "$source"; then
    rm -rf "$build"
    step "configure" "$log" cmake -S "$source" -B "$build" -G Ninja "$@" || return
  fi
}
