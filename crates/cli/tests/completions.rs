//! Completion scripts, tried in a real shell.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

use std::process::Command;

fn completions(shell: &str) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_tidewire")).args(["completions", shell]).output().unwrap()
}

#[test]
fn bash_completes_commands_and_options() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tidewire.bash");
    std::fs::write(&file, completions("bash").stdout).unwrap();
    let complete = |words: &str, last: usize| {
        let script = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={last}; _tidewire tidewire \"${{COMP_WORDS[{last}]}}\" x; echo \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("tidewire qu", 1), "queue");
    assert_eq!(complete("tidewire queue exp", 2), "export");
    assert_eq!(complete("tidewire status --wa", 2), "--watch");
}

#[test]
fn every_shell_has_a_script_and_another_is_refused() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = completions(shell);
        assert!(output.status.success() && !output.stdout.is_empty(), "{shell}");
    }
    assert_eq!(completions("dos").status.code(), Some(2));
}
