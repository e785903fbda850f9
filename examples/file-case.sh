#!/usr/bin/env bash
# Signs a case by Standard Webhooks and files it, with only openssl and curl, as a police system has to.
# Usage: AUTHORITY=sz SECRET=whsec_... [ID=...] file-case.sh CASE.json [URL]; exits 0 only if the case was accepted.
# A retry must use the ID of the first attempt. While openssl runs, other users of this machine can see the key in its
# arguments; a library does not show it.
set -euo pipefail
body=$(cat "$1")
url=${2:-http://127.0.0.1:8470}
id=${ID:-case-$(openssl rand -hex 12)}
timestamp=$(date +%s)
key=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf '%s.%s.%s' "$id" "$timestamp" "$body" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
printf 'webhook-id: %s\n' "$id" >&2
answer=$(curl --silent --show-error --max-time 30 --write-out '\n%{http_code}\n' \
    --header "Content-Type: application/json" --header "webhook-id: $id" \
    --header "webhook-timestamp: $timestamp" --header "webhook-signature: v1,$signature" \
    --data-binary "$body" "$url/v1/intake/$AUTHORITY")
printf '%s\n' "$answer"
case ${answer##*$'\n'} in 200 | 202) ;; *) exit 1 ;; esac
