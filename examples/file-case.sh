#!/usr/bin/env bash
# Signs a case by Standard Webhooks and files it, with only openssl and curl, as a police system has to.
# Usage: AUTHORITY=sz SECRET=whsec_... [ID=...] file-case.sh CASE.json [URL]; exits 0 only if the case was accepted.
# SECRET_FILE=... instead of SECRET names a file that holds it. A retry must use the ID of the first attempt.
# Neither the key nor the case is in the arguments of a program, where other users of this machine would see them: so
# HMAC (RFC 2104) is made of two digests here, by what bash does itself.
set -euo pipefail
secret=${SECRET:-$(cat "${SECRET_FILE:?SECRET or SECRET_FILE}")}
unset SECRET
body=$(cat "$1")
url=${2:-http://127.0.0.1:8470}
id=${ID:-case-$(openssl rand -hex 12)}
timestamp=$(date +%s)
hex() { od -An -v -tx1 | tr -d ' \n'; }
key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | hex)
[ ${#key} -gt 0 ] || { echo "the secret is whsec_ and base64" >&2; exit 1; }
[ ${#key} -le 128 ] || { echo "the secret has more than 64 bytes" >&2; exit 1; }
while [ ${#key} -lt 128 ]; do key+=00; done
padded() { local n; for ((n = 0; n < 128; n += 2)); do printf "\\x$(printf %02x $((0x${key:n:2} ^ $1)))"; done; }
inner() { { padded 0x36; printf '%s.%s.%s' "$id" "$timestamp" "$body"; } | openssl dgst -sha256 -binary; }
signature=$({ padded 0x5c; inner; } | openssl dgst -sha256 -binary | openssl base64 -A)
printf 'webhook-id: %s\n' "$id" >&2
answer=$(printf %s "$body" | curl --silent --show-error --max-time 30 --write-out '\n%{http_code}\n' \
    --header "Content-Type: application/json" --header "webhook-id: $id" \
    --header "webhook-timestamp: $timestamp" --header "webhook-signature: v1,$signature" \
    --data-binary @- "$url/v1/intake/$AUTHORITY")
printf '%s\n' "$answer"
case ${answer##*$'\n'} in 200 | 202) ;; *) exit 1 ;; esac
