#!/usr/bin/env bash
# Signs a case by Standard Webhooks and files it, with nothing but openssl and curl: what a police system has to do.
# Usage: AUTHORITY=sz SECRET=whsec_... file-case.sh CASE.json [URL]
set -euo pipefail
body=$(cat "$1")
url=${2:-http://127.0.0.1:8470}
id="case-$(openssl rand -hex 12)" # a retry of the same case sends the same id again
timestamp=$(date +%s)
key=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf '%s.%s.%s' "$id" "$timestamp" "$body" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl --silent --show-error --max-time 30 --write-out '\n%{http_code}\n' \
    --header "Content-Type: application/json" --header "webhook-id: $id" \
    --header "webhook-timestamp: $timestamp" --header "webhook-signature: v1,$signature" \
    --data-binary "$body" "$url/v1/intake/$AUTHORITY"
