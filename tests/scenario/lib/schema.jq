# Does the document fit the JSON Schema ($schema)? Prints one line for each place where it does not. Knows what
# docs/reference/show.schema.json uses: $ref, type, required, properties, additionalProperties, items, enum.

def type_of: if type == "number" then (if . == floor then "integer" else "number" end) else type end;

def misfits($rule; $at):
    . as $value
    | if $rule | has("$ref") then
        $rule["$ref"][2:] | split("/") as $way
        | $value | misfits($schema | getpath($way); $at)
      else
        (select($rule | has("type"))
            | ([$rule.type] | flatten) as $types
            | select(($types | index($value | type_of)) == null and
                     (($types | index("number")) == null or ($value | type) != "number"))
            | "\($at): \($value | type_of), not \($types | join(" or "))"),
        (select($rule | has("enum")) | select(($rule.enum | index([$value])) == null)
            | "\($at): \($value), not one of \($rule.enum)"),
        (select(type == "object") |
            (($rule.required // [])[] as $key | select(has($key) | not) | "\($at).\($key): missing"),
            (to_entries[] as $entry
                | ($rule.properties[$entry.key] // $rule.additionalProperties) as $below
                | if $below == null then
                    select($rule | has("properties")) | "\($at).\($entry.key): not in the schema"
                  elif ($below | type) == "object" then
                    $entry.value | misfits($below; "\($at).\($entry.key)")
                  else empty end)),
        (select(type == "array" and ($rule | has("items"))) | to_entries[] as $entry
            | $entry.value | misfits($rule.items; "\($at)[\($entry.key)]"))
      end;

misfits($schema; "")
