//! Values that a query compares with, as the texts of parameters and the types that these are cast to.
//!
//! A cast here never rounds and never cuts off, or the query would be another one: 4.5 is between the integers
//! 4 and 5, and a text longer than the column allows is equal to none. What is not of its type was refused
//! before ([`Checked`](haversack_core::query::Checked)).

use haversack_core::query::Param;
use haversack_core::schema::Type;
use haversack_core::value::{self, Value};
use haversack_core::{Error, ErrorCode};

/// A type that a parameter is cast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// Any whole number.
    Int8,
    /// Any number, also between two whole ones.
    Numeric,
    /// That of the column.
    Own,
}

/// What a parameter of a column of this type stands for; none for NULL.
///
/// # Errors
/// As `value::parse`, and `type_mismatch`; not for what was checked.
pub(super) fn operand(kind: &Type, param: Param<'_>) -> Result<Option<(String, Cast)>, Error> {
    let read = |kind: &Type, text: &str| Ok(printed(kind, &value::parse(kind, text)?));
    let own = |text: String| Ok(Some((text, Cast::Own)));
    let text = match (kind, param) {
        (_, Param::Null) => return Ok(None),
        (Type::Int2 | Type::Int4 | Type::Int8, Param::Number(number)) => {
            return Ok(Some(whole(number)));
        }
        (Type::Int2 | Type::Int4 | Type::Int8, Param::Text(text)) => {
            return Ok(Some((read(&Type::Int8, text)?, Cast::Int8)));
        }
        (Type::Bool, Param::Number(number)) => printed(kind, &Value::Int(number as i64)),
        (Type::Float4, Param::Number(number)) => {
            printed(kind, &Value::Float(f64::from(number as f32)))
        }
        (Type::Float8 | Type::Numeric { .. }, Param::Number(number)) => {
            printed(&Type::Float8, &Value::Float(number))
        }
        (Type::Numeric { .. }, Param::Text(text)) => read(&ANY_NUMERIC, text)?,
        (
            Type::Text | Type::Varchar { .. } | Type::Char { .. } | Type::Opaque { .. },
            Param::Text(text),
        ) => text.to_owned(),
        (kind, Param::Text(text)) => read(kind, text)?,
        (_, Param::Number(_)) => {
            return Err(Error::new(
                ErrorCode::TypeMismatch,
                "a number can't be compared with a column of this type",
            ));
        }
    };
    own(text)
}

const ANY_NUMERIC: Type = Type::Numeric {
    precision: None,
    scale: None,
};

fn printed(kind: &Type, value: &Value) -> String {
    value::to_text(kind, value).unwrap_or_default()
}

/// A number that whole ones are compared with.
fn whole(number: f64) -> (String, Cast) {
    // The first number that is too large for the type; every whole one below it is a number of it.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && (-END..END).contains(&number) {
        return ((number as i64).to_string(), Cast::Int8);
    }
    (printed(&Type::Float8, &Value::Float(number)), Cast::Numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_rounded_or_cut_off() {
        let varchar = Type::Varchar { length: Some(3) };
        let numeric = Type::Numeric {
            precision: Some(10),
            scale: Some(2),
        };
        for (kind, param, text, cast) in [
            (Type::Int4, Param::Number(4.0), "4", Cast::Int8),
            (Type::Int4, Param::Number(-0.0), "0", Cast::Int8),
            (Type::Int4, Param::Number(4.5), "4.5", Cast::Numeric),
            (Type::Int2, Param::Number(1e300), "1e+300", Cast::Numeric),
            (Type::Int8, Param::Number(9.3e18), "9.3e+18", Cast::Numeric),
            (
                Type::Int2,
                Param::Text("9007199254740993"),
                "9007199254740993",
                Cast::Int8,
            ),
            (Type::Bool, Param::Number(1.0), "true", Cast::Own),
            (Type::Bool, Param::Text("f"), "false", Cast::Own),
            (numeric.clone(), Param::Number(0.125), "0.125", Cast::Own),
            (numeric, Param::Text("0.125"), "0.125", Cast::Own),
            (Type::Float4, Param::Number(0.1), "0.1", Cast::Own),
            (Type::Float8, Param::Text("NaN"), "NaN", Cast::Own),
            (varchar, Param::Text("longer"), "longer", Cast::Own),
            (
                Type::Timestamptz,
                Param::Text("2026-03-01T09:30:00.123456Z"),
                "2026-03-01 09:30:00.123456+00",
                Cast::Own,
            ),
        ] {
            let found = operand(&kind, param).unwrap();
            assert_eq!(found, Some((text.to_owned(), cast)), "{kind:?} {param:?}");
        }
        assert_eq!(operand(&Type::Int4, Param::Null).unwrap(), None);
        assert!(operand(&Type::Uuid, Param::Number(1.0)).is_err());
    }
}
