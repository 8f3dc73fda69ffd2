//! XMP packets: their properties as a flat list (ISO 16684-1).
//!
//! Not an XML parser: a reader that takes what it understands from a packet and stops without
//! complaint where it does not. Prefixes are taken for what everybody writes them as.

use crate::tiff::clean_text;

/// At most so many bytes of a packet are read.
const BYTES: usize = 1 << 20;
/// At most so many properties are kept.
const PROPERTIES: usize = 4096;
/// At most so many elements are open at once.
const DEPTH: usize = 32;

/// The properties of a packet, each with its path: `xmp:CreatorTool`,
/// `xmpMM:History[2]/stEvt:action`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    properties: Vec<(String, String)>,
}

/// An open element: what it adds to the path, and how many list items it has had.
struct Open {
    path: String,
    items: usize,
}

impl Packet {
    /// Reads a packet.
    pub fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes.get(..BYTES).unwrap_or(bytes));
        let mut packet = Self::default();
        let mut open = vec![Open {
            path: String::new(),
            items: 0,
        }];
        let mut rest = text.as_ref();
        while let Some((before, after)) = rest.split_once('<') {
            let path = open.last().map_or("", |o| o.path.as_str());
            packet.add(path, before);
            if let Some(comment) = after.strip_prefix("!--") {
                let Some((_, after)) = comment.split_once("-->") else {
                    break;
                };
                rest = after;
                continue;
            }
            let Some((element, after)) = after.split_once('>') else {
                break;
            };
            rest = after;
            if element.starts_with(['?', '!']) {
                continue;
            }
            if element.starts_with('/') {
                if open.len() > 1 {
                    open.pop();
                }
                continue;
            }
            let (element, empty) = match element.strip_suffix('/') {
                Some(element) => (element, true),
                None => (element, false),
            };
            let (name, attributes) = element
                .split_once(|c: char| c.is_ascii_whitespace())
                .unwrap_or((element, ""));
            let path = entered(&mut open, name);
            packet.attributes(&path, attributes);
            if !empty {
                open.push(Open { path, items: 0 });
            }
            if open.len() > DEPTH || packet.properties.len() >= PROPERTIES {
                break;
            }
        }
        packet
    }

    /// The value of a property.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.all().find(|(p, _)| *p == path).map(|(_, v)| v)
    }

    /// Every property in the order of the packet.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties
            .iter()
            .map(|(p, v)| (p.as_str(), v.as_str()))
    }

    fn add(&mut self, path: &str, value: &str) {
        if path.is_empty() || self.properties.len() >= PROPERTIES {
            return;
        }
        if let Some(value) = clean_text(unescaped(value).as_bytes()) {
            self.properties.push((path.to_owned(), value));
        }
    }

    fn attributes(&mut self, path: &str, mut rest: &str) {
        while let Some((name, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let Some(quote) = after.chars().next().filter(|q| matches!(q, '"' | '\'')) else {
                break;
            };
            let Some((value, after)) = after
                .strip_prefix(quote)
                .and_then(|after| after.split_once(quote))
            else {
                break;
            };
            rest = after;
            let name = name.trim();
            if !is_structure(name) {
                self.add(&below(path, name), value);
            }
        }
    }
}

/// The path of an element that begins inside the last open one.
fn entered(open: &mut [Open], name: &str) -> String {
    let Some(parent) = open.last_mut() else {
        return String::new();
    };
    if name == "rdf:li" {
        parent.items += 1;
        return format!("{}[{}]", parent.path, parent.items);
    }
    if is_structure(name) {
        return parent.path.clone();
    }
    below(&parent.path, name)
}

fn below(path: &str, name: &str) -> String {
    // A path only grows by what a file nests: cut with the depth.
    let name: String = name.chars().take(128).collect();
    if path.is_empty() {
        name
    } else {
        format!("{path}/{name}")
    }
}

/// Names of the syntax rather than of a property.
fn is_structure(name: &str) -> bool {
    ["rdf:", "xmlns", "xml:", "x:"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((name, after)) = after.split_once(';').filter(|(name, _)| name.len() <= 8) else {
            out.push('&');
            rest = after;
            continue;
        };
        rest = after;
        let code = |digits: &str, radix| u32::from_str_radix(digits, radix).ok();
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name
                .strip_prefix("#x")
                .and_then(|n| code(n, 16))
                .or_else(|| code(name.strip_prefix('#')?, 10))
                .and_then(char::from_u32),
        };
        out.extend(character);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>
 <!-- a <comment> -->
 <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
   xmp:CreatorTool="Tool &amp; Co &#xE9;" crs:Exposure2012='+0.50'>
  <dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Bea</rdf:li></rdf:Seq></dc:creator>
  <xmpMM:History><rdf:Seq>
   <rdf:li stEvt:action="derived" stEvt:parameters="converted from image/dng"/>
   <rdf:li rdf:parseType="Resource"><stEvt:action>saved</stEvt:action></rdf:li>
  </rdf:Seq></xmpMM:History>
 </rdf:Description></rdf:RDF></x:xmpmeta>"#;

    #[test]
    fn attributes_elements_lists_and_structures() {
        let packet = Packet::read(PACKET.as_bytes());
        let found: Vec<_> = packet.all().collect();
        assert_eq!(
            found,
            [
                ("xmp:CreatorTool", "Tool & Co é"),
                ("crs:Exposure2012", "+0.50"),
                ("dc:creator[1]", "Ada"),
                ("dc:creator[2]", "Bea"),
                ("xmpMM:History[1]/stEvt:action", "derived"),
                (
                    "xmpMM:History[1]/stEvt:parameters",
                    "converted from image/dng"
                ),
                ("xmpMM:History[2]/stEvt:action", "saved"),
            ]
        );
    }

    #[test]
    fn every_beginning_of_a_packet_is_read_without_harm() {
        let whole: Vec<_> = Packet::read(PACKET.as_bytes()).properties;
        for end in 0..PACKET.len() {
            let part = Packet::read(&PACKET.as_bytes()[..end]);
            assert!(part.properties.len() <= whole.len());
        }
    }

    #[test]
    fn nesting_and_number_are_bounded() {
        let deep = "<a:b>".repeat(100_000);
        assert!(Packet::read(deep.as_bytes()).properties.is_empty());
        let many = "<a:b>1</a:b>".repeat(100_000);
        assert!(Packet::read(many.as_bytes()).properties.len() <= PROPERTIES);
    }
}
