# Sourced by tests/run, examples/run and benchmarks/run: lake_install_packages <Debian package>...
# Installs what is missing and nothing else; a machine that has everything makes no call to apt at all.

# Prints those of the given packages that are not installed, one a line.
lake_missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

lake_install_packages() {
  if ! command -v dpkg-query >/dev/null 2>&1; then
    printf 'This is no Debian: going on as if these were installed under their names here: %s\n' "$*"
    return 0
  fi
  local missing apt
  missing=$(lake_missing_packages "$@" | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  apt=(apt-get)
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      printf 'These packages are missing, and neither root nor sudo is here to install them: %s\n' "$missing" >&2
      return 1
    fi
    apt=(sudo apt-get)
  fi
  printf 'Installing with apt: %s\n' "$missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  # one argument per package
  if "${apt[@]}" -qq -o Acquire::Retries=3 update &&
     "${apt[@]}" -qq -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing >/dev/null; then
    return 0
  fi
  printf 'apt could not install: %s\nInstall these packages by hand and start again.\n' "$(lake_missing_packages $missing | tr '\n' ' ')" >&2
  return 1
}
