#!/usr/bin/env bash
# Sees that there is an nginx to compare with. On Debian root gets one, whose service is not started.
set -euo pipefail

if command -v nginx >/dev/null || [[ -x /usr/sbin/nginx ]]; then
  exit 0
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "there is no nginx to compare with: install it, on Debian with \`apt-get install nginx-light\`" >&2
  exit 1
fi
apt-get update --quiet
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends nginx-light
