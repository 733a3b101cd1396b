//! What each part of the module costs: bytes of code by the crate and module that a function's name tells. Reads the sections of a
//! module with names; knows WebAssembly's framing (core specification, section 5.5) and how rustc writes paths, nothing else.

use std::collections::BTreeMap;

/// Bytes of functions, by part, the largest first; then the data and everything else.
pub(super) fn list(module: &[u8]) -> Result<Vec<(String, usize)>, String> {
    parse(module).ok_or_else(|| "the module is cut short, or has no names".to_owned())
}

fn parse(module: &[u8]) -> Option<Vec<(String, usize)>> {
    let mut reader = Reader(module.get(8..)?);
    let (mut imports, mut bodies, mut names, mut rest) = (0, Vec::new(), BTreeMap::new(), 8);
    let mut data = 0;
    while !reader.0.is_empty() {
        let before = reader.0.len();
        let id = reader.byte()?;
        let mut section = Reader(reader.block()?);
        let bytes = before - reader.0.len();
        match id {
            0 => {
                if section.block()? == b"name" {
                    names = function_names(section)?;
                }
                continue;
            }
            // The engine imports nothing; should it ever, its functions come first.
            2 => imports = section.number()?,
            10 => {
                for _ in 0..section.number()? {
                    let all = section.0.len();
                    section.block()?;
                    bodies.push(all - section.0.len());
                }
                continue;
            }
            11 => {
                data = bytes;
                continue;
            }
            _ => {}
        }
        rest += bytes;
    }
    let mut parts = BTreeMap::<String, usize>::new();
    for (at, size) in bodies.iter().enumerate() {
        let name = names.get(&(imports + at)).map_or("?", String::as_str);
        *parts.entry(part_of(name)).or_default() += size;
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    parts.push(("data: texts, tables".to_owned(), data));
    parts.push(("types, table, exports".to_owned(), rest));
    (!names.is_empty()).then_some(parts)
}

fn function_names(mut section: Reader<'_>) -> Option<BTreeMap<usize, String>> {
    let mut names = BTreeMap::new();
    while !section.0.is_empty() {
        let id = section.byte()?;
        let mut map = Reader(section.block()?);
        if id == 1 {
            for _ in 0..map.number()? {
                let at = map.number()?;
                names.insert(at, String::from_utf8_lossy(map.block()?).into_owned());
            }
        }
    }
    Some(names)
}

/// The module that a mangled name (RFC 2603) begins with: `tidewire_core::outbox::send` of
/// `_RNvMNtNtCs1_13tidewire_core6outbox4sendNtB2_6Outbox4pump`. What a generic was made for does not count.
fn part_of(name: &str) -> String {
    let Some((before, crate_on)) = name.split_once("Cs") else { return name.to_owned() };
    let nested = before.as_bytes().rchunks(2).take_while(|tag| tag == b"Nt").count();
    let Some((_, mut rest)) = crate_on.split_once('_') else { return name.to_owned() };
    let mut path = Vec::new();
    while path.len() <= nested
        && let Some((ident, after)) = identifier(rest)
    {
        path.push(ident);
        rest = after;
    }
    let depth = match path.first() {
        Some(&("tidewire_core" | "tidewire_wire" | "tidewire_ffi" | "alloc")) => 3,
        Some(&("core" | "std")) => 2,
        _ => 1,
    };
    path.truncate(depth);
    path.join("::")
}

/// `4send...`: a length and as many characters.
fn identifier(text: &str) -> Option<(&str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let length = text.get(..digits)?.parse().ok()?;
    let rest = text.get(digits..)?;
    rest.strip_prefix('_').unwrap_or(rest).split_at_checked(length)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// LEB128.
    fn number(&mut self) -> Option<usize> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }

    /// A length and as many bytes.
    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let (block, rest) = (self.0.get(..length)?, self.0.get(length..)?);
        self.0 = rest;
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_part() {
        for (name, part) in [
            ("_RNvMNtNtCs1_13tidewire_core6outbox4sendNtB2_6Outbox5ended", "tidewire_core::outbox::send"),
            (
                "_RNvMs0_NtCs1_13tidewire_core10connectionNtB5_10Connection7attempt",
                "tidewire_core::connection",
            ),
            ("_RINvNtCs2_4core3ptr13drop_in_placeNtNtCs1_13tidewire_core5facts4FactE", "core::ptr"),
            ("_RNvMs3_NtNtNtCs3_5alloc11collections5btree3mapINtB2_8BTreeMapE", "alloc::collections::btree"),
            ("_RNvMs0_NtCs4_8dlmalloc8dlmallocINtB5_8DlmallocE6malloc", "dlmalloc"),
            ("tw_step", "tw_step"),
        ] {
            assert_eq!(part_of(name), part, "{name}");
        }
    }

    #[test]
    fn sizes_of_a_small_module() {
        // Two functions of 2 bytes and their length, called a and b.
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend(b"\x0a\x07\x02\x02\0\x0b\x02\0\x0b");
        let names = b"\x01\x07\x02\0\x01a\x01\x01b";
        module.extend([0, names.len() as u8 + 5, 4]);
        module.extend(b"name");
        module.extend(names);
        let list = list(&module).unwrap();
        assert_eq!(list[..2], [("a".to_owned(), 3), ("b".to_owned(), 3)]);
        assert!(super::list(&module[..20]).is_err());
    }
}
