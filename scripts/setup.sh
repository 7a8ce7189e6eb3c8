# Sourced by ./demo and ./test: finds what the machine lacks, installs it with apt or says how.
# Sets nothing else. INSTALL=0 only reports.

say() { printf '%s\n' "$*" >&2; }

# require_sdk: the .NET 10 SDK is the one thing that apt on Debian 12 does not have.
require_sdk() {
  if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
    say "The .NET 10 SDK is missing. Install it from https://dot.net (script: dotnet-install.sh --channel 10.0), then run this again."
    exit 2
  fi
}

# require_packages NAME...: installs the missing ones.
require_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "${INSTALL:-1}" = 0 ]; then
    say "Missing packages. Install them with: apt-get install ${missing[*]}"
    return 1
  fi
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { say "Not root and no sudo. As root: apt-get install ${missing[*]}"; exit 2; }
    sudo=sudo
  fi
  say "Installing with apt: ${missing[*]}"
  if ! { $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o Acquire::Retries=3 --no-install-recommends "${missing[@]}"; } >/tmp/interactive-apt.$$.log 2>&1; then
    tail -n 5 /tmp/interactive-apt.$$.log >&2
    say "apt could not install them; the whole log is /tmp/interactive-apt.$$.log"
    exit 2
  fi
  rm -f /tmp/interactive-apt.$$.log
}

# build: everything, once, in Release, and the tool behind "dotnet script".
build() {
  say "Building (the first time restores libtorch: about 500 MB)..."
  local log; log=$(mktemp)
  if ! dotnet build Interactive.sln -c Release -v quiet -nologo >"$log" 2>&1; then
    { grep -E 'error' "$log" || tail -n 5 "$log"; } | sort -u | head -n 20 >&2
    say "The build failed; the whole log is $log"
    exit 1
  fi
  if ! { dotnet build src/DotnetScript -c Release -v quiet -nologo && dotnet tool restore; } >"$log" 2>&1; then
    say "\"dotnet script\" could not be set up (./interactive run does the same); the log is $log"
    return
  fi
  rm -f "$log"
}
