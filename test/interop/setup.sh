#!/bin/sh
# Installs the independent peers of the interop tests below .cache/interop (or the folder given): a Python environment with
# the Gurux and dlms-cosem libraries, and the Java meter with its library. Versions are pinned. Does nothing when it is done.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
cache=${1:-$here/../../.cache/interop}
mkdir -p "$cache"
cache=$(CDPATH= cd -- "$cache" && pwd)

python_stamp=$(cksum "$here/peers/requirements.txt")
if [ "$(cat "$cache/python.stamp" 2>/dev/null || true)" != "$python_stamp" ]; then
  rm -rf "$cache/python"
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/peers/requirements.txt"
  printf '%s\n' "$python_stamp" >"$cache/python.stamp"
fi

java_stamp=$(cat "$here/java/pom.xml" "$here/java/src/main/java/JavaMeter.java" | cksum)
if [ "$(cat "$cache/java.stamp" 2>/dev/null || true)" != "$java_stamp" ]; then
  rm -rf "$cache/java"
  mkdir -p "$cache/java"
  mvn --quiet --batch-mode --no-transfer-progress -f "$here/java/pom.xml" "-Dwork=$cache/java" package
  printf '%s\n' "$java_stamp" >"$cache/java.stamp"
fi
