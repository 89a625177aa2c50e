#!/usr/bin/env bash
# Use the wheel as somebody does who has nothing else: an empty environment, a folder without the repository,
# another user, no home, no network. Runs the README's first lines and `pdt-evidence reproduce`.
# Usage: tools/try_wheel.sh WHEELS (a folder with what the package requires, and hatchling to build it)
set -euo pipefail
umask 022 # the other user reads what is made here
wheels=$(realpath "$1")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/elsewhere"

# Each thing that this machine does not permit is said.
offline=(env https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9)
if unshare -n true 2>/dev/null; then offline=(unshare -n); else echo "skipped: no network namespace; proxies that lead nowhere instead"; fi
python=${PYTHON:-python3}
as_user=()
if [ "$(id -u)" = 0 ]; then
    nobody=(runuser -u nobody -- env) # env, since the first program may keep rights that the next one has not
    for candidate in "$python" /usr/bin/python3; do # a Python below /root is closed to others
        real=$("$candidate" -c 'import os, sys; print(os.path.realpath(sys.executable))')
        same=$("$candidate" -c 'import sys; print(sys.version_info[:2])')
        if [ "$same" = "$("$python" -c 'import sys; print(sys.version_info[:2])')" ] && "${nobody[@]}" "$real" -c '' 2>/dev/null; then
            as_user=("${nobody[@]}") python=$real
            chown nobody "$work/elsewhere"
            break
        fi
    done
fi
[ ${#as_user[@]} -gt 0 ] || echo "skipped: another user; not root, or no Python of this version that others may run"

install=(--quiet --disable-pip-version-check --no-index --find-links "$wheels")
.venv/bin/python -m pip wheel "${install[@]}" --no-deps --wheel-dir "$work" .
"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip install "${install[@]}" "$work"/*.whl
sed -n '/^```python$/,/^```$/{/^```$/q; /^```/d; p}' README.md >"$work/readme.py"

cd "$work/elsewhere"
run() { "${offline[@]}" "${as_user[@]}" env -i PATH="$work/env/bin:/usr/bin:/bin" LANG=C.UTF-8 HOME=/nonexistent "$@"; }
run python "$work/readme.py" >/dev/null
run pdt-evidence reproduce --out results | head -1
test -s depression.pdf -a -s results/report.html -a -s results/tables/claims.csv
test "$(ls -A results | tr '\n' ' ')" = "figures report.html results.json ro-crate-metadata.json tables "
echo "the wheel works: $(ls "$work"/*.whl | xargs -n1 basename), $("$python" --version)"
