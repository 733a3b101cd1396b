//! Writes the first inputs of each target, out of `vectors/`, into the folder that it is given. No target itself.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::path::Path;

use tidewire_ffi::trace::{Step, Trace};
use tidewire_fuzz::join;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let write = |target: &str, name: &str, data: &[u8]| -> std::io::Result<()> {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), data)
    };
    for file in fs::read_dir(vectors.join("traces"))? {
        let file = file?;
        let (trace, _) = Trace::parse(&fs::read_to_string(file.path())?)?;
        let chunks: Vec<&[u8]> = trace
            .steps
            .iter()
            .map(|step| match step {
                Step::Init { bytes } => bytes.as_slice(),
                Step::Call { batch, .. } => batch.as_slice(),
            })
            .collect();
        let name = file.file_name().to_string_lossy().into_owned();
        for (at, chunk) in chunks.iter().take(60).enumerate() {
            write("codec", &format!("{name}-{at}"), &[&[u8::from(at > 0)], *chunk].concat())?;
        }
        // A long trace is many seeds, each with the beginning of an engine.
        for (at, run) in chunks[1..].chunks(24).take(40).enumerate() {
            let seed = join(chunks.first().copied().into_iter().chain(run.iter().copied()));
            write("inputs", &format!("{name}-{at}"), &seed)?;
        }
    }
    for file in fs::read_dir(vectors.join("records"))? {
        let file = file?;
        let text = fs::read_to_string(file.path())?;
        let hex: Vec<u8> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::bytes)
            .filter(u8::is_ascii_hexdigit)
            .collect();
        let value: Vec<u8> = hex
            .chunks_exact(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let key = b"w/0000000000000001-0000000000000001".as_slice();
        write("stored", &file.file_name().to_string_lossy(), &join([key, value.as_slice()]))?;
    }
    let frames = [
        "0{\"sid\":\"s\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":100000}",
        "40{\"sid\":\"s\",\"tidewire\":1,\"expires\":3600000,\"instance\":\"i\",\"pid\":\"p\"}",
        "40/chat,{\"token\":\"t\",\"tidewire\":1}",
        "42[\"tw\",[\"activities\",\"k3j\",44,\"e\",\"w\"],\"activity:updated\",{\"id\":1}]",
        "427[\"room:join\",{\"roomId\":\"activities\",\"since\":{\"epoch\":\"k3j\",\"offset\":41}}]",
        "428[\"tw:emit\",[\"AAAAAAAAAAAAAAAAAAAAAA\",3,2],\"typing\",{}]",
        "429[\"tw:token\",{\"token\":\"t\"}]",
        "42[\"tw:return\",{\"after\":500,\"url\":\"https://a.example\"}]",
        "437[{\"success\":true,\"epoch\":\"k3j\",\"offset\":44,\"recovered\":true}]",
        "51-/chat,3[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "44{\"message\":\"no\",\"data\":{\"code\":\"AUTH\"}}",
        "activities=k3j:44, activity_7=p0s:3; applied=1-11 14",
        "\"\\ud83d\\ude00 \\n\"",
        "Wed, 21 Oct 2026 07:28:00 GMT",
    ];
    for (at, frame) in frames.iter().enumerate() {
        write("frames", &format!("frame-{at}"), frame.as_bytes())?;
    }
    let mut hub: Vec<Vec<u8>> = vec![vec![0]];
    hub.extend(frames.iter().filter(|f| f.starts_with('4')).map(|f| [&[0x80], f.as_bytes()].concat()));
    hub.push(vec![9 << 2, 30]);
    write("hub", "session", &join(hub.iter().map(Vec::as_slice)))?;
    Ok(())
}
