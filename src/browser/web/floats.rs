//! The browser's conversions of floating point, which the core asks for.

use haversack_core::value::{HostFloats, set_host_floats};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Number)]
    fn number_of(text: &str) -> f64;

    type Number;
    #[wasm_bindgen(method, js_name = toExponential)]
    fn to_exponential(this: &Number, digits: Option<u32>) -> String;
}

/// Gives the core the browser's conversions.
pub fn set() {
    set_host_floats(HostFloats { read, print });
}

fn read(text: &str, single: bool) -> f64 {
    // The core asks for decimal numbers only, so JavaScript's other notations don't come here.
    let float = number_of(text);
    if single {
        // Rounding twice, to double and on to single, can differ from rounding once for one text
        // in 5·10⁸ of those that lie near the middle of two singles.
        f64::from(float as f32)
    } else {
        float
    }
}

fn print(float: f64, digits: Option<u32>) -> String {
    JsValue::from_f64(float)
        .unchecked_ref::<Number>()
        .to_exponential(digits)
}

#[cfg(test)]
mod tests {
    use haversack_core::schema::Type;
    use haversack_core::value::{parse, to_text};
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    wasm_bindgen_test_configure!(run_in_browser);

    #[wasm_bindgen_test]
    fn floats_are_read_and_printed_as_by_postgres() {
        super::set();
        let check = |kind: Type, cases: &[(&str, &str)]| {
            for (given, wanted) in cases {
                let value = parse(&kind, given).expect("a float");
                assert_eq!(to_text(&kind, &value).as_deref(), Some(*wanted), "{given}");
            }
        };
        let doubles = [
            ("0.1", "0.1"),
            ("1e23", "9.999999999999999e+22"),
            ("1e15", "1e+15"),
            ("123456789012345", "123456789012345"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("0.00001", "1e-05"),
            ("-1.5e-300", "-1.5e-300"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("infinity", "Infinity"),
        ];
        check(Type::Float8, &doubles);
        let singles = [
            ("0.1", "0.1"),
            ("16777216", "1.6777216e+07"),
            ("3.4028235e38", "3.4028235e+38"),
            ("1e-45", "1e-45"),
            ("123456.7", "123456.7"),
            ("2097152.25", "2.0971522e+06"),
        ];
        check(Type::Float4, &singles);
        assert!(parse(&Type::Float8, "0x10").is_err());
        assert!(parse(&Type::Float8, "1e400").is_err());
    }
}
