//! As much of JSON Schema (draft 2020-12) as `dist/eve.schema.json` uses. A keyword that is not known
//! here is an error: nothing in the schema goes unchecked.

use serde_json::Value;

/// Checks a value; says where it differs.
pub(super) fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if schema == false {
        return Err(format!("{at} is not to be there"));
    }
    let keywords = schema.as_object().ok_or("a schema is an object")?;
    for (keyword, argument) in keywords {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer = argument.as_str().and_then(|it| it.strip_prefix('#'));
                let target = pointer.and_then(|pointer| root.pointer(pointer));
                check(root, target.ok_or(format!("no {argument}"))?, value, at)?;
                true
            }
            "oneOf" => {
                let all = items(argument).iter();
                let tried: Vec<_> = all.map(|one| check(root, one, value, at)).collect();
                if tried.iter().filter(|it| it.is_ok()).count() != 1 {
                    return Err(format!("{at}: not one of {tried:?}"));
                }
                true
            }
            "type" => is_of(value, argument.as_str().unwrap()),
            "const" => value == argument,
            "enum" => items(argument).contains(value),
            "minimum" => value.as_i64().is_none_or(|it| it >= argument.as_i64().unwrap()),
            "maximum" => value.as_u64().is_none_or(|it| it <= argument.as_u64().unwrap()),
            "minLength" => value.as_str().is_none_or(|it| it.chars().count() >= size(argument)),
            "pattern" => value.as_str().is_none_or(|it| fits(it, argument.as_str().unwrap())),
            "minItems" => value.as_array().is_none_or(|it| it.len() >= size(argument)),
            "maxItems" => value.as_array().is_none_or(|it| it.len() <= size(argument)),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, argument, item, &format!("{at}[{index}]"))?;
                }
                true
            }
            "required" => {
                items(argument).iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                assert_eq!(argument, false);
                let known = |key: &String| schema["properties"].get(key).is_some();
                let patterns = schema["patternProperties"].as_object();
                let patterns: Vec<&String> =
                    patterns.into_iter().flatten().map(|it| it.0).collect();
                let fits = |key: &String| patterns.iter().any(|pattern| fits(key, pattern));
                value.as_object().is_none_or(|it| it.keys().all(|key| known(key) || fits(key)))
            }
            "properties" => {
                for (key, property) in argument.as_object().unwrap() {
                    if let Some(member) = value.get(key) {
                        check(root, property, member, &format!("{at}.{key}"))?;
                    }
                }
                true
            }
            "patternProperties" => {
                for (pattern, property) in argument.as_object().unwrap() {
                    let members = value.as_object().into_iter().flatten();
                    for (key, member) in members.filter(|(key, _)| fits(key, pattern)) {
                        check(root, property, member, &format!("{at}.{key}"))?;
                    }
                }
                true
            }
            _ => return Err(format!("{at}: the keyword {keyword} is not known")),
        };
        if !holds {
            return Err(format!("{at}: {keyword} {argument} does not hold of {value}"));
        }
    }
    Ok(())
}

fn items(argument: &Value) -> &[Value] {
    argument.as_array().map_or(&[], Vec::as_slice)
}

fn size(argument: &Value) -> usize {
    argument.as_u64().unwrap() as usize
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}

/// The patterns of the schema: those of a time, a Community ID, ids, and the name of a label.
fn fits(text: &str, pattern: &str) -> bool {
    let digits = |text: &str| text.replace(|it: char| it.is_ascii_digit(), "9");
    match pattern {
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+0000$" => {
            digits(text) == "9999-99-99T99:99:99.999999+9999" && text.ends_with("+0000")
        }
        r"^1:[A-Za-z0-9+/]{27}=$" => {
            let hash = text.strip_prefix("1:").and_then(|it| it.strip_suffix('='));
            hash.is_some_and(|it| {
                it.len() == 27
                    && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/".contains(&it))
            })
        }
        r"^[0-9a-f]{32}$" => is_hex(text, 32),
        r"^[0-9a-f]{16}$" => is_hex(text, 16),
        r"^[a-z][a-z0-9_]{0,31}$" => {
            let is_part = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
            text.starts_with(|it: char| it.is_ascii_lowercase())
                && text.len() <= 32
                && text.bytes().all(is_part)
        }
        _ => panic!("the pattern {pattern} is not known"),
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    text.len() == length && text.bytes().all(is_digit)
}
