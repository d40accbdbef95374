//! The text of the catalog into the parser's tree.

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

/// How deep an expression may nest.
const DEPTH_MAX: usize = 400;

/// Reads one expression.
///
/// # Errors
/// What can't be read, in words.
pub(super) fn parse(sql: &str) -> Result<ast::Expr, String> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql)
        .tokenize()
        .map_err(|e| format!("it can't be read: {e}"))?;
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(DEPTH_MAX)
        .with_tokens(bracketed(variadic(similar(trimmed(tokens)))));
    let parsed = parser
        .parse_expr()
        .map_err(|e| format!("it can't be read: {e}"))?;
    match &parser.peek_token().token {
        Token::EOF => Ok(parsed),
        other => Err(format!("it can't be read: {other} was not expected")),
    }
}

/// The function that stands for VARIADIC before an argument; no function of Postgres has a blank.
pub(super) const VARIADIC: &str = "variadic argument";

/// Makes `VARIADIC x`, which the parser does not know, a call of [`VARIADIC`]. It is always the
/// last argument.
fn variadic(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    // How many brackets are open, and at which depths a call ends before the next one closes.
    let (mut depth, mut ends) = (0, Vec::new());
    let mut opens = false;
    for token in tokens {
        let word = matches!(&token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("variadic"));
        if word && opens {
            out.extend([Token::make_word(VARIADIC, Some('"')), Token::LParen]);
            ends.push(depth);
            continue;
        }
        match token {
            Token::LParen => depth += 1,
            Token::RParen => {
                if ends.last() == Some(&depth) {
                    ends.pop();
                    out.push(Token::RParen);
                }
                depth -= 1;
            }
            _ => {}
        }
        opens = match &token {
            Token::LParen | Token::Comma => true,
            Token::Whitespace(_) => opens,
            _ => false,
        };
        out.push(token);
    }
    out
}

/// Leaves out the FROM of `TRIM(BOTH FROM x)`, which the parser takes for what is trimmed off: the
/// normal form of `trim(x)`.
fn trimmed(tokens: Vec<Token>) -> Vec<Token> {
    let keyword = |token: Option<&Token>| match token {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let mut before = out.iter().rev();
        let mut before = || before.find(|token| !matches!(token, Token::Whitespace(_)));
        let needless = keyword(Some(&token)) == Keyword::FROM
            && matches!(
                keyword(before()),
                Keyword::BOTH | Keyword::LEADING | Keyword::TRAILING
            )
            && matches!(before(), Some(Token::LParen))
            && keyword(before()) == Keyword::TRIM;
        if !needless {
            out.push(token);
        }
    }
    out
}

/// Makes `SUBSTRING(x SIMILAR p ESCAPE e)`, which the parser does not know, a list of arguments.
fn similar(mut tokens: Vec<Token>) -> Vec<Token> {
    let is = |token: &Token, word: &str| {
        matches!(token, Token::Word(own)
            if own.quote_style.is_none() && own.value.eq_ignore_ascii_case(word))
    };
    let (mut depth, mut open) = (0, Vec::new());
    for at in 0..tokens.len() {
        match &tokens[at] {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            token if is(token, "similar") => {
                let mut after = tokens[at + 1..].iter();
                let next = after.find(|token| !matches!(token, Token::Whitespace(_)));
                if !next.is_some_and(|next| is(next, "to")) {
                    open.push(depth);
                    tokens[at] = Token::Comma;
                }
            }
            token if is(token, "escape") && open.last() == Some(&depth) => {
                open.pop();
                tokens[at] = Token::Comma;
            }
            _ => {}
        }
    }
    tokens
}

/// Puts what COLLATE is about into brackets. The normal form has them around the whole, but the
/// parser takes COLLATE after a simple expression only.
fn bracketed(mut tokens: Vec<Token>) -> Vec<Token> {
    let is_collate =
        |token: &Token| matches!(token, Token::Word(word) if word.keyword == Keyword::COLLATE);
    let mut at = 0;
    while at < tokens.len() {
        if is_collate(&tokens[at])
            && let Some(open) = group_start(&tokens[..at])
        {
            tokens.insert(at, Token::RParen);
            tokens.insert(open, Token::LParen);
            at += 2;
        }
        at += 1;
    }
    tokens
}

/// Where the innermost open bracket's content begins.
fn group_start(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().rev() {
        match token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => return Some(i + 1),
            Token::LParen => depth -= 1,
            _ => {}
        }
    }
    None
}
