//! The functions that expressions call, by name.

macro_rules! functions {
    ($($variant:ident $name:literal)*) => {
        /// A function; the name says what of Postgres it is, and for which types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function {
            $($variant,)*
        }

        impl Function {
            /// The function of this name.
            pub(super) fn parse(name: &str) -> Option<Self> {
                // A search weighs less than a match over so many texts.
                let at = NAMES.iter().position(|own| *own == name)?;
                ALL.get(at).copied()
            }
        }

        const ALL: &[Function] = &[$(Function::$variant,)*];

        /// The names of all functions that this version evaluates.
        pub const NAMES: &[&str] = &[$($name,)*];
    };
}

functions! {
    IntAdd "int_add"
    IntSub "int_sub"
    IntMul "int_mul"
    IntDiv "int_div"
    IntMod "int_mod"
    IntNeg "int_neg"
    IntAbs "int_abs"
    IntAnd "int_and"
    IntOr "int_or"
    IntXor "int_xor"
    IntNot "int_not"
    IntShl "int_shl"
    IntShr "int_shr"
    IntGcd "int_gcd"
    IntLcm "int_lcm"
    FloatAdd "float_add"
    FloatSub "float_sub"
    FloatMul "float_mul"
    FloatDiv "float_div"
    FloatNeg "float_neg"
    FloatAbs "float_abs"
    FloatPower "float_power"
    FloatSqrt "float_sqrt"
    FloatRound "float_round"
    FloatTrunc "float_trunc"
    FloatCeil "float_ceil"
    FloatFloor "float_floor"
    FloatSign "float_sign"
    NumericAdd "numeric_add"
    NumericSub "numeric_sub"
    NumericMul "numeric_mul"
    NumericDiv "numeric_div"
    NumericQuotient "numeric_quotient"
    NumericMod "numeric_mod"
    NumericPower "numeric_power"
    NumericPower15 "numeric_power_15"
    NumericNeg "numeric_neg"
    NumericAbs "numeric_abs"
    NumericRound "numeric_round"
    NumericTrunc "numeric_trunc"
    NumericCeil "numeric_ceil"
    NumericFloor "numeric_floor"
    NumericSign "numeric_sign"
    NumericScale "numeric_scale"
    NumericMinScale "numeric_min_scale"
    NumericTrimScale "numeric_trim_scale"
    DateAddDays "date_add_days"
    DateSubDays "date_sub_days"
    DateDiff "date_diff"
    DateAddTime "date_add_time"
    DateAddInterval "date_add_interval"
    DateSubInterval "date_sub_interval"
    DateAsTimestamp "date_as_timestamp"
    TimestampAdd "timestamp_add"
    TimestampSub "timestamp_sub"
    TimestampDiff "timestamp_diff"
    TimestampDiffInfinite "timestamp_diff_infinite"
    TimeAdd "time_add"
    TimeSub "time_sub"
    TimeDiff "time_diff"
    IntervalAdd "interval_add"
    IntervalSub "interval_sub"
    IntervalNeg "interval_neg"
    IntervalMul "interval_mul"
    IntervalDiv "interval_div"
    JustifyDays "justify_days"
    JustifyHours "justify_hours"
    JustifyInterval "justify_interval"
    Isfinite "isfinite"
    MakeDate "make_date"
    MakeTime "make_time"
    Extract "extract"
    DatePart "date_part"
    DateTrunc "date_trunc"
    Age "age"
    AgeInfinite "age_infinite"
    TextConcat "text_concat"
    Length "length"
    OctetLength "octet_length"
    BitLength "bit_length"
    ByteaLength "bytea_length"
    CharPad "char_pad"
    Output "output"
    Assign "assign"
    Lower "lower"
    LowerAscii "lower_ascii"
    Upper "upper"
    UpperAscii "upper_ascii"
    InitcapAscii "initcap_ascii"
    Btrim "btrim"
    Ltrim "ltrim"
    Rtrim "rtrim"
    Substring "substring"
    Overlay "overlay"
    Left "left"
    Right "right"
    Replace "replace"
    Translate "translate"
    Position "position"
    StartsWith "starts_with"
    SplitPart "split_part"
    Concat "concat"
    ConcatWs "concat_ws"
    Repeat "repeat"
    Lpad "lpad"
    Rpad "rpad"
    Reverse "reverse"
    Ascii "ascii"
    Chr "chr"
    ToHex "to_hex"
    Like "like"
    Ilike "ilike"
    IlikeAscii "ilike_ascii"
    Regex "regex"
    NumNulls "num_nulls"
    NumNonnulls "num_nonnulls"
    ArrayGet "array_get"
    ArrayCat "array_cat"
    ArrayAppend "array_append"
    ArrayPrepend "array_prepend"
    ArrayRemove "array_remove"
    ArrayReplace "array_replace"
    ArrayContains "array_contains"
    ArrayOverlap "array_overlap"
    ArrayLength "array_length"
    ArrayLower "array_lower"
    ArrayUpper "array_upper"
    ArrayNdims "array_ndims"
    Cardinality "cardinality"
    ArrayPosition "array_position"
    ArrayToString "array_to_string"
    JsonbField "jsonb_field"
    JsonbElement "jsonb_element"
    JsonbFieldText "jsonb_field_text"
    JsonbElementText "jsonb_element_text"
    JsonbPath "jsonb_path"
    JsonbPathText "jsonb_path_text"
    JsonbContains "jsonb_contains"
    JsonbExists "jsonb_exists"
    JsonbExistsAny "jsonb_exists_any"
    JsonbExistsAll "jsonb_exists_all"
    JsonbConcat "jsonb_concat"
    JsonbDelete "jsonb_delete"
    JsonbDeleteIndex "jsonb_delete_index"
    JsonbTypeof "jsonb_typeof"
    JsonbArrayLength "jsonb_array_length"
    JsonbPathFound "jsonb_path_found"
    JsonbPathTrue "jsonb_path_true"
    JsonbPathExists "jsonb_path_exists"
    JsonbPathMatch "jsonb_path_match"
    JsonbSet "jsonb_set"
    JsonbInsert "jsonb_insert"
    JsonbDeletePath "jsonb_delete_path"
    JsonbStripNulls "jsonb_strip_nulls"
    JsonbPretty "jsonb_pretty"
    JsonbObject "jsonb_object"
    JsonObject "json_object"
    JsonField "json_field"
    JsonElement "json_element"
    JsonFieldText "json_field_text"
    JsonElementText "json_element_text"
    JsonPath "json_path"
    JsonPathText "json_path_text"
    JsonTypeof "json_typeof"
    JsonArrayLength "json_array_length"
    JsonStripNulls "json_strip_nulls"
    ByteaConcat "bytea_concat"
    ByteaSubstring "bytea_substring"
    ByteaPosition "bytea_position"
    ByteaOverlay "bytea_overlay"
    ByteaBtrim "bytea_btrim"
    ByteaLtrim "bytea_ltrim"
    ByteaRtrim "bytea_rtrim"
    GetByte "get_byte"
    SetByte "set_byte"
    GetBit "get_bit"
    SetBit "set_bit"
    BitCount "bit_count"
    Md5 "md5"
    Sha224 "sha224"
    Sha256 "sha256"
    Sha384 "sha384"
    Sha512 "sha512"
    ConvertTo "convert_to"
    ConvertFrom "convert_from"
    Encode "encode"
    Decode "decode"
    RegexpTest "regexp_test"
    RegexpReplace "regexp_replace"
    RegexpCount "regexp_count"
    RegexpInstr "regexp_instr"
    RegexpSubstr "regexp_substr"
    RegexpMatch "regexp_match"
    RegexpSubstring "regexp_substring"
    RegexpSplit "regexp_split"
    NumericSqrt "numeric_sqrt"
    NumericGcd "numeric_gcd"
    NumericLcm "numeric_lcm"
    Factorial "factorial"
    WidthBucket "width_bucket"
    WidthBucketRounded "width_bucket_rounded"
    MakeTimestamp "make_timestamp"
    MakeInterval "make_interval"
    MakeIntervalWrapping "make_interval_wrapping"
    DateBin "date_bin"
    Overlaps "overlaps"
    LikeEscape "like_escape"
    SimilarEscape "similar_escape"
    QuoteIdent "quote_ident"
    QuoteLiteral "quote_literal"
    StringToArray "string_to_array"
    ArrayPositions "array_positions"
    ArrayFill "array_fill"
    ArrayDims "array_dims"
    ArrayTrim "array_trim"
    ArraySlice "array_slice"
}

/// Does the function of this name answer NULL wherever an argument is NULL?
pub fn is_strict(name: &str) -> bool {
    if let Some(name) = name.strip_prefix(crate::more::PREFIX) {
        return !crate::more::takes_null(name);
    }
    Function::parse(name).is_some_and(|function| !function.takes_null())
}

impl Function {
    /// Does it take NULL as a value, rather than answer NULL?
    pub(super) fn takes_null(self) -> bool {
        matches!(
            self,
            Function::Concat
                | Function::ConcatWs
                | Function::NumNulls
                | Function::NumNonnulls
                | Function::ArrayCat
                | Function::ArrayAppend
                | Function::ArrayPrepend
                | Function::ArrayRemove
                | Function::ArrayReplace
                | Function::ArrayPosition
                | Function::ArrayToString
                | Function::ArrayPositions
                | Function::ArrayFill
                | Function::ArraySlice
                | Function::StringToArray
                | Function::Overlaps
        )
    }
}
