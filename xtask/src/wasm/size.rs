//! What a page downloads for the engine, and the limit of it. It knows files and bytes only.

use super::{ask, generated};
use std::fmt;
use std::path::Path;
use std::process::Command;

/// What is promised (P6): WebAssembly and glue, gzip.
const GATE_WEB_BYTES: u64 = 100_000;
/// What is promised: plain JavaScript and glue, gzip.
const GATE_JS_BYTES: u64 = 140_000;

/// Bytes plain and by `gzip -9`.
struct Size {
    name: &'static str,
    raw: u64,
    gzip: u64,
}

/// All artefacts.
pub(super) struct Sizes {
    wasm: Size,
    glue: Size,
    web: Size,
    script: Size,
    native: Size,
}

/// Minified bundles as an app's bundler makes them; `glue` is the one with the engine left out.
const MEASURE: &str = r"
const { buildSync } = require('esbuild'), { gzipSync } = require('zlib'), { readFileSync } = require('fs')
const bundle = (entry, external) => buildSync({ entryPoints: [entry], bundle: true, minify: true, format: 'esm',
  target: 'es2020', write: false, external, logLevel: 'error' }).outputFiles[0].contents
const sizes = [
  readFileSync('src/generated/core.wasm'), bundle('src/engine/wasm.ts', ['*/engine-wasm.js']), bundle('src/engine/wasm.ts'),
  readFileSync('src/generated/engine-js.js'), bundle('src/engine/js.ts'),
]
console.log(sizes.map(bytes => bytes.length + ' ' + gzipSync(bytes, { level: 9 }).length).join(' '))
";

/// Bundles and compresses everything.
pub(super) fn measure(root: &Path) -> Result<Sizes, String> {
    debug_assert!(generated(root).is_dir());
    let text = ask(Command::new("node").args(["-e", MEASURE]).current_dir(root.join("packages/client")))?;
    let mut numbers = text.split_whitespace().filter_map(|number| number.parse().ok());
    let mut next = |name| match (numbers.next(), numbers.next()) {
        (Some(raw), Some(gzip)) => Ok(Size { name, raw, gzip }),
        _ => Err(format!("sizes: unexpected answer of node: {text}")),
    };
    Ok(Sizes {
        wasm: next("core.wasm")?,
        glue: next("glue: codec and binding, minified")?,
        web: next("web: glue with core.wasm inline")?,
        script: next("engine-js.js: the same engine as plain JavaScript")?,
        native: next("React Native: glue with plain JavaScript")?,
    })
}

impl Sizes {
    /// An error above the gates.
    pub(super) fn check(&self) -> Result<(), String> {
        for (size, gate) in [(&self.web, GATE_WEB_BYTES), (&self.native, GATE_JS_BYTES)] {
            if size.gzip > gate {
                return Err(format!("{} is {} bytes gzip, above the gate of {gate}", size.name, size.gzip));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| engine | bytes | gzip |\n|---|--:|--:|")?;
        for Size { name, raw, gzip } in [&self.wasm, &self.glue, &self.web, &self.script, &self.native] {
            write!(f, "\n| {name} | {raw} | {gzip} |")?;
        }
        Ok(())
    }
}
