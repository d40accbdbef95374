//! Network addresses: inet and cidr (`network.c`).

use super::truth;
use crate::error::{Error, invalid};
use crate::value::mismatch;
use std::cmp::Ordering;
use std::fmt::Write;

pub(super) const NAMES: &[&str] = &[
    "network_sub",
    "network_subeq",
    "network_sup",
    "network_supeq",
    "network_overlap",
    "network_family",
    "network_masklen",
    "network_host",
    "network_network",
    "network_netmask",
    "network_hostmask",
    "network_broadcast",
    "network_set_masklen",
    "network_same_family",
    "network_merge",
    "network_not",
    "network_and",
    "network_or",
    "network_add",
    "network_sub_int",
    "network_diff",
];

/// An address with the length of its network's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    v6: bool,
    /// The address in the lowest bits.
    address: u128,
    bits: u32,
}

impl Network {
    fn width(self) -> u32 {
        if self.v6 { 128 } else { 32 }
    }

    /// All bits of an address.
    fn all(self) -> u128 {
        u128::MAX >> (128 - self.width())
    }

    fn hostmask_of(self, bits: u32) -> u128 {
        self.all().checked_shr(bits).unwrap_or(0)
    }

    fn with(self, address: u128) -> Self {
        Self { address, ..self }
    }

    /// Its network: the bits of the host are zero.
    fn network(self) -> Self {
        self.with(self.address & !self.hostmask_of(self.bits))
    }

    /// Are the first bits of two addresses the same?
    fn agrees(self, other: Self, bits: u32) -> bool {
        (self.address ^ other.address) & self.all() & !self.hostmask_of(bits) == 0
    }

    pub(super) fn parse(text: &str, cidr: bool) -> Result<Self, Error> {
        let parsed = match text.contains(':') {
            true => parse_v6(text.as_bytes()),
            false => parse_v4(text.as_bytes(), cidr),
        };
        let fits = parsed.filter(|parsed| !cidr || parsed.network() == *parsed);
        fits.ok_or_else(|| mismatch(if cidr { "cidr" } else { "inet" }, text, "22P02"))
    }

    fn host(self) -> String {
        if !self.v6 {
            let [a, b, c, d] = (self.address as u32).to_be_bytes();
            return format!("{a}.{b}.{c}.{d}");
        }
        let words: Vec<u16> = (0..8)
            .map(|i| (self.address >> (112 - 16 * i)) as u16)
            .collect();
        let (start, length) = longest_zeros(&words);
        let is_v4 = start == 0
            && (length == 6
                || (length == 7 && words[7] != 1)
                || (length == 5 && words[5] == 0xffff));
        let mut out = String::new();
        for (i, word) in words.iter().enumerate() {
            if length > 0 && (start..start + length).contains(&i) {
                if i == start {
                    out.push(':');
                }
                continue;
            }
            if i > 0 {
                out.push(':');
            }
            if i == 6 && is_v4 {
                let [a, b, c, d] = (self.address as u32).to_be_bytes();
                let _ = write!(out, "{a}.{b}.{c}.{d}");
                return out;
            }
            let _ = write!(out, "{word:x}");
        }
        if length > 0 && start + length == 8 {
            out.push(':');
        }
        out
    }

    /// As a cast to text prints it, and so as rows bring it: with the length even of a whole address.
    pub(super) fn to_text(self) -> String {
        format!("{}/{}", self.host(), self.bits)
    }
}

/// Where the longest run of at least two zeros begins, and its length.
fn longest_zeros(words: &[u16]) -> (usize, usize) {
    let (mut best, mut at) = ((0, 0), 0);
    while at < words.len() {
        let length = words[at..].iter().take_while(|word| **word == 0).count();
        if length > best.1 && length > 1 {
            best = (at, length);
        }
        at += length.max(1);
    }
    best
}

/// The digits that a text begins with, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|b| b.is_ascii_digit()).count())
}

/// A whole number, which wraps around here as there.
fn number(digits: &[u8]) -> i32 {
    let add = |n: i32, b: &u8| n.wrapping_mul(10).wrapping_add(i32::from(b - b'0'));
    digits.iter().fold(0, add)
}

fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// As `inet_net_pton_ipv4` and `inet_cidr_pton_ipv4`: an inet may end in a point, a cidr may be
/// hexadecimal, and both may leave out octets at the end.
fn parse_v4(text: &[u8], cidr: bool) -> Option<Network> {
    let (mut octets, mut rest) = (Vec::new(), text);
    match text {
        [b'0', b'x' | b'X', nibbles @ ..] if cidr => {
            let count = nibbles.iter().take_while(|b| hex(**b).is_some()).count();
            for pair in nibbles[..count].chunks(2) {
                let low = pair.get(1).copied().and_then(hex).unwrap_or(0);
                octets.push((hex(pair[0])? << 4) | low);
            }
            rest = &nibbles[count..];
        }
        _ => loop {
            let (octet, after) = digits(rest);
            if octet.is_empty() && !cidr {
                break;
            }
            octets.push(plain(octet, 255, true)?);
            rest = after;
            match rest.split_first() {
                Some((b'.', after)) => rest = after,
                _ => break,
            }
        },
    }
    let given = octets.len() as i32;
    if !(1..=4).contains(&given) {
        return None;
    }
    let bits = match rest.split_first() {
        None => -1,
        Some((b'/', bits)) if !bits.is_empty() && digits(bits).1.is_empty() => number(bits),
        Some(_) => return None,
    };
    let bits = match bits {
        -1 if !cidr => (given == 4).then_some(32)?,
        -1 => {
            // The classes of old.
            let class = match octets[0] {
                240.. => 32,
                224.. => 8,
                192.. => 24,
                128.. => 16,
                _ => 8,
            };
            match class.max(given * 8) {
                8 if octets[0] == 224 => 4,
                bits => bits,
            }
        }
        bits => bits,
    };
    // What is left out is zero, but not of an inet's network.
    if !(0..=32).contains(&bits) || (!cidr && bits / 8 > given) {
        return None;
    }
    octets.resize(4, 0);
    Some(Network {
        v6: false,
        address: (octets.iter()).fold(0, |sum, octet| (sum << 8) | u128::from(*octet)),
        bits: bits as u32,
    })
}

/// A number of digits alone; zeros before it only where they are allowed.
fn plain(text: &[u8], max: u32, zeros: bool) -> Option<u32> {
    let (first, rest) = text.split_first()?;
    let plain = digits(text).1.is_empty() && (zeros || *first != b'0' || rest.is_empty());
    let add = |n: u32, b: &u8| n.saturating_mul(10).saturating_add(u32::from(b - b'0'));
    let number = plain.then(|| text.iter().fold(0, add));
    number.filter(|number| *number <= max)
}

/// As `getv4`: octets, of which the last may be left out and all but the last be empty, and the length
/// of the network's part after them.
fn parse_tail(text: &[u8]) -> Option<(u32, u32)> {
    let mut parts = text.splitn(2, |b| *b == b'/');
    let (octets, bits) = (parts.next()?, parts.next());
    let (mut address, mut shift) = (0, 32u32);
    let count = octets.split(|b| *b == b'.').count();
    for (at, octet) in octets.split(|b| *b == b'.').enumerate() {
        let left_out = octet.is_empty() && (at + 1 < count || bits.is_some());
        let octet = if left_out {
            0
        } else {
            plain(octet, 255, false)?
        };
        shift = shift.checked_sub(8)?;
        address |= octet << shift;
    }
    let bits = bits.map_or(Some(128), |bits| plain(bits, 128, false));
    Some((address, bits?))
}

/// As `inet_cidr_pton_ipv6`: words, of which two colons leave out any number, and perhaps an IPv4
/// address at the end.
fn parse_v6(text: &[u8]) -> Option<Network> {
    let mut at = match text {
        [b':', b':', ..] => 1,
        [b':', ..] => return None,
        _ => 0,
    };
    // How many bits of the address are read, and how many were where some are left out.
    let (mut address, mut read, mut gap) = (0u128, 0, None);
    let (mut start, mut bits) = (at, 128);
    loop {
        let end = text.get(at).copied();
        if end.and_then(hex).is_some() {
            at += 1;
            continue;
        }
        let word = &text[start..at];
        if end == Some(b'.') {
            let (tail, length) = parse_tail(&text[start..])?;
            (address, read, bits) = ((address << 32) | u128::from(tail), read + 32, length);
            break;
        }
        if word.len() > 4 {
            return None;
        }
        if !word.is_empty() {
            let word = word.iter().fold(0, |n, b| (n << 4) | hex(*b).unwrap_or(0));
            (address, read) = ((address << 16) | u128::from(word), read + 16);
        }
        at += 1;
        start = at;
        match end {
            None => break,
            Some(b'/') => {
                bits = plain(&text[at..], 128, false)?;
                break;
            }
            Some(b':') if word.is_empty() && gap.is_some() => return None,
            Some(b':') if word.is_empty() => gap = Some(read),
            Some(b':') if at < text.len() => {}
            Some(_) => return None,
        }
    }
    match gap {
        // What stands before the gap moves to the front.
        Some(gap) if read < 128 => {
            let after = read - gap;
            let front = address.checked_shr(after).unwrap_or(0);
            address ^= front.checked_shl(after).unwrap_or(0);
            address |= front.checked_shl(128 - gap).unwrap_or(0);
        }
        None if read == 128 => {}
        _ => return None,
    }
    Some(Network {
        v6: true,
        address,
        bits,
    })
}

