//! Where a test's data is: a file of its own, or, if `TIDEWIRE_TEST_POSTGRES` names a database, a schema of its own in that.

use std::path::{Path, PathBuf};

use postgres::{Client, NoTls};

const DATABASE: &str = "TIDEWIRE_TEST_POSTGRES";

/// Files are quick.
pub fn is_file() -> bool {
    std::env::var(DATABASE).is_err()
}

/// The place that belongs to this folder.
pub fn of(dir: &Path) -> PathBuf {
    let Ok(url) = std::env::var(DATABASE) else { return dir.join("test.sqlite") };
    let schema = schema(dir);
    run(&url, &format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    PathBuf::from(format!("{url}?options=-csearch_path%3D{schema}&application_name={schema}"))
}

/// The database ends all connections to this place, as at its restart. A file has none.
pub fn cut(dir: &Path) {
    if let Ok(url) = std::env::var(DATABASE) {
        let schema = schema(dir);
        run(
            &url,
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{schema}'"
            ),
        );
    }
}

/// What stands on the disk at this moment, at another place.
pub fn copy(from: &Path, to: &Path) -> PathBuf {
    if let Ok(url) = std::env::var(DATABASE) {
        let (old, new) = (schema(from), schema(to));
        run(
            &url,
            &format!(
                "DO $$ DECLARE name text; BEGIN
                    CREATE SCHEMA {new};
                    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{old}' LOOP
                        EXECUTE format('CREATE TABLE {new}.%I (LIKE {old}.%I INCLUDING ALL)', name, name);
                        EXECUTE format('INSERT INTO {new}.%I SELECT * FROM {old}.%I', name, name);
                    END LOOP;
                END $$"
            ),
        );
        return of(to);
    }
    for name in ["test.sqlite", "test.sqlite-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    of(to)
}

fn schema(dir: &Path) -> String {
    let name = dir.file_name().unwrap().to_string_lossy();
    format!("t_{}", name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// On a thread of its own: the driver does not like to wait where a runtime runs.
fn run(url: &str, script: &str) {
    std::thread::scope(|scope| {
        let done =
            scope.spawn(|| Client::connect(url, NoTls).and_then(|mut client| client.batch_execute(script)));
        done.join().unwrap().unwrap();
    });
}
