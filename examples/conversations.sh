#!/usr/bin/env bash
# Register, sign in, begin conversations, stream in them, leave. usage: conversations.sh [SERVER]
set -euo pipefail
BASE=${1:-http://127.0.0.1:8000}
NAME=guest-$RANDOM$RANDOM
PASSWORD="correct horse $RANDOM"
JSON='Content-Type: application/json'
SAID=$(mktemp)
trap 'rm -f "$SAID"' EXIT

echo '— register'
curl -sS -X POST "$BASE/api/v1/auth/register" -H "$JSON" \
  -d "{\"username\": \"$NAME\", \"email\": \"$NAME@example.com\", \"password\": \"$PASSWORD\"}"
echo

LOGIN=$(curl -sS -X POST "$BASE/api/v1/auth/login" -H "$JSON" \
  -d "{\"username\": \"$NAME\", \"password\": \"$PASSWORD\"}")
TOKEN=$(echo "$LOGIN" | grep -o '"access_token":"[^"]*' | cut -d'"' -f4)
AUTH="Authorization: Bearer $TOKEN"

begin() { # TITLE: a new conversation; prints its id
  curl -sS -X POST "$BASE/api/v1/conversations" -H "$AUTH" -H "$JSON" \
    -d "{\"title\": \"$1\"}" | grep -o '"id":"[^"]*' | cut -d'"' -f4
}

stream() { # BODY: say something, and print the events as they come
  curl -sSN -X POST "$BASE/api/v1/chat/stream" -H "$AUTH" -H "$JSON" -d "$1"
}

printf '\n— one stream\n'
FIRST=$(begin "One stream")
stream "{\"message\": \"What is a sluice?\", \"conversation_id\": \"$FIRST\"}"

printf '\n— two streams at once, in two conversations\n'
SECOND=$(begin "Another stream")
stream "{\"message\": \"And a lock?\", \"conversation_id\": \"$FIRST\"}" &
stream "{\"message\": \"What is a weir?\", \"conversation_id\": \"$SECOND\"}" &
wait

printf '\n— two streams at once, in one conversation: the second is refused\n'
stream "{\"message\": \"Tell me more.\", \"conversation_id\": \"$FIRST\"}" >"$SAID" &
until grep -q '"type":"start"' "$SAID"; do sleep 0.1; done
stream "{\"message\": \"And more.\", \"conversation_id\": \"$FIRST\"}"
wait

printf '\n\n— a key that the provider does not know: the error comes in the stream\n'
stream '{"message": "Hello", "use_invalid_key": true}'

printf '\n— what was said in the first conversation\n'
curl -sS "$BASE/api/v1/conversations/$FIRST/export?format=markdown" -H "$AUTH"

printf '\n— leave: the account goes, with all that is its own\n'
curl -sS -X DELETE "$BASE/api/v1/auth/me" -H "$AUTH" -w '%{http_code}\n'
