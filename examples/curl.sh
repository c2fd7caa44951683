#!/usr/bin/env bash
# Ask, lose the connection, read on, cancel. usage: curl.sh [SERVER]
set -euo pipefail
server=${1:-http://127.0.0.1:8000}
json='Content-Type: application/json'
head=$(mktemp)
trap 'rm -f "$head"' EXIT

echo '— a whole answer'
curl -sS "$server/api/v1/query" -H "$json" -d '{"query": "Hello"}'

printf '\n\n— a stream, of which we read one second\n'
curl -sSN --max-time 1 -D "$head" "$server/api/v1/query/stream" -H "$json" \
  -d '{"query": "Write me a long story about a sluice."}' 2>/dev/null || [ $? -eq 28 ]
run=$(tr -d '\r' <"$head" | sed -n 's/^x-run-id: //Ip')

printf '\n— the same run from event 2 on, again for one second\n'
curl -sSN --max-time 1 -X POST "$server/api/v1/query/stream" \
  -H "Last-Event-ID: $run:1" 2>/dev/null || [ $? -eq 28 ]

printf '\n— stopped, with its receipt\n'
curl -sS -X POST "$server/api/v1/runs/$run/cancel"
echo
