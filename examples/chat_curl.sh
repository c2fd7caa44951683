#!/usr/bin/env bash
# A session that remembers: ask, ask again, look, delete. usage: chat_curl.sh [SERVER]
set -euo pipefail
server=${1:-http://127.0.0.1:8000}
json='Content-Type: application/json'
session=example-$$

echo '— a stream'
curl -sSN "$server/api/chat/stream" -H "$json" \
  -d '{"message": "Hello", "session_id": "'"$session"'", "partial": false}'

echo '— a whole answer, in the same session'
curl -sS "$server/api/chat" -H "$json" \
  -d '{"message": "And now?", "session_id": "'"$session"'"}'

printf '\n— what the server remembers\n'
curl -sS "$server/api/chat/sessions/$session"

printf '\n— and forgets\n'
curl -sS -X DELETE "$server/api/chat/sessions/$session"
echo
