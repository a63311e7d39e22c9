# Sourced by the scripts whose programs are of the plain build, optimised and without a sanitizer: they share one,
# under build-tests/plain, or use one that is there (--build FOLDER). Needs root, and steps.bash.
build=$root/build-tests/plain

# use_build FOLDER: what --build asks for. Fails if there is no such folder.
use_build() {
  if [[ ! -f ${1:-.}/build.ninja ]]; then return 1; fi
  build=$(cd "$1" && pwd)
}

# build_plainly LOGS TARGET: configures what is not somebody else's folder, then builds.
build_plainly() {
  if [[ $build == "$root/build-tests/plain" ]]; then
    configure "$build" "$root" "$1/configure.log" "${strictly[@]}" || return
  fi
  step build "$1/build.log" cmake --build "$build" --target "$2"
}

# Whoever builds plainly builds like this.
strictly=(-DSHARED_VARIABLE_WERROR=ON -DBUILD_TESTING=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo)
