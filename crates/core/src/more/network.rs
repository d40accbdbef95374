//! Network addresses: inet and cidr (`network.c`).

use super::truth;
use crate::error::{Error, invalid};
use crate::value::mismatch;
use std::cmp::Ordering;
use std::fmt::Write;
use std::net::Ipv6Addr;

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
        let kind = if cidr { "cidr" } else { "inet" };
        let bad = || mismatch(kind, text, "22P02");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let parsed = match address.contains(':') {
            true => parse_v6(address, bits),
            false => parse_v4(address, bits, cidr),
        };
        let parsed = parsed.ok_or_else(bad)?;
        if cidr && parsed.network() != parsed {
            return Err(bad());
        }
        Ok(parsed)
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

fn digits(text: &str, max: u32) -> Option<u32> {
    let numeric = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<u64>().ok().filter(|_| numeric)?;
    u32::try_from(number).ok().filter(|number| *number <= max)
}

fn parse_v4(address: &str, bits: Option<&str>, cidr: bool) -> Option<Network> {
    let mut octets = Vec::new();
    for part in address.split('.') {
        octets.push(digits(part, 255)?);
    }
    if octets.len() > 4 {
        return None;
    }
    let given = octets.len() as u32;
    let bits = match bits {
        Some(bits) => digits(bits, 32)?,
        None if !cidr => (given == 4).then_some(32)?,
        None => {
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
    };
    // What is left out is zero, but not of the network's part.
    if !cidr && bits / 8 > given {
        return None;
    }
    octets.resize(4, 0);
    let address = octets
        .iter()
        .fold(0, |sum, octet| (sum << 8) | u128::from(*octet));
    Some(Network {
        v6: false,
        address,
        bits,
    })
}

fn parse_v6(address: &str, bits: Option<&str>) -> Option<Network> {
    let address: Ipv6Addr = address.parse().ok()?;
    let bits = match bits {
        None => 128,
        Some(bits) if bits.len() > 1 && bits.starts_with('0') => return None,
        Some(bits) => digits(bits, 128)?,
    };
    Some(Network {
        v6: true,
        address: u128::from(address),
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
