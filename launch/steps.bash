# Sourced by the scripts: runs their steps, with little on the screen and everything in a log.

say() {
  if [[ -t 1 ]]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi
}

# Reads a step's output: all of it goes into the log $2; the screen shows the latest line, replaced in
# place at a terminal, else now and then, so that one sees that something happens.
follow() {
  local title=$1 log=$2 line last_shown=$SECONDS columns=${COLUMNS:-80}
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

# step TITLE LOG COMMAND...: runs the command; a line says how long it took, or the log's end why it
# failed. Returns the command's exit status.
step() {
  local title=$1 log=$2 status=0 began=$SECONDS
  shift 2
  mkdir -p "$(dirname "$log")"
  "$@" 2>&1 </dev/null | follow "$title" "$log" || status=$?
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