fn order(a: Network, b: Network) -> Ordering {
    let common = a.bits.min(b.bits);
    let prefix = |n: Network| n.address & !n.hostmask_of(common);
    (a.v6.cmp(&b.v6))
        .then_with(|| prefix(a).cmp(&prefix(b)))
        .then_with(|| a.bits.cmp(&b.bits))
        .then_with(|| a.address.cmp(&b.address))
}

/// The order of two canonical texts; `None` where one is none.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (
        Network::parse(a, false).ok()?,
        Network::parse(b, false).ok()?,
    );
    Some(order(a, b))
}

pub(super) fn call<'a>(
    name: &str,
    cidr: bool,
    arg: &dyn Fn(usize) -> &'a str,
) -> Result<String, Error> {
    let a = Network::parse(arg(0), false)?;
    Ok(match name {
        "network_family" => if a.v6 { "6" } else { "4" }.into(),
        "network_masklen" => a.bits.to_string(),
        "network_host" => a.host(),
        "network_network" => a.network().to_text(),
        "network_netmask" | "network_hostmask" => {
            let host = a.hostmask_of(a.bits);
            let mask = if name == "network_netmask" {
                !host & a.all()
            } else {
                host
            };
            Network {
                bits: a.width(),
                ..a.with(mask)
            }
            .to_text()
        }
        "network_broadcast" => {
            let last = a.address | a.hostmask_of(a.bits);
            a.with(last).to_text()
        }
        "network_set_masklen" => {
            let bits = match arg(1).parse::<i64>().unwrap_or_default() {
                -1 => a.width(),
                bits if (0..=i64::from(a.width())).contains(&bits) => bits as u32,
                bits => return Err(invalid(format!("invalid mask length: {bits}"), "22023")),
            };
            let set = Network { bits, ..a };
            match cidr {
                true => set.network().to_text(),
                false => set.to_text(),
            }
        }
        "network_not" => a.with(!a.address & a.all()).to_text(),
        "network_add" | "network_sub_int" => {
            let by: i64 = arg(1).parse().unwrap_or_default();
            // Postgres adds what it has negated, and the least integer stays what it is.
            let by = match name {
                "network_add" => i128::from(by),
                _ => i128::from(by.wrapping_neg()),
            };
            let range = || invalid("result is out of range", "22003");
            let moved = match by {
                0.. => a.address.checked_add(by.unsigned_abs()),
                _ => a.address.checked_sub(by.unsigned_abs()),
            };
            let moved = moved.filter(|moved| *moved <= a.all()).ok_or_else(range)?;
            a.with(moved).to_text()
        }
        _ => return between(name, a, Network::parse(arg(1), false)?),
    })
}

/// What is asked of two addresses.
fn between(name: &str, a: Network, b: Network) -> Result<String, Error> {
    let same = a.v6 == b.v6;
    Ok(match name {
        "network_sub" => truth(same && a.bits > b.bits && a.agrees(b, b.bits)),
        "network_subeq" => truth(same && a.bits >= b.bits && a.agrees(b, b.bits)),
        "network_sup" => truth(same && a.bits < b.bits && a.agrees(b, a.bits)),
        "network_supeq" => truth(same && a.bits <= b.bits && a.agrees(b, a.bits)),
        "network_overlap" => truth(same && a.agrees(b, a.bits.min(b.bits))),
        "network_same_family" => truth(same),
        _ if !same => {
            let message = "cannot combine inet values of different sizes";
            return Err(invalid(message, "22023"));
        }
        "network_merge" => {
            let differ = (a.address ^ b.address) & a.all();
            let common = differ.leading_zeros() - (128 - a.width());
            let bits = common.min(a.bits).min(b.bits);
            Network { bits, ..a }.network().to_text()
        }
        "network_and" | "network_or" => {
            let address = match name {
                "network_and" => a.address & b.address,
                _ => a.address | b.address,
            };
            let bits = a.bits.max(b.bits);
            Network {
                bits,
                ..a.with(address)
            }
            .to_text()
        }
        _ => {
            let (low, high) = (a.address.min(b.address), a.address.max(b.address));
            let range = || invalid("result is out of range", "22003");
            let apart = i128::try_from(high - low).map_err(|_| range())?;
            let apart = if a.address < b.address { -apart } else { apart };
            i64::try_from(apart).map_err(|_| range())?.to_string()
        }
    })
}
