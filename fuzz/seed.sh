#!/bin/sh
# Fills fuzz/corpus from what the house already has: contracts and stories. The corpora are not kept
# under version control; run this before a fuzz run on a new machine.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/contract_file corpus/classify corpus/json corpus/schema corpus/response

# contract_file: every contract, and every contract cut into its list items under a small head.
cp ../contracts/*.yaml corpus/contract_file/
for file in ../contracts/*.yaml; do
    awk -v out="corpus/contract_file/$(basename "$file" .yaml)" '
        function head() { return "contract: x\nversion: 1\ntitle: X\nforms:\n  e: { body: { code: \"{code}\", message: \"{message}\", field: \"{field?}\" } }\nrows:\n" }
        /^  - / { if (name) close(name); name = out "." (++count) ".row"; printf "%s", head() > name }
        /^[^ ]/ { if (name) close(name); name = "" }
        name { print > name }
    ' "$file"
done

# classify: the request line and the ending of every story.
for file in ../stories/*/*.md; do
    awk -v out="corpus/classify/$(basename "$(dirname "$file")").$(basename "$file" .md)" '
        function open_seed() { name = out "." (++count); print (request ? request : "GET /") > name }
        /^## / { request = "" }
        /^```http request/ { getline; request = $0; next }
        /^```http response/ { open_seed(); body = 1; next }
        /^```fault/ { getline; kind = $2; getline; open_seed(); print "fault " kind " " $2 > name; close(name); next }
        /^```held/ { getline; kind = $2; open_seed(); print "held " kind > name; close(name); next }
        /^```/ { if (body) close(name); body = 0 }
        body { print > name }
    ' "$file"
done

# response: the answers of the stories, with the line ends of the wire.
for file in corpus/classify/*; do
    sed '1d; s/$/\r/' "$file" > "corpus/response/$(basename "$file")"
done

# json: the bodies of the stories; schema: a few of each keyword, and a body in the next line.
for file in corpus/classify/*; do
    sed '1,/^$/d' "$file" > "corpus/json/$(basename "$file")"
done
find corpus/json -size 0 -delete
printf '%s\n' '{"type":"object","required":["a"],"properties":{"a":{"type":"string","pattern":"^x+$","maxLength":9}},"additionalProperties":false}' '{"a":"xx"}' > corpus/schema/object
printf '%s\n' '{"$defs":{"n":{"anyOf":[{"type":"null"},{"$ref":"#"}]}},"type":"array","items":{"$ref":"#/$defs/n"},"uniqueItems":true}' '[[],[null]]' > corpus/schema/recursive
printf '%s\n' '{"oneOf":[{"const":1},{"enum":["a",2]},{"minimum":5,"multipleOf":0.5}],"not":{"format":"date"}}' '5.5' > corpus/schema/choice
