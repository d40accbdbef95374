//! What spares a type its own reader and writer.

/// Has a type read and write itself as an object of its fields: `field` is always written and must
/// be there; `field = default` may be missing, which is its default; `field as "name"` is named so.
#[macro_export]
macro_rules! json_struct {
    ($kind:ident { $($field:ident $(as $name:literal)? $(= $default:ident)?),* $(,)? }) => {
        $crate::json_to!($kind { $($field $(as $name)? $(= $default)?),* });
        $crate::json_from!($kind { $($field $(as $name)? $(= $default)?),* });
    };
}

/// As [`json_struct`], reading only.
#[macro_export]
macro_rules! json_from {
    ($kind:ident { $($field:ident $(as $name:literal)? $(= $default:ident)?),* $(,)? }) => {
        impl<'a> $crate::json::FromJson<'a> for $kind {
            fn from_json(json: &$crate::json::Json<'a>, fault: &mut $crate::json::Fault) -> Self {
                Self {
                    $($field: $crate::json_read!(
                        json, fault, $crate::json_name!($field $($name)?) $(, $default)?
                    )),*
                }
            }
        }
    };
}

/// As [`json_struct`], writing only.
#[macro_export]
macro_rules! json_to {
    ($kind:ident { $($field:ident $(as $name:literal)? $(= $default:ident)?),* $(,)? }) => {
        impl $crate::json::ToJson for $kind {
            fn to_json(&self, out: &mut String) {
                let mut members = $crate::json::Members::new(out);
                $($crate::json_add!(
                    members, $crate::json_name!($field $($name)?), &self.$field $(, $default)?
                );)*
                members.end();
            }
        }
    };
}

/// The name of a member.
#[doc(hidden)]
#[macro_export]
macro_rules! json_name {
    ($field:ident $name:literal) => {
        $name
    };
    ($field:ident) => {
        stringify!($field)
    };
}

/// Adds a member, or one that may be left out.
#[doc(hidden)]
#[macro_export]
macro_rules! json_add {
    ($members:ident, $name:expr, $value:expr) => {
        $members.add($name, $value)
    };
    ($members:ident, $name:expr, $value:expr, default) => {
        $members.add_some($name, $value)
    };
}

/// Reads a member, or one that may be missing.
#[doc(hidden)]
#[macro_export]
macro_rules! json_read {
    ($json:ident, $fault:ident, $name:expr) => {
        $crate::json::FromJson::member($json, $name, $fault)
    };
    ($json:ident, $fault:ident, $name:expr, default) => {
        $crate::json::optional($json, $name, $fault)
    };
}

/// Has an enum without content read and write itself as a word.
#[macro_export]
macro_rules! json_words {
    ($kind:ident { $($variant:ident $word:literal),* $(,)? }) => {
        impl $crate::json::ToJson for $kind {
            fn to_json(&self, out: &mut String) {
                $crate::json::write_string(match self { $($kind::$variant => $word),* }, out);
            }
        }
        impl<'a> $crate::json::FromJson<'a> for $kind {
            fn from_json(json: &$crate::json::Json<'a>, fault: &mut $crate::json::Fault) -> Self {
                const WORDS: &[(&str, $kind)] = &[$(($word, $kind::$variant)),*];
                let word = json.as_str().unwrap_or_default();
                let known = WORDS.iter().find(|(own, _)| *own == word);
                let (_, kind) = known.unwrap_or_else(|| {
                    fault.note($crate::json::Fault::Member(""));
                    &WORDS[0]
                });
                *kind
            }
        }
    };
}
