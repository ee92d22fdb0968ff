#!/bin/sh
# Sends one signed example event to the gateway, as a source would. Needs curl and openssl.
set -eu
folder='@DIR@'
id="msg_$(openssl rand -hex 8)"
time="$(date +%s)"
body='{"candidate":{"email":"robin@example.com","name":"Robin Example","phone":"+1 555 0100"},"job":{"id":7}}'
key="$(sed 's/^whsec_//' "$folder/secrets/first-form" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')"
signature="$(printf '%s' "$id.$time.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)"
exec curl --silent --show-error --cacert "$folder/tls/ca.pem" \
  -H 'content-type: application/json' \
  -H "webhook-id: $id" -H "webhook-timestamp: $time" -H "webhook-signature: v1,$signature" \
  --data-binary "$body" https://localhost:8443/in/first-form
