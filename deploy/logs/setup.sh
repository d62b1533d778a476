#!/bin/sh
# Gives Elasticsearch the lifecycle and the template of the log lines; to be run again after a change of
# either. ELASTICSEARCH_URL, and ELASTICSEARCH_AUTH as `user:password` where there is a login.
set -eu
here=$(cd "$(dirname "$0")/elasticsearch" && pwd)
url=${ELASTICSEARCH_URL:-http://elasticsearch:9200}

put() {
  curl --silent --show-error --fail-with-body --retry 30 --retry-delay 2 --retry-connrefused \
    ${ELASTICSEARCH_AUTH:+--user "$ELASTICSEARCH_AUTH"} \
    -X PUT -H 'Content-Type: application/json' --data-binary "@$here/$2" "$url/$1"
  echo
}

put _ilm/policy/hypercache-logs lifecycle.json
put _index_template/hypercache-logs index-template.json
