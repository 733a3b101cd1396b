//! Prints the records of a full queue, `key<TAB>value in hex`, for benchmarks of other hosts: reading them takes no limit.

use tidewire_core::{Lane, Submission};

use crate::host::records;
use crate::{Failure, Figures};

/// Owner of the records: (app, environment, user) as the TypeScript host joins them.
const PARTITION: &str = "bench|drain|ana";

pub(crate) fn run() -> Result<Figures, Failure> {
    let args: Vec<String> = std::env::args().skip(2).collect();
    let [count, lanes] = args.as_slice() else { return Err("records COUNT one-lane|many-lanes".into()) };
    let one_lane = lanes == "one-lane";
    let write = |number: usize| Submission {
        method: "POST".into(),
        path: "/api/activities".into(),
        body: Some(format!("{{\"title\":\"Number {number}\"}}").as_str().into()),
        lane: (!one_lane).then(|| Lane(number.to_string())),
        ..Submission::default()
    };
    for (key, value) in records(PARTITION, count.parse()?, write)? {
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{key}\t{hex}");
    }
    Ok(Figures::new())
}
