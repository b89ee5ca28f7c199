#!/bin/sh
# Sets bianmin up from this folder, without a network: ./install.sh [TARGET]; and back: ./install.sh TARGET --back
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
for python in python3.13 python3.12 python3.11 python3; do
  command -v "$python" >/dev/null 2>&1 && exec "$python" "$here/kit.py" "${1:-$HOME/bianmin}" ${2:+"$2"}
done
echo "错误：没有找到 Python 3.11 或更新的版本" >&2
exit 1
